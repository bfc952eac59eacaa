import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as ort from 'onnxruntime-node';
import { driveAt } from '../../server/drive/drives-at.ts';
import { openRecording } from '../../server/drive/open-recording.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import type { Dimension } from '../../server/onnx/graph.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import { frameSignals } from '../../server/pipeline/frame-signals.ts';
import { tensorsOfFrames } from '../../server/pipeline/frame-tensors.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { collect } from '../support/collect.ts';
import { Network } from '../support/network.ts';
import { floats, runNetwork, type Feeds } from '../support/onnx-runtime.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';
import { roadgaze } from '../support/warm-cli.ts';

const FRAMES = 30;
const RATE = 10;
/** Rows are logged so long (s) after frames. */
const LATE = 0.013;

/** Speed and command of every frame, and the CSV that has them; the speed is missing at the end. */
const speedAt = (pts: number) => (pts < 2 ? 5 + 2 * pts : null);
/** The last that was logged before a frame. */
const loggedCommand = (pts: number) => commandAt(Math.floor((pts - LATE) * 20 + 1e-6) / 20);
const commandAt = (pts: number) => (pts < 1 ? 1 : pts < 1.5 ? 3 : 4);

async function drive(folder: string, withLog = true): Promise<string> {
  const clip = await makeNumberedClip(join(folder, 'drive.mp4'), {
    frames: FRAMES,
    fps: RATE,
    size: [160, 80],
  });
  // Between the frames, so that speeds are interpolated and commands are not.
  const rows = Array.from({ length: 62 }, (_, row) => (row - 1) / 20 + LATE).map(
    (time) => `${time.toFixed(4)},${speedAt(time) ?? ''},${commandAt(time - LATE)},${3 * time}`,
  );
  if (withLog)
    writeFileSync(
      join(folder, 'drive.csv'),
      `time [s],speed [m/s],command,imu\n${rows.join('\n')}\n`,
    );
  return clip;
}

interface Extra {
  readonly name: string;
  readonly shape: readonly Dimension[];
  readonly type?: number;
}

/** A network that answers picture and further inputs together. */
function writeNetwork(
  folder: string,
  batch: Dimension,
  extras: readonly Extra[],
  inputs: unknown,
): string {
  const network = new Network({ name: 'fed.onnx', seed: 3 });
  const picture = network.input('image', [batch, 1, 12, 24]);
  const seen = network.node('Flatten', [
    network.node('Relu', [
      network.convolution(picture, { from: 1, to: 3 }, { kernel: [3, 3], strides: [2, 2] }),
    ]),
  ]);
  let [features, width] = [seen, 3 * 5 * 11];
  for (const { name, shape, type = DataType.float } of extras) {
    network.input(name, shape, type);
    const value = network.node('Cast', [name], { to: DataType.float });
    const row = shape.length === 2 ? Number(shape[1]) : 1;
    features = network.node(
      'Concat',
      [features, network.node('Reshape', [value, network.ints(-1, row)])],
      { axis: 1 },
    );
    width += row;
  }
  const hidden = network.node('Tanh', [
    network.node('Gemm', [features, network.floats([width, 8], -0.1, 0.1), network.floats([8])]),
  ]);
  network.node('Gemm', [hidden, network.floats([8, 1]), network.floats([1])], {}, 'steering');
  const path = join(folder, 'fed.onnx');
  writeFileSync(path, network.bytes([{ name: 'steering', type: 1, shape: [batch, 1] }]));
  writeFileSync(
    join(folder, 'fed.json'),
    JSON.stringify({
      roadgaze: 2,
      kind: 'steering',
      inputs: { image: { picture: { color: 'gray', scale: 1 / 255 } }, ...(inputs as object) },
    }),
  );
  return path;
}

interface Row {
  readonly pts: number;
  readonly steering: number;
}

function rowsOf(output: string): Row[] {
  const [heading, ...lines] = readFileSync(join(output, 'frames.csv'), 'utf8').trim().split('\n');
  const names = heading!.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    const at = (name: string) => Number(cells[names.indexOf(name)]);
    return { pts: at('pts'), steering: at('steering') };
  });
}

/** The original network, fed by hand with every frame of the clip, one after the other. */
async function byHand(
  clip: string,
  model: string,
  dims: readonly number[],
  feeds: (pts: number) => Feeds,
): Promise<Row[]> {
  const network = await loadNetwork(model, 'steering');
  const opened = await openRecording(await driveAt(clip));
  try {
    const pictures = tensorsOfFrames(network, opened.video.colorSpace);
    const rows: Row[] = [];
    for (const { pts, images } of await collect(opened.frames({ images: pictures.images }))) {
      const image = floats(dims, (await pictures.read([images[0]!.slice()])).picture);
      const outputs = await runNetwork(readFileSync(model), {
        [network.image.name]: image,
        ...feeds(pts),
      });
      rows.push({ pts, steering: Object.values(outputs)[0]!.data[0]! });
    }
    return rows;
  } finally {
    await opened.close();
  }
}

