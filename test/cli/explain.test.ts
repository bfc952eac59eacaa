import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readInput } from '../../server/cli/explain-input.ts';
import { readNpy, writeNpy } from '../../server/files/npy.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { mapPlane } from '../../server/results/map-plane.ts';
import { overlayPicture } from '../../server/results/overlay-picture.ts';
import type { Outcome } from '../setup/support.ts';
import { ffmpeg, makeNumberedClip } from '../support/clips.ts';
import { Network, randomNumbers } from '../support/network.ts';
import { floats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import { roadgaze } from '../support/warm-cli.ts';

const main = join(repositoryRoot, 'dist/node/server/cli/main.js');

const sidecar = {
  roadgaze: 1,
  kind: 'steering',
  input: {
    crop: { x: 0, y: 60, width: 320, height: 120, of: [320, 180] },
    color: 'gray',
    scale: 1 / 255,
  },
  output: { unit: 'deg', positive: 'left', scale: 2 },
};

interface Setup {
  readonly folder: string;
  readonly model: string;
  readonly out: string;
  explain(...args: string[]): Promise<Outcome>;
  summary(): Record<string, unknown> & {
    steering: { value: number; unit: string; positive: string };
    methods: {
      id: string;
      dims: number[];
      minimum: number;
      maximum: number;
      files: string[];
      options: object;
      note: string | null;
      milliseconds: number;
    }[];
  };
  map(id: string): Float32Array;
}

function setUp(
  t: TestContext,
  options: Parameters<typeof writeSteeringNetwork>[1] = { sidecar },
): Setup {
  const folder = temporaryFolder(t);
  const model = writeSteeringNetwork(folder, options);
  const out = join(folder, 'out');
  return {
    folder,
    model,
    out,
    explain: (...args) =>
      roadgaze('explain', ...args, '--model', model, '-o', out, '--provider', 'cpu'),
    summary: () =>
      JSON.parse(readFileSync(join(out, 'explain.json'), 'utf8')) as ReturnType<Setup['summary']>,
    map: (id) => readNpy(readFileSync(join(out, `${id}.npy`)), id).values,
  };
}

function tensorFile(folder: string, dims: readonly number[], name = 'in.npy'): string {
  const random = randomNumbers(3);
  const path = join(folder, name);
  writeFileSync(
    path,
    writeNpy({
      dims,
      values: Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => random()),
    }),
  );
  return path;
}

/** Of a picture, as ffmpeg reads it. */
async function pixelsOf(path: string): Promise<Uint8Array> {
  const raw = `${path}.rgb`;
  await ffmpeg('-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', raw);
  const bytes = readFileSync(raw);
  rmSync(raw);
  return bytes;
}

