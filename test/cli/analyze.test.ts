import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Network } from '../support/network.ts';
import {
  ffprobeFrameTimes,
  makeNumberedClip,
  makeSampleClip,
  SAMPLE_CLIPS,
  type SampleClip,
} from '../support/clips.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import { roadgaze } from '../support/warm-cli.ts';

const run = promisify(execFile);

const cleanUps: (() => void)[] = [];
after(() => {
  for (const cleanUp of cleanUps) cleanUp();
});
const folder = temporaryFolder({
  after: (cleanUp: () => void) => {
    cleanUps.push(cleanUp);
  },
});
const clip = join(folder, 'drive.mp4');
let model = '';

before(async () => {
  await makeNumberedClip(clip);
  model = writeSteeringNetwork(folder);
});

/** Rows of frames.csv as objects. */
function rowsOf(output: string): Record<string, string>[] {
  const [heading, ...lines] = readFileSync(join(output, 'frames.csv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return lines.map((cells) =>
    Object.fromEntries(heading!.map((name, index) => [name, cells[index]!])),
  );
}

/** Of a column of frames.csv, where it is known: as the summary tells it, from its own definition. */
function statistics(
  rows: readonly Record<string, string>[],
  valueOf: (row: Record<string, string>) => string | number,
) {
  const known = rows
    .map(valueOf)
    .filter((value) => value !== '' && !Number.isNaN(value))
    .map(Number)
    .sort((a, b) => a - b);
  const below = (percent: number) => known[Math.floor((percent * known.length) / 100)]!;
  return known.length === 0
    ? null
    : {
        minimum: known[0]!,
        percentile5: below(5),
        median: below(50),
        mean: known.reduce((sum, value) => sum + value, 0) / known.length,
        maximum: known[known.length - 1]!,
      };
}

/** Numbers alike but for the digits that frames.csv leaves away, all else the same. */
function assertAlike(found: unknown, expected: Record<string, number> | null, what: string): void {
  if (expected === null) {
    assert.equal(found, null, what);
    return;
  }
  const numbers = found as Record<string, number>;
  assert.deepEqual(Object.keys(numbers), Object.keys(expected), what);
  for (const [name, value] of Object.entries(expected))
    assert.ok(
      Math.abs(numbers[name]! - value) <= 1e-5 + 1e-4 * Math.abs(value),
      `${what}, ${name}: ${numbers[name]} is not ${value}`,
    );
}

const analyze = (output: string, ...args: readonly string[]) =>
  roadgaze('analyze', ...args, '-o', output, '--provider', 'cpu');

test('a recording gives one row a frame, flags and a summary', async (t) => {
  const output = join(temporaryFolder(t), 'deep', 'results');
  const outcome = await analyze(
    output,
    clip,
    '--model',
    model,
    '--road',
    'polygon:0,0 0.5,0 0.5,1 0,1',
  );
  assert.equal(outcome.stderr, '');
  assert.equal(outcome.status, 0);
  assert.deepEqual(readdirSync(output).sort(), ['flags.json', 'frames.csv', 'summary.json']);
  const rows = rowsOf(output);
  const times = await ffprobeFrameTimes(clip);
  assert.deepEqual(
    rows.map(({ frame, pts }) => [Number(frame), Number(pts)]),
    times.map((pts, frame) => [frame, pts]),
  );
  assert.ok(
    rows.every(
      ({ steering, onRoad }) =>
        Number.isFinite(Number(steering)) &&
        Number(onRoad) >= 0 &&
        Number(onRoad) <= 1 &&
        onRoad !== '',
    ),
  );
  const summary = JSON.parse(readFileSync(join(output, 'summary.json'), 'utf8'));
  assert.equal(summary.recording.frames, times.length);
  assert.equal(summary.run.provider.name, 'cpu');
  assert.deepEqual(
    [summary.recording.file, summary.recording.width, summary.recording.height],
    ['drive.mp4', 320, 180],
  );
  const digest = createHash('sha256').update(readFileSync(model)).digest('hex');
  assert.deepEqual([summary.complete, summary.network.sha256], [true, digest]);
  assert.ok(Math.abs(summary.recording.durationSeconds - times.length / 30) < 0.01);
  assertAlike(
    summary.steering,
    statistics(rows, (row) => row['steering']!),
    'steering',
  );
  assert.equal(summary.steeringError, null);
  const [method] = summary.methods;
  const onRoad = statistics(rows, (row) => row['onRoad']!)!;
  assertAlike(summary.onRoad, onRoad, 'onRoad');
  assertAlike(
    method.lift,
    statistics(rows, (row) => row['lift']!),
    'lift',
  );
  const { mean } = statistics(rows, (row) => row['peakOnRoad']!)!;
  assert.ok(Math.abs(method.peakOnRoad - mean) < 1e-4);
  const { seconds, framesPerSecond } = summary.run;
  // Seconds are told to a thousandth, and the rate of frames to a tenth.
  assert.ok(framesPerSecond >= times.length / (seconds + 0.0005) - 0.051);
  assert.ok(framesPerSecond <= times.length / (seconds - 0.0005) + 0.051);
  const percent = (share: number) => (100 * share).toFixed(1);
  assert.ok(
    outcome.stdout.includes(
      `drive.mp4: ${times.length} frames in ${seconds.toFixed(1)} s (${framesPerSecond.toFixed(0)} frames/s)`,
    ),
    outcome.stdout,
  );
  assert.ok(
    outcome.stdout.includes(
      `  on road ${percent(summary.onRoad.mean)} % on average, ${percent(summary.onRoad.minimum)} % at worst; ${summary.flags} flag`,
    ),
    outcome.stdout,
  );
  const told = JSON.parse(readFileSync(join(output, 'flags.json'), 'utf8'));
  assert.equal(told.flags.length, summary.flags);
  assert.match(outcome.stdout, /^  cpu, \d+ workers?, [\d.]+ ms a frame/m);
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(join(output, 'flags.json'), 'utf8'))), [
    'settings',
    'flags',
  ]);
});