async function analysed(
  t: TestContext,
  clip: string,
  model: string,
  workers: number,
): Promise<{ rows: Row[]; stdout: string }> {
  const output = join(temporaryFolder(t), 'out');
  const { stdout, stderr } = await roadgaze(
    ...['analyze', clip, '--model', model, '-o', output, '--road', 'none'],
    ...['--provider', 'cpu', '--workers', String(workers)],
  );
  assert.equal(stderr, '');
  return { rows: rowsOf(output), stdout };
}

function assertSameRows(rows: readonly Row[], expected: readonly Row[]): void {
  assert.equal(rows.length, expected.length);
  rows.forEach(({ pts, steering }, frame) => {
    assert.ok(Math.abs(pts - expected[frame]!.pts) < 1e-5);
    assert.ok(
      // As many digits as rows have.
      Math.abs(steering - expected[frame]!.steering) <
        1e-5 * Math.max(1, Math.abs(expected[frame]!.steering)),
      `frame ${frame}: ${steering}, by hand ${expected[frame]!.steering}`,
    );
  });
  const all = rows.map(({ steering }) => steering);
  assert.ok(Math.max(...all) - Math.min(...all) > 1e-3, 'frames differ');
}

const oneHot = (command: number) => [0, 1, 2, 3].map((place) => (place === command - 1 ? 1 : 0));
/** In km/h × 0.1; 7 km/h where the log has none. */
const speedInput = (pts: number) => 0.1 * ((speedAt(pts) ?? 7 / 3.6) * 3.6);
const inputs = {
  speed: { signal: 'speed', unit: 'km/h', scale: 0.1, otherwise: 7 },
  command: { signal: 'Command', oneHot: 4, offset: -1, otherwise: 2 },
};

for (const [what, batch, extras] of [
  [
    'a free batch that is called otherwise for each input',
    'unk__1',
    [
      { name: 'speed', shape: ['unk__2', 1] },
      { name: 'command', shape: ['unk__3', 4] },
    ],
  ],
  [
    'inputs of whole numbers and of a row without a batch',
    1,
    [
      { name: 'speed', shape: [1] },
      { name: 'command', shape: [1, 4], type: DataType.int64 },
    ],
  ],
  [
    'a free batch, and an input without one',
    'N',
    [
      { name: 'speed', shape: [] },
      { name: 'command', shape: ['N', 4] },
    ],
  ],
] as const) {
  test(`signals of the log go to the network with every frame, as by hand, with any number of workers: ${what}`, async (t) => {
    const folder = temporaryFolder(t);
    const clip = await drive(folder);
    const model = writeNetwork(folder, batch, extras, inputs);
    const whole = extras[1].name === 'command' && 'type' in extras[1];
    const expected = await byHand(clip, model, [1, 1, 12, 24], (pts) => ({
      speed: floats(
        extras[0].shape.map(() => 1),
        [speedInput(pts)],
      ),
      command: whole
        ? new ort.Tensor('int64', BigInt64Array.from(oneHot(loggedCommand(pts)), BigInt), [1, 4])
        : floats([1, 4], oneHot(loggedCommand(pts))),
    }));
    for (const workers of [1, 3]) {
      const { rows, stdout } = await analysed(t, clip, model, workers);
      assertSameRows(rows, expected);
      assert.match(stdout, /"speed" is "speed" of the log, and 7 where the log says nothing/);
    }
    const out = join(folder, 'explained');
    const at = 14;
    const explained = async (...args: string[]) => {
      const { stderr } = await roadgaze(
        ...['explain', clip, '-m', model, '--frame', String(at), '-o', out],
        ...['--method', 'gradient,smoothgrad', '--option', 'smoothgrad.samples=4', ...args],
      );
      assert.equal(stderr, '');
      return JSON.parse(readFileSync(join(out, 'explain.json'), 'utf8'));
    };
    const { answer, steering } = await explained();
    assert.ok(Math.abs((steering ?? answer).value - expected[at]!.steering) < 1e-5);
    const faster = await explained('--input', 'speed=90');
    assert.ok(Math.abs(faster.steering.value - expected[at]!.steering) > 1e-3);
    assert.match(faster.assumptions.join('\n'), /"speed" is 90, as asked for/);
  });
}