test('a frame of a video is explained by compiled and iterative methods into numbers, pictures and a summary', async (t) => {
  const { folder, out, explain, summary, map } = setUp(t);
  const clip = await makeNumberedClip(join(folder, 'clip.mp4'));
  const before = performance.now();
  const { status, stdout, stderr } = await explain(
    clip,
    '--frame',
    '20',
    '--method',
    'gradient,occlusion,gradcam',
    '--option',
    'occlusion.height=8',
    '--option',
    'gradcam.upscale=input',
  );
  const elapsed = performance.now() - before;
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^clip\.mp4: steering -?[\d.e-]+ deg\n {2}gradient /);
  assert.deepEqual(readdirSync(out).sort(), [
    'explain.json',
    'gradcam.npy',
    'gradcam.png',
    'gradient.npy',
    'gradient.png',
    'occlusion.npy',
    'occlusion.png',
  ]);
  const told = summary();
  assert.match(String((told['network'] as { sha256: string }).sha256), /^[0-9a-f]{64}$/);
  assert.deepEqual([told['input'], told['frame'], told['target']], ['clip.mp4', 20, '+']);
  assert.ok(Math.abs((told['pts'] as number) - 20 / 30) < 1e-6);
  assert.deepEqual([told.steering.unit, told.steering.positive], ['deg', 'left']);
  assert.deepEqual(
    told.methods.map(({ id, dims }) => [id, dims]),
    [
      ['gradient', [1, 1, 24, 48]],
      ['occlusion', [1, 1, 24, 48]],
      ['gradcam', [1, 1, 24, 48]],
    ],
  );
  assert.deepEqual(told.methods[1]!.options, {
    height: 8,
    width: 0,
    'stride-y': 0,
    'stride-x': 0,
    fill: 'zero',
  });
  // Below the picture, whatever it shows: colours, their ends, and what was explained.
  const scale = (await pixelsOf(join(out, 'gradient.png'))).subarray(3 * 640 * 360);
  const expected = overlayPicture({
    picture: { width: 320, height: 180, rgb: new Uint8Array(3 * 320 * 180) },
    place: { x: 0, y: 60, width: 320, height: 120 },
    map: mapPlane({
      values: map('gradient'),
      dims: [1, 1, 24, 48],
      kind: 'attribution',
      signed: true,
      layout: 'NCHW',
    }),
    signed: true,
    caption: `Gradient   frame 20 at 0.667 s   steering ${told.steering.value.toFixed(4)} deg`,
  });
  assert.deepEqual([...scale], [...expected.rgb.subarray(3 * 640 * 360)]);
  for (const { id, minimum, maximum, milliseconds } of told.methods) {
    assert.deepEqual([minimum, maximum], [Math.min(...map(id)), Math.max(...map(id))]);
    assert.ok(milliseconds > 0);
  }
  const took = told.methods.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  assert.ok(took < elapsed, 'methods took no longer than all of it');
});

test('--at gives the frame that is shown at that moment, and the picture is that of the same frame cut out as an image', async (t) => {
  const { folder, explain, summary, map } = setUp(t);
  const clip = await makeNumberedClip(join(folder, 'clip.mkv'), {
    codec: ['ffv1'],
    pixelFormat: 'gray',
  });
  assert.equal((await explain(clip, '--frame', '0', '--method', 'gradient')).status, 0);
  assert.deepEqual([summary()['frame'], summary()['pts']], [0, 0]);
  assert.equal((await explain(clip, '--at', '1.05', '--method', 'gradient')).status, 0);
  assert.equal(summary()['frame'], 31);
  const [ofVideo, steering] = [map('gradient'), summary().steering.value];
  const still = join(folder, 'still.png');
  await ffmpeg('-i', clip, '-vf', 'select=eq(n\\,31)', '-frames:v', '1', still);
  assert.equal((await explain(still, '--method', 'gradient')).status, 0);
  assert.deepEqual([summary()['frame'], summary()['pts']], [null, null]);
  // Grey of the clip is coded in limited range, that of the image in full.
  assert.ok(
    Math.abs(summary().steering.value - steering) < 0.02 * Math.abs(steering),
    `${summary().steering.value}, the frame ${steering}`,
  );
  assert.ok(relativeError(map('gradient'), ofVideo) < 0.2);
});