test('without a road region the on-road share is left empty', async (t) => {
  const output = temporaryFolder(t);
  await analyze(output, clip, '--model', model, '--road', 'none');
  assert.ok(rowsOf(output).every(({ onRoad }) => onRoad === ''));
});

test('where nothing says where the road is, it is guessed, and the guess is named', async (t) => {
  const output = temporaryFolder(t);
  const outcome = await analyze(output, clip, '--model', model);
  assert.match(outcome.stdout, /note: Nothing says where the road is/);
  assert.equal(JSON.parse(readFileSync(join(output, 'summary.json'), 'utf8')).road.kind, 'guess');
});

test('a road drawn for the recording is taken, widened as asked', async (t) => {
  const own = temporaryFolder(t);
  copyFileSync(clip, join(own, 'drive.mp4'));
  writeFileSync(
    join(own, 'roadgaze.road.json'),
    '{"roadgazeRoad":1,"points":[[0,0],[0.5,0],[0.5,1],[0,1]]}',
  );
  await analyze(join(own, 'out'), join(own, 'drive.mp4'), '--model', model, '--road-margin', '2');
  const { road } = JSON.parse(readFileSync(join(own, 'out', 'summary.json'), 'utf8'));
  assert.deepEqual(road, {
    kind: 'polygon',
    points: [
      [0, 0],
      [0.5, 0],
      [0.5, 1],
      [0, 1],
    ],
    margin: 2,
  });
});