test('a drive without a log, and a picture, get what the sidecar has otherwise, and are told so', async (t) => {
  const folder = temporaryFolder(t);
  const clip = await drive(folder, false);
  const model = writeNetwork(
    folder,
    'N',
    [
      { name: 'speed', shape: ['N', 1] },
      { name: 'command', shape: ['N', 4] },
    ],
    inputs,
  );
  const expected = await byHand(clip, model, [1, 1, 12, 24], () => ({
    speed: floats([1, 1], [0.7]),
    command: floats([1, 4], [0, 0, 1, 0]),
  }));
  const { rows, stdout } = await analysed(t, clip, model, 2);
  assertSameRows(rows, expected);
  assert.match(stdout, /The drive has no "speed": "speed" is 7 in every frame/);
});

test('a feed gives what its vehicle tells by name, and what it does not tell is as the sidecar has it', async (t) => {
  const model = writeNetwork(
    temporaryFolder(t),
    'N',
    [
      { name: 'speed', shape: ['N', 1] },
      { name: 'command', shape: ['N', 4] },
    ],
    inputs,
  );
  const network = await loadNetwork(model, 'steering');
  const told: Readonly<Record<string, (time: number) => number | null>> = {
    speed: (time) => (time < 2 ? 5 + time : null),
    command: (time) => (time < 2 ? null : 4),
  };
  const signals = frameSignals(network, (time, name) => told[name]?.(time) ?? null);
  const at = (time: number) => signals.at(time).map((bytes) => [...new Float32Array(bytes.buffer)]);
  assert.deepEqual(at(1)[1], [0, 0, 1, 0]);
  assert.deepEqual(at(3)[1], [0, 0, 0, 1]);
  assert.deepEqual(signals.logged(3), { speed: [null], command: [4] });
  assert.ok(Math.abs(at(1)[0]![0]! - 0.1 * 3.6 * 6) < 1e-6);
  assert.ok(Math.abs(at(3)[0]![0]! - 0.7) < 1e-6);
  assert.deepEqual(signals.assumptions, [
    `"speed" takes "speed" of the feed's signals, and 7 where they tell none.`,
    `"command" takes "Command" of the feed's signals, and 2 where they tell none.`,
  ]);
});

for (const [what, entries, sentence] of [
  [
    'another number of values',
    { command: { signal: 'command', otherwise: 0 } },
    /gives one number to "command" \[N, 4\], which takes 4/,
  ],
  [
    'no fallback',
    { command: { signal: 'command', oneHot: 4 } },
    /lacks "inputs\.command\.otherwise"/,
  ],
  [
    'a place that is not there',
    { command: { signal: 'command', oneHot: 4, otherwise: 4 } },
    /wrong "inputs\.command\.otherwise": it must be a place from 0 to 3/,
  ],
  [
    'an unknown unit',
    { speed: { signal: 'speed', unit: 'knots', otherwise: 0 } },
    /wrong "inputs\.speed\.unit"/,
  ],
] as const) {
  test(`a signal that does not fit is refused by its field: ${what}`, async (t) => {
    const model = writeNetwork(
      temporaryFolder(t),
      'N',
      [
        { name: 'speed', shape: ['N', 1] },
        { name: 'command', shape: ['N', 4] },
      ],
      entries,
    );
    await assert.rejects(loadNetwork(model, 'steering'), {
      code: 'SIDECAR_INVALID',
      message: sentence,
    });
  });
}

test(
  'the CIL and the IMU network of Donkeycar are fed from the log, as by hand',
  { skip: sharedFolder ? false : '../shared is not here' },
  async (t) => {
    const folder = temporaryFolder(t);
    const clip = await drive(folder);
    const model = join(folder, 'cil.onnx');
    writeFileSync(model, readFileSync(join(sharedFolder!, 'real/networks/cil_onehot.onnx')));
    writeFileSync(
      join(folder, 'cil.json'),
      JSON.stringify({ roadgaze: 2, kind: 'steering', inputs, output: { element: 0 } }),
    );
    assertSameRows(
      (await analysed(t, clip, model, 2)).rows,
      await byHand(clip, model, [1, 3, 64, 96], (pts) => ({
        speed: floats([1, 1], [speedInput(pts)]),
        command: floats([1, 4], oneHot(loggedCommand(pts))),
      })),
    );
    const imu = join(folder, 'imu.onnx');
    writeFileSync(imu, readFileSync(join(sharedFolder!, 'real/networks/dk_imu.onnx')));
    writeFileSync(
      join(folder, 'imu.json'),
      JSON.stringify({
        roadgaze: 2,
        kind: 'steering',
        inputs: {
          imu_in: { signal: ['imu', 'speed', 'gyr_x', 'imu', 'imu', 'imu'], otherwise: 0.5 },
        },
      }),
    );
    assertSameRows(
      (await analysed(t, clip, imu, 2)).rows,
      await byHand(clip, imu, [1, 120, 160, 3], (pts) => ({
        imu_in: floats([1, 6], [3 * pts, speedAt(pts) ?? 0.5, 0.5, 3 * pts, 3 * pts, 3 * pts]),
      })),
    );
  },
);