test('a frame of another shape than the first is shown in its own, with the map where the network saw it', async (t) => {
  const { folder, model } = setUp(t);
  const clip = join(folder, 'shapes.h264');
  for (const size of ['320x180', '180x320', '480x180']) {
    const part = join(folder, `${size}.h264`);
    const grey = `color=c=0xa0a0a0:s=${size}:r=20:d=0.5`;
    await ffmpeg('-f', 'lavfi', '-i', grey, '-c:v', 'libx264', '-pix_fmt', 'yuv420p', part);
    appendFileSync(clip, readFileSync(part));
  }
  const network = await loadNetwork(model, 'steering');
  for (const [frame, filled, place] of [
    // The crop is the lower two thirds of each frame.
    [5, [0, 0, 320, 180], [0, 60, 320, 120]],
    [15, [109, 0, 101.25, 180], [109, 60, 101.25, 120]],
    [25, [0, 30, 320, 120], [0, 70, 320, 80]],
  ] as const) {
    const input = await readInput(clip, network, { frame });
    const { width, height, rgb } = input.shown;
    assert.deepEqual([width, height], [320, 180]);
    const isLight = (x: number, y: number) => rgb[3 * (y * width + x) + 1]! > 80;
    const columns = Array.from({ length: width }, (_, x) => x).filter((x) => isLight(x, 90));
    const rows = Array.from({ length: height }, (_, y) => y).filter((y) => isLight(160, y));
    const near = (seen: readonly number[], wanted: readonly number[], what: string) =>
      assert.ok(
        seen.every((value, index) => Math.abs(value - wanted[index]!) <= 2),
        `frame ${frame}, ${what}: ${seen.join()} instead of ${wanted.join()}`,
      );
    near([columns[0]!, rows[0]!, columns.length, rows.length], filled, 'filled');
    near([input.place.x, input.place.y, input.place.width, input.place.height], place, 'map');
  }
});

test('a JPEG is explained too', async (t) => {
  const { folder, explain } = setUp(t);
  const image = join(folder, 'road 1%.jpg');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=320x180', '-frames:v', '1', '-update', '1', image);
  const { status, stderr } = await explain(image);
  assert.deepEqual([status, stderr], [0, '']);
});

test('a tensor is explained as it is, whatever its axes of one, and the target turns its map round', async (t) => {
  const { folder, model, explain, summary, map } = setUp(t, {});
  const tensor = tensorFile(folder, [1, 1, 24, 48]);
  assert.equal((await explain(tensor, '--method', 'gradient')).status, 0);
  const up = map('gradient');
  const { values } = readNpy(readFileSync(tensor), 'in.npy');
  const steer = async (picture: ArrayLike<number>) => {
    const { steering } = await runNetwork(readFileSync(model), {
      image: floats([1, 1, 24, 48], picture),
    });
    return steering!.data[0]!;
  };
  const found = summary().steering.value;
  assert.ok(Math.abs(found - (await steer(values))) < 1e-5 * Math.abs(found), `${found}`);
  // What the steering changes by along the gradient itself.
  const size = Math.sqrt(up.reduce((sum, value) => sum + value * value, 0));
  const step = 1e-3 / size;
  const [after, before] = await Promise.all(
    [step, -step].map((by) => steer(values.map((value, at) => value + by * up[at]!))),
  );
  assert.ok(Math.abs((after! - before!) / (2 * step) / size ** 2 - 1) < 0.02);
  for (const dims of [
    [1, 24, 48],
    [24, 48],
  ]) {
    assert.equal(
      (await explain(tensorFile(folder, dims), '--method', 'gradient', '--target', '-')).status,
      0,
    );
    assert.ok(
      relativeError(
        map('gradient'),
        up.map((value) => -value),
      ) < 1e-6,
    );
  }
});

test('a tensor of colours has the axes of the network', async (t) => {
  for (const [layout, right, wrong] of [
    ['NCHW', [3, 24, 48], [24, 48, 3]],
    ['NHWC', [24, 48, 3], [3, 24, 48]],
  ] as const) {
    const { folder, explain } = setUp(t, { layout, channels: 3 });
    assert.equal((await explain(tensorFile(folder, right), '--method', 'gradient')).status, 0);
    const { stderr } = await explain(tensorFile(folder, wrong), '--method', 'gradient');
    assert.match(stderr, new RegExp(`is \\[1, ${right.join(', ')}\\]`));
  }
});

test('an option without a name of a method goes to the only one', async (t) => {
  const { folder, explain, summary } = setUp(t, {});
  assert.equal(
    (
      await explain(
        tensorFile(folder, [24, 48]),
        '--method',
        'smoothgrad',
        '--option',
        'samples=3',
        '--option',
        'seed=9',
      )
    ).status,
    0,
  );
  assert.deepEqual(summary().methods[0]!.options, { samples: 3, noise: 0.15, seed: 9 });
});