test('flags go by the settings that are given, and are checked where that is asked for', async (t) => {
  const output = temporaryFolder(t);
  // All attention lies off a road that is nowhere.
  const outcome = await analyze(
    output,
    clip,
    '--model',
    model,
    '--road',
    'polygon:0,0 0.01,0 0,0.01',
    '--road-margin',
    '0',
    '--flag-merge',
    '0',
    '--flag-agreement',
    '0.5',
    '--verify-flags',
    'mean',
  );
  const { settings, flags } = JSON.parse(readFileSync(join(output, 'flags.json'), 'utf8'));
  assert.deepEqual(settings, {
    measure: 'share',
    enterBelow: 0.45,
    leaveAbove: 0.5,
    minimumSeconds: 1,
    mergeSeconds: 0,
    errorAbove: null,
    agreementBelow: 0.5,
  });
  const frames = rowsOf(output).length;
  assert.deepEqual(
    flags.map(({ kind, startFrame, endFrame }: Record<string, unknown>) => [
      kind,
      startFrame,
      endFrame,
    ]),
    [['off-road', 0, frames - 1]],
  );
  const { fill, frames: tried, change, changeDegrees, isConfirmed, threshold } = flags[0].check;
  assert.deepEqual([fill, tried >= 5, changeDegrees], ['mean', true, null]);
  assert.equal(isConfirmed, Math.abs(change) > threshold);
  assert.equal(isConfirmed, flags[0].check.movedFrames >= tried / 4);
  assert.match(outcome.stdout, new RegExp(`1 flag, ${Number(isConfirmed)} confirmed`));
});

for (const [what, args, said] of [
  [
    'ends before it begins',
    ['--flag-below', '0.7'],
    /^error USAGE: --flag-until \(0\.5\) lies below --flag-below \(0\.7\)/,
  ],
  [
    'begins below a share above 1',
    ['--flag-below', '2', '--flag-until', '3'],
    /^error USAGE: --flag-below \(2\) is above 1/,
  ],
  ['goes by something unknown', ['--flag-by', 'mass'], /^error USAGE: .*share, lift/],
  [
    'is checked with an unknown fill',
    ['--verify-flags', 'black'],
    /^error USAGE: .*inpaint, blur, mean/,
  ],
] as const) {
  test(`a flag that ${what} is a usage error`, async (t) => {
    const outcome = await analyze(temporaryFolder(t), clip, '--model', model, ...args);
    assert.equal(outcome.status, 2);
    assert.match(outcome.stderr, said);
  });
}

test('a drive log beside the video is compared in the unit and sign of the network', async (t) => {
  const own = temporaryFolder(t);
  copyFileSync(clip, join(own, 'drive.mp4'));
  writeFileSync(
    join(own, 'drive.csv'),
    ['t [s],steering [deg]', ...Array.from({ length: 100 }, (_, row) => `${row / 10},10`)].join(
      '\n',
    ),
  );
  const network = writeSteeringNetwork(own, {
    sidecar: {
      roadgaze: 1,
      kind: 'steering',
      output: { quantity: 'angle', unit: 'rad', positive: 'right' },
    },
  });
  await analyze(join(own, 'out'), join(own, 'drive.mp4'), '--model', network);
  const { steeringError } = JSON.parse(readFileSync(join(own, 'out', 'summary.json'), 'utf8'));
  assertAlike(
    steeringError,
    statistics(rowsOf(join(own, 'out')), ({ steering, driven }) =>
      Math.abs(Number(steering) - Number(driven)),
    ),
    'error',
  );
  for (const { driven, error, steering } of rowsOf(join(own, 'out'))) {
    assert.ok(Math.abs(Number(driven) + (10 * Math.PI) / 180) < 1e-5);
    assert.ok(
      Math.abs(Number(steering) - Number(driven) - Number(error)) <
        1e-4 * Math.max(1, Math.abs(Number(steering))),
    );
  }
});

test('a drive log without a unit is not compared until --log-unit or a file beside it says the unit', async (t) => {
  const own = temporaryFolder(t);
  copyFileSync(clip, join(own, 'drive.mp4'));
  writeFileSync(
    join(own, 'drive.csv'),
    [
      't [s],steering',
      ...Array.from({ length: 100 }, (_, row) => `${row / 10},${row % 2 ? 2.5 : -4.6}`),
    ].join('\n'),
  );
  const network = writeSteeringNetwork(own, {
    sidecar: {
      roadgaze: 1,
      kind: 'steering',
      output: { quantity: 'angle', unit: 'deg', positive: 'left' },
    },
  });
  const driven = async (name: string, ...args: readonly string[]) => {
    const outcome = await analyze(
      join(own, name),
      join(own, 'drive.mp4'),
      '--model',
      network,
      ...args,
    );
    assert.equal(outcome.status, 0, outcome.stderr);
    return {
      stdout: outcome.stdout.replace(/\s+/g, ' '),
      rows: rowsOf(join(own, name)),
      summary: JSON.parse(readFileSync(join(own, name, 'summary.json'), 'utf8')),
    };
  };
  const asked = await driven('asked');
  assert.ok(asked.rows.every(({ driven: value, error }) => value === '' && error === ''));
  assert.equal(asked.summary.steeringError, null);
  assert.match(
    asked.stdout,
    /drive\.csv does not say the unit of "steering" \(-4\.6 to 2\.5\), so what was driven is not compared\. Say it with --log-unit/,
  );
  const said = await driven('said', '--log-unit', 'deg');
  assert.equal(Number(said.rows[0]!['driven']), -4.6);
  assert.notEqual(said.summary.steeringError, null);
  writeFileSync(join(own, 'drive.log.json'), '{"roadgazeLog":1,"unit":"rad"}');
  assert.equal(
    Number((await driven('kept')).rows[0]!['driven']),
    Number(((-4.6 * 180) / Math.PI).toPrecision(6)),
  );
  writeFileSync(join(own, 'drive.log.json'), '{"roadgazeLog":1,"units":"rad"}');
  assert.match(
    (await analyze(join(own, 'wrong'), join(own, 'drive.mp4'), '--model', network)).stderr,
    /^error LOG_INVALID: drive\.log\.json has an unknown field "units"/,
  );
});

test('a folder gives a folder of results for each recording, and goes on past one that cannot be read', async (t) => {
  const own = temporaryFolder(t);
  copyFileSync(clip, join(own, 'a.mp4'));
  writeFileSync(join(own, 'b.mp4'), 'no video');
  copyFileSync(clip, join(own, 'c.mp4'));
  mkdirSync(join(own, 'day 2'));
  copyFileSync(clip, join(own, 'day 2', 'd.mp4'));
  const outcome = await analyze(join(own, 'out'), own, '--model', model);
  assert.equal(outcome.status, 1);
  const [left, failed] = outcome.stderr.split('\n');
  assert.match(left!, /^Not opened: 1 recording lies in a folder below: day 2 \(1\)\. .*\/day 2$/);
  assert.match(failed!, /^error VIDEO_UNREADABLE: .*b\.mp4/);
  assert.deepEqual(
    readdirSync(join(own, 'out')).map((id) => existsSync(join(own, 'out', id, 'summary.json'))),
    [true, true],
  );
});

test('a folder without a video is an error', async (t) => {
  const outcome = await analyze(
    join(temporaryFolder(t), 'out'),
    temporaryFolder(t),
    '--model',
    model,
  );
  assert.match(outcome.stderr, /^error INPUT_NOT_FOUND: There is no recording in/);
  assert.equal(outcome.status, 1);
});

test('--video writes an MP4 with a frame for each row', async (t) => {
  const output = temporaryFolder(t);
  const outcome = await analyze(output, clip, '--model', model, '--video');
  assert.equal(outcome.status, 0, outcome.stderr);
  assert.deepEqual(
    (await ffprobeFrameTimes(join(output, 'overlay.mp4'))).map((pts) => pts.toFixed(3)),
    rowsOf(output).map(({ pts }) => Number(pts).toFixed(3)),
  );
});