const wrongUses: readonly (readonly [
  title: string,
  args: readonly string[],
  code: string,
  status: number,
  says: RegExp,
])[] = [
  ['a video without a moment', ['clip.mp4'], 'USAGE', 2, /60 frames/],
  ['a moment after the end', ['clip.mp4', '--at', '9'], 'USAGE', 2, /shows nothing at 9 s/],
  ['a frame after the last', ['clip.mp4', '--frame', '60'], 'USAGE', 2, /no frame 60; it has 60/],
  ['half a frame', ['clip.mp4', '--frame', '1.5'], 'USAGE', 2, /no frame 1\.5/],
  ['two moments', ['clip.mp4', '--frame', '1', '--at', '1'], 'USAGE', 2, /both/],
  ['a moment of a tensor', ['in.npy', '--at', '1'], 'USAGE', 2, /one picture/],
  [
    'a tensor of another shape',
    ['wide.npy'],
    'TENSOR_INVALID',
    1,
    /\[1, 24, 50\], but the picture of small\.onnx is \[1, 1, 24, 48\]/,
  ],
  ['a tensor with gaps', ['nan.npy'], 'TENSOR_INVALID', 1, /not finite/],
  ['no tensor', ['text.npy'], 'TENSOR_INVALID', 1, /not a NumPy file/],
  ['nothing', ['nowhere.npy'], 'INPUT_NOT_FOUND', 1, /nowhere\.npy/],
  ['no picture', ['text.jpg'], 'VIDEO_UNREADABLE', 1, /text\.jpg/],
  ['an unknown method', ['in.npy', '--method', 'magic'], 'METHOD_UNKNOWN', 2, /magic/],
  ['no method', ['in.npy', '--method', ','], 'USAGE', 2, /names no method/],
  [
    'an unknown option',
    ['in.npy', '--method', 'lime', '--option', 'colour=3'],
    'METHOD_OPTION_INVALID',
    2,
    /colour/,
  ],
  [
    'an option without a value',
    ['in.npy', '--method', 'lime', '--option', 'samples'],
    'USAGE',
    2,
    /name=value/,
  ],
  [
    'an option of nobody',
    ['in.npy', '--method', 'lime,ascent', '--option', 'seed=3'],
    'USAGE',
    2,
    /which of several methods/,
  ],
  [
    'an option of another',
    ['in.npy', '--method', 'lime', '--option', 'ascent.seed=3'],
    'USAGE',
    2,
    /--method does not name/,
  ],
  ['an unknown target', ['in.npy', '--target', 'left'], 'USAGE', 2, /target/],
];

test('wrong uses end with a code, one sentence and a next step', async (t) => {
  const { folder, model } = setUp(t, {});
  await makeNumberedClip(join(folder, 'clip.mp4'));
  tensorFile(folder, [24, 48]);
  tensorFile(folder, [1, 24, 50], 'wide.npy');
  writeFileSync(
    join(folder, 'nan.npy'),
    writeNpy({ dims: [24, 48], values: new Float32Array(24 * 48).fill(NaN) }),
  );
  for (const name of ['text.npy', 'text.jpg'])
    writeFileSync(join(folder, name), 'This is neither a tensor nor a picture.\n');
  for (const [title, [file, ...args], code, expected, says] of wrongUses) {
    const { status, stdout, stderr } = await roadgaze(
      'explain',
      join(folder, file!),
      ...args,
      '-m',
      model,
      '-o',
      join(folder, 'out'),
      '--provider',
      'cpu',
    );
    assert.deepEqual([status, stdout], [expected, ''], `${title}: ${stderr}`);
    assert.match(stderr, new RegExp(`^error ${code}: .+\\n  → .+\\n$`), title);
    assert.match(stderr, says, title);
  }
});