describe('the clips of a folder, as cameras and editors leave them', () => {
  const names = Object.keys(SAMPLE_CLIPS) as SampleClip[];
  const clips = new Map<SampleClip, string>();
  /** Folders of results by the name of the file. */
  const results = new Map<string, string>();

  before(async () => {
    const drives = join(folder, 'samples');
    mkdirSync(drives);
    for (const name of names) {
      // What a recipe makes on its way is no drive.
      const made = await makeSampleClip(name, mkdtempSync(join(folder, 'made-')));
      const path = join(drives, basename(made));
      renameSync(made, path);
      clips.set(name, path);
    }
    const output = join(folder, 'of-samples');
    const outcome = await analyze(output, drives, '--model', model);
    assert.equal(outcome.status, 0, outcome.stderr);
    for (const id of readdirSync(output)) {
      const { recording } = JSON.parse(readFileSync(join(output, id, 'summary.json'), 'utf8'));
      results.set(recording.file, join(output, id));
    }
    assert.equal(results.size, names.length);
  });

  for (const name of names) {
    test(`every row of a clip with ${name} has the timestamp that ffprobe gives its frame`, async () => {
      const path = clips.get(name)!;
      const expected = (await ffprobeFrameTimes(path)).filter((pts) => !Number.isNaN(pts));
      const found = rowsOf(results.get(basename(path))!).map(({ pts }) => Number(pts));
      assert.deepEqual(
        found.slice(-expected.length).map((pts) => pts.toFixed(5)),
        expected.map((pts) => pts.toFixed(5)),
      );
      assert.ok(
        found.every((pts, row) => row === 0 || pts > found[row - 1]!),
        'timestamps do not rise strictly',
      );
    });
  }
});

/** Bad input: what it is, how it is made, and the one line that must be said. */
const bad: readonly (readonly [
  what: string,
  make: (own: string) => Promise<string[]> | string[],
  said: RegExp,
])[] = [
  [
    'a missing video',
    (own) => [join(own, 'none.mp4'), '-m', model],
    /^error INPUT_NOT_FOUND: .*none\.mp4/,
  ],
  [
    'an empty video',
    (own) => [file(own, 'empty.mp4', ''), '-m', model],
    /^error INPUT_EMPTY: .*empty\.mp4/,
  ],
  [
    'text renamed to .mp4',
    (own) => [file(own, 'text.mp4', 'This is no video.\n'.repeat(50)), '-m', model],
    /^error VIDEO_UNREADABLE: .*text\.mp4/,
  ],
  [
    'a file of sound alone',
    async (own) => {
      await run('ffmpeg', [
        '-v',
        'error',
        '-f',
        'lavfi',
        '-i',
        'sine=duration=1',
        '-c:a',
        'aac',
        join(own, 'sound.mp4'),
      ]);
      return [join(own, 'sound.mp4'), '-m', model];
    },
    /^error VIDEO_NO_PICTURE: .*sound\.mp4/,
  ],
  [
    'an MP4 that breaks off before its index',
    (own) => {
      copyFileSync(clip, join(own, 'cut.mp4'));
      truncateSync(join(own, 'cut.mp4'), 2000);
      return [join(own, 'cut.mp4'), '-m', model];
    },
    /^error VIDEO_UNREADABLE: .*cut\.mp4/,
  ],
  [
    'a missing network',
    (own) => [clip, '-m', join(own, 'none.onnx')],
    /^error INPUT_NOT_FOUND: .*none\.onnx/,
  ],
  [
    'an empty network',
    (own) => [clip, '-m', file(own, 'empty.onnx', '')],
    /^error INPUT_EMPTY: empty\.onnx/,
  ],
  [
    'a truncated network',
    (own) => [clip, '-m', file(own, 'cut.onnx', readFileSync(model).subarray(0, 900))],
    /^error MODEL_UNREADABLE: cut\.onnx/,
  ],
  [
    'a network without a convolution',
    (own) => {
      const network = new Network();
      network.steering(network.input('image', ['N', 1, 8, 8]), 64);
      return [clip, '-m', file(own, 'dense.onnx', network.bytes(['steering']))];
    },
    /^error MODEL_NO_CONVOLUTION: dense\.onnx/,
  ],
  [
    'an unknown operator',
    (own) => {
      const network = new Network();
      const [odd] = network.nodeOf(
        'Wibble',
        [network.input('image', ['N', 1, 8, 8])],
        new Map(),
        ['odd'],
        'com.example',
      );
      network.steering(odd!, 64);
      return [clip, '-m', file(own, 'odd.onnx', network.bytes(['steering']))];
    },
    /^error MODEL_OPERATOR_UNSUPPORTED: .*com\.example\.Wibble "Wibble_\d+" in/,
  ],
  [
    'a sidecar with a wrong field',
    (own) => [
      clip,
      '-m',
      writeSteeringNetwork(own, { sidecar: { roadgaze: 1, kind: 'steering', input: { crob: 1 } } }),
    ],
    /^error SIDECAR_INVALID: .*small\.json .*"input\.crob"/,
  ],
  [
    'a crop outside the frame',
    (own) => [
      clip,
      '-m',
      writeSteeringNetwork(own, {
        sidecar: {
          roadgaze: 1,
          kind: 'steering',
          input: { crop: { x: 300, y: 0, width: 100, height: 100, of: [320, 180] } },
        },
      }),
    ],
    /^error CROP_OUTSIDE_FRAME: .*does not lie inside the frame/,
  ],
  [
    'a road network that is none',
    () => [clip, '-m', model, '--road', model],
    /^error SIDECAR_INVALID: .*"steering" network by its sidecar, but a "road" network/,
  ],
  [
    'a folder that cannot be made',
    (own) => [clip, '-m', model, '-o', join(file(own, 'file', 'x'), 'out')],
    /^error OUTPUT_NOT_WRITABLE/,
  ],
];