test('a folder that cannot be written is named', async (t) => {
  const { folder, model } = setUp(t, {});
  writeFileSync(join(folder, 'taken'), '');
  const { status, stderr } = await roadgaze(
    'explain',
    tensorFile(folder, [24, 48]),
    '-m',
    model,
    '-o',
    join(folder, 'taken'),
    '--provider',
    'cpu',
  );
  assert.equal(status, 1);
  assert.match(stderr, /^error OUTPUT_NOT_WRITABLE: .*taken/);
});

test('an interrupt stops a long explanation at once, cleanly', async (t) => {
  const { folder, model, out } = setUp(t, {});
  const child = spawn(
    process.execPath,
    [
      main,
      'explain',
      tensorFile(folder, [24, 48]),
      '-m',
      model,
      '-o',
      out,
      '--provider',
      'cpu',
      '--method',
      'lime',
      '--option',
      'samples=20000',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  // The folder is made just before the first pass.
  while (!existsSync(out)) await setTimeout(20);
  child.kill('SIGINT');
  const [status] = (await ended) as [number | null];
  assert.deepEqual([status, errors], [130, '']);
  assert.deepEqual(readdirSync(out), []);
});

test('the number that is explained is named, with its output and element; a network without a number says so', async (t) => {
  const folder = temporaryFolder(t);
  const write = (
    name: string,
    end: (network: Network, dense: string) => void,
    fill?: number,
  ): string => {
    const network = new Network({ name });
    const image = network.input('image', ['N', 1, 24, 48]);
    const weights = network.floats([4, 1, 3, 3]);
    if (fill !== undefined) network.initializers.get(weights)!.data.fill(fill as never);
    const features = network.node('Relu', [
      network.node('Conv', [image, weights], { kernel_shape: [3, 3] }),
    ]);
    end(
      network,
      network.node('Gemm', [
        network.node('Flatten', [features]),
        network.floats([4 * 22 * 46, 15], -0.01, 0.01),
      ]),
    );
    writeFileSync(join(folder, name), network.bytes([{ name: 'angle_out', type: 1, shape: null }]));
    return join(folder, name);
  };
  const input = tensorFile(folder, [1, 1, 24, 48]);
  const explain = async (model: string) => {
    const { status, stdout } = await roadgaze(
      'explain',
      input,
      '--model',
      model,
      '-o',
      join(folder, 'out'),
      '--method',
      'gradient',
      '--provider',
      'cpu',
    );
    assert.equal(status, 0);
    return {
      stdout,
      told: JSON.parse(readFileSync(join(folder, 'out/explain.json'), 'utf8')) as Record<
        string,
        { name: string; index: number; elements: number; value: number | null }
      >,
    };
  };
  const bins = await explain(
    write(
      'bins.onnx',
      (network, dense) => void network.node('Softmax', [dense], { axis: -1 }, 'angle_out'),
    ),
  );
  assert.match(
    bins.stdout,
    /^in\.npy: probability of bin 1 of 15 of output "angle_out" [\d.e-]+\n/,
  );
  assert.deepEqual(
    [
      bins.told['output']!.name,
      bins.told['output']!.index,
      bins.told['output']!.elements,
      'steering' in bins.told,
    ],
    ['probability of bin 1 of 15 of output "angle_out"', 0, 15, false],
  );
  const several = await explain(
    write(
      'several.onnx',
      (network, dense) => void network.node('Identity', [dense], {}, 'angle_out'),
    ),
  );
  assert.match(several.stdout, /^in\.npy: element 1 of 15 of output "angle_out" -?[\d.e-]+\n/);
  const dead = await explain(
    write(
      'dead.onnx',
      (network, dense) => void network.node('ReduceMean', [dense], { axes: [1] }, 'angle_out'),
      NaN,
    ),
  );
  assert.match(
    dead.stdout,
    /^in\.npy: steering: the network gives no number\n.*The network gives no number for this picture/s,
  );
  assert.equal(dead.told['steering']!.value, null);
});