function file(own: string, name: string, content: string | Uint8Array): string {
  writeFileSync(join(own, name), content);
  return join(own, name);
}

for (const [what, make, said] of bad) {
  test(`${what} ends with one sentence, a next step and status 1`, async (t) => {
    const own = temporaryFolder(t);
    const args = await make(own);
    const outcome = await roadgaze(
      'analyze',
      ...args,
      ...(args.includes('-o') ? [] : ['-o', join(own, 'out')]),
      '--provider',
      'cpu',
    );
    assert.match(outcome.stderr, said);
    assert.match(outcome.stderr, /\n  → .+\n$/);
    assert.equal(
      outcome.stderr.trim().split('\n').length,
      2,
      'more than a sentence and a next step',
    );
    assert.equal(outcome.status, 1);
    assert.ok(!existsSync(join(own, 'out', 'summary.json')));
  });
}

test('an MP4 that breaks off after its index is analysed up to there, and the summary warns', async (t) => {
  const own = temporaryFolder(t);
  const path = join(own, 'cut.mp4');
  await run('ffmpeg', ['-v', 'error', '-i', clip, '-c', 'copy', '-movflags', '+faststart', path]);
  truncateSync(path, Math.floor(readFileSync(path).length * 0.7));
  const outcome = await analyze(join(own, 'out'), path, '--model', model);
  assert.equal(outcome.status, 0, outcome.stderr);
  const summary = JSON.parse(readFileSync(join(own, 'out', 'summary.json'), 'utf8'));
  assert.ok(
    summary.recording.frames > 0 &&
      summary.recording.frames < (await ffprobeFrameTimes(clip)).length,
  );
  assert.ok(summary.warnings.length > 0);
});

test(
  'on real motorway footage attention lies on the road in every frame',
  { skip: sharedFolder ? false : '../shared is not here' },
  async (t) => {
    const output = temporaryFolder(t);
    const real = (name: string) => join(sharedFolder!, 'real', name);
    const outcome = await analyze(
      output,
      real('solidWhiteRight.mp4'),
      '--model',
      real('nethvf.onnx'),
      '--road',
      real('lane-segmentation.onnx'),
    );
    assert.equal(outcome.status, 0, outcome.stderr);
    const rows = rowsOf(output);
    assert.equal(rows.length, 221);
    assert.ok(
      rows.every(({ pts }, row) => row === 0 || Number(pts) > Number(rows[row - 1]!['pts'])),
    );
    assert.ok(
      rows.every(
        ({ steering, onRoad }) => Number.isFinite(Number(steering)) && Number(onRoad) >= 0.9,
      ),
    );
  },
);

test('several methods have columns of their own, flags are of the first, and the summary tells of each', async (t) => {
  const output = temporaryFolder(t);
  const outcome = await analyze(
    output,
    clip,
    '--model',
    model,
    '--road',
    'polygon:0,0 0.5,0 0.5,1 0,1',
    '--method',
    'visualbackprop,gradient,saliency',
  );
  assert.equal(outcome.status, 0, outcome.stderr);
  const rows = rowsOf(output);
  const scores = (suffix: string) =>
    ['lift', 'peakOnRoad', 'mass', 'offRoadX', 'offRoadY'].map((field) => `${field}${suffix}`);
  assert.deepEqual(Object.keys(rows[0]!), [
    'frame',
    'pts',
    'steering',
    'onRoad',
    'driven',
    'error',
    ...scores(''),
    'onRoad_gradient',
    ...scores('_gradient'),
    'onRoad_saliency',
    ...scores('_saliency'),
    'spearman',
    'ssim',
    'topOverlap',
  ]);
  for (const row of rows) {
    for (const name of ['onRoad', 'onRoad_gradient', 'onRoad_saliency'])
      assert.ok(row[name] !== '' && Number(row[name]) >= 0 && Number(row[name]) <= 1, name);
    // Half of the mask is road, but for its margin.
    assert.ok(Math.abs(Number(row['lift_gradient']) / Number(row['onRoad_gradient']) - 2) < 0.1);
    assert.ok(Math.abs(Number(row['spearman'])) <= 1 && row['spearman'] !== '');
  }
  const summary = JSON.parse(readFileSync(join(output, 'summary.json'), 'utf8'));
  assert.deepEqual(
    summary.methods.map(({ id }: { id: string }) => id),
    ['visualbackprop', 'gradient', 'saliency'],
  );
  assert.deepEqual(summary.onRoad, summary.methods[0].onRoad);
  for (const measure of ['spearman', 'ssim', 'topOverlap'])
    assertAlike(
      summary.agreement[measure],
      statistics(rows, (row) => row[measure]!),
      measure,
    );
  for (const { id, onRoad, lift, peakOnRoad } of summary.methods) {
    const suffix = id === 'visualbackprop' ? '' : `_${id}`;
    assertAlike(
      onRoad,
      statistics(rows, (row) => row[`onRoad${suffix}`]!),
      id,
    );
    assertAlike(
      lift,
      statistics(rows, (row) => row[`lift${suffix}`]!),
      id,
    );
    const peaks = statistics(rows, (row) => row[`peakOnRoad${suffix}`]!);
    assert.ok(Math.abs(peakOnRoad - (peaks?.mean ?? NaN)) < 1e-4, id);
  }
  const alone = temporaryFolder(t);
  await analyze(alone, clip, '--model', model, '--road', 'polygon:0,0 0.5,0 0.5,1 0,1');
  rowsOf(alone).forEach((row, frame) =>
    assert.ok(
      Math.abs(Number(row['onRoad']) - Number(rows[frame]!['onRoad'])) < 1e-4 &&
        Math.abs(Number(row['steering']) - Number(rows[frame]!['steering'])) < 1e-4,
    ),
  );
});

test('a method that takes many passes, does not exist or is named twice is refused by name', async (t) => {
  for (const [method, said] of [
    ['lime', /^error METHOD_UNKNOWN: LIME takes many passes/],
    ['tealeaves', /^error METHOD_UNKNOWN: .*"tealeaves"/],
    ['gradient,gradient', /^error METHOD_UNKNOWN: .*"gradient" is named twice/],
  ] as const) {
    const outcome = await analyze(temporaryFolder(t), clip, '--model', model, '--method', method);
    assert.match(outcome.stderr, said);
    assert.equal(outcome.status, 2);
  }
});
