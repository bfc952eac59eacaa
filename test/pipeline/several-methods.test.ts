import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { EMPTY_SCORE } from '../../server/attention/score.ts';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { imageInput } from '../../server/inference/explained-output.ts';
import { loadNetwork, type NetworkFile } from '../../server/inference/network-file.ts';
import { PictureCoverer } from '../../server/covers/covered-pictures.ts';
import { frameGraph } from '../../server/pipeline/frame-graph/frame-graph.ts';
import {
  FRAME,
  ROAD,
  STEERING,
  maskOutput,
  scoreOutput,
} from '../../server/pipeline/frame-graph/names.ts';
import { planeGraph } from '../../server/pipeline/frame-graph/plane-graph.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { describeMethod } from '../../shared/methods.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import type { ImageFormat } from '../../server/video/frame-source.ts';
import { randomNumbers } from '../support/network.ts';
import { floats, runNetwork, type Output } from '../support/onnx-runtime.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork, type SmallNetworkOptions } from '../support/small-networks.ts';
import { convolutionalMethods } from '../support/methods.ts';

const [height, width] = [24, 48];
const pixels = height * width;
const sidecar = {
  roadgaze: 1,
  kind: 'steering',
  input: { color: 'rgb', scale: 1 / 127.5, offset: -1 },
};
const random = randomNumbers(6);
const rgb = Float32Array.from({ length: 3 * pixels }, () => random());
const video = { width: 960, height: 540, colorSpace: 'unknown' };
const leftHalf = {
  kind: 'polygon',
  points: [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ],
} as const;

const load = (t: TestContext, options: SmallNetworkOptions = {}): Promise<NetworkFile> =>
  loadNetwork(
    writeSteeringNetwork(temporaryFolder(t), {
      channels: 3,
      height,
      width,
      sidecar,
      seed: 6,
      ...options,
    }),
    'steering',
  );

/** Methods that exist for this network: the one that needs global average pooling is left out. */
const ids = convolutionalMethods.map(({ id }) => id).filter((id) => id !== 'cam');

/** One frame as three planes of the middle of the range, so that no colour is clipped. */
const frame = (): Uint8Array => Uint8Array.from(rgb, (value) => 100 + 50 * value);
const run = (graph: Parameters<typeof runNetwork>[0]): Promise<Record<string, Output>> =>
  runNetwork(graph, {
    [FRAME]: new Tensor('uint8', frame(), [1, 3, pixels]),
    [ROAD]: new Tensor('uint8', new Uint8Array(pixels).fill(255, 0, pixels / 3), [1, pixels]),
  });

for (const layout of ['NCHW', 'NHWC'] as const) {
  test(`each of all compiled methods in one graph gives what it gives alone: ${layout}`, async (t) => {
    const network = await load(t, { layout });
    const together = await run(
      frameGraph(
        network,
        ids.map((id) => ({ id })),
        'unknown',
        true,
      ).model,
    );
    for (const id of ids) {
      const alone = await run(frameGraph(network, [{ id }], 'unknown', true).model);
      const [a, b] = [together[maskOutput(id)]!.data, alone[maskOutput(id)]!.data];
      assert.ok(
        a.every((value, pixel) => Math.abs(value - b[pixel]!) <= 1),
        `${id}: masks differ`,
      );
      const [scoreA, scoreB] = [together[scoreOutput(id)]!.data, alone[scoreOutput(id)]!.data];
      assert.ok(
        scoreA.every(
          (value, index) =>
            Math.abs(value - scoreB[index]!) <= 1e-3 * Math.max(1, Math.abs(scoreB[index]!)),
        ),
        `${id}: scores differ`,
      );
      assert.ok(
        Math.abs(together[STEERING]!.data[0]! - alone[STEERING]!.data[0]!) < 1e-5,
        'steering depends on the methods',
      );
    }
  });

  test(`the mask of each compiled method is the plane of what "compile" gives: ${layout}`, async (t) => {
    const network = await load(t, { layout });
    const image = imageInput(network.model, null);
    const found = await run(
      frameGraph(
        network,
        ids.map((id) => ({ id })),
        'unknown',
        true,
      ).model,
    );
    const picture = await pictureOf(network);
    const maps = await runNetwork(
      compile(
        network.model,
        ids.map((id) => ({ id })),
        subjectOf(network.sidecar),
      ),
      { image: picture },
    );
    for (const id of ids) {
      const { kind, signed } = describeMethod(id)!;
      const { data, dims } = maps[`explanation_${id}`]!;
      const { bytes } = await runNetwork(planeGraph({ kind, signed, dims }, image), {
        values: floats(dims, data),
      });
      assert.ok(
        found[maskOutput(id)]!.data.every(
          (value, pixel) => Math.abs(value - bytes!.data[pixel]!) <= 1,
        ),
        `${id}: another mask`,
      );
      assert.ok(new Set(bytes!.data).size > 8, `${id}: nothing to see`);
    }
  });
}

/** The network's picture of the frame, by the equations of limited-range BT.601 and the sidecar. */
async function pictureOf({ model }: NetworkFile): Promise<ReturnType<typeof floats>> {
  const coded = frame();
  const { layout } = imageInput(model, null);
  const picture = new Float32Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const [y, cb, cr] = [0, 1, 2].map((plane) => coded[plane * pixels + pixel]!) as [
      number,
      number,
      number,
    ];
    const luma = ((y - 16) / 219) * 255;
    const [blue, red] = [((cb - 128) / 224) * 255, ((cr - 128) / 224) * 255];
    const [r, b] = [luma + 2 * (1 - 0.299) * red, luma + 2 * (1 - 0.114) * blue];
    [r, (luma - 0.299 * r - 0.114 * b) / 0.587, b].forEach((value, channel) => {
      picture[layout === 'NCHW' ? channel * pixels + pixel : pixel * 3 + channel] =
        Math.min(255, Math.max(0, value)) / 127.5 - 1;
    });
  }
  return floats(layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3], picture);
}

test('a method is named once, exists, and suits the network', async (t) => {
  const network = await load(t);
  const refused = (methods: readonly string[], code: string) =>
    assert.throws(
      () =>
        frameGraph(
          network,
          methods.map((id) => ({ id })),
          'unknown',
          false,
        ),
      (error) => error instanceof RoadgazeError && error.code === code,
    );
  refused(['gradient', 'gradient'], 'METHOD_UNKNOWN');
  refused(['gradient', 'tealeaves'], 'METHOD_UNKNOWN');
  refused(['lime'], 'METHOD_UNKNOWN');
  refused(['visualbackprop', 'cam'], 'METHOD_UNSUITED');
});

test('a frame comes back with mask and score of every method in the order asked for, and how the first two agree', async (t) => {
  const modelPath = writeSteeringNetwork(temporaryFolder(t), { channels: 3, sidecar });
  const open = (methods: readonly string[]) =>
    openStreamExplainer({
      modelPath,
      road: leftHalf,
      video,
      methods: methods.map((id) => ({ id })),
      wish: { provider: 'cpu', workers: 1 },
    });
  const orders = [
    ['gradient', 'visualbackprop', 'saliency'],
    ['visualbackprop', 'gradient'],
    ['visualbackprop'],
  ];
  const explainers = await Promise.all(orders.map(open));
  try {
    assert.deepEqual(
      explainers.map(({ network }) => network.methods),
      orders,
    );
    const [three, two, one] = await Promise.all(
      explainers.map((explainer) => explainer.explain([frame()], 0)),
    );
    assert.deepEqual(
      [three, two, one].map((each) => [each!.masks.length, each!.scores.length]),
      [
        [3, 3],
        [2, 2],
        [1, 1],
      ],
    );
    assert.deepEqual(three!.masks[1], one!.masks[0]);
    assert.deepEqual(two!.masks, [three!.masks[1], three!.masks[0]]);
    assert.equal(one!.agreement, null);
    for (const field of ['spearman', 'ssim', 'topOverlap'] as const)
      assert.ok(Math.abs(three!.agreement![field]! - two!.agreement![field]!) < 1e-5, field);
    for (const each of [three!, two!]) assert.ok(Math.abs(each.steering - one!.steering) < 1e-5);
    for (const { mass, onRoad, lift } of three!.scores)
      assert.ok(mass > 0 && mass <= 1 && onRoad! > 0 && onRoad! < 1 && lift! > 0);
  } finally {
    await Promise.all(explainers.map((explainer) => explainer.close()));
  }
});

test('asked for numbers only, frames bring the same numbers and no planes, also where both kinds share a batch', async (t) => {
  const modelPath = writeSteeringNetwork(temporaryFolder(t), { channels: 3, sidecar });
  const explainer = await openStreamExplainer({
    modelPath,
    road: leftHalf,
    video,
    methods: [{ id: 'visualbackprop' }, { id: 'gradient' }],
    wish: { provider: 'cpu', workers: 1 },
  });
  try {
    const results = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        explainer.explain([frame()], index, { numbersOnly: index % 2 === 1 }),
      ),
    );
    const whole = results[0]!;
    assert.ok(whole.road?.includes(255) && whole.road.includes(0));
    results.forEach((result, index) =>
      assert.deepEqual(result, index % 2 === 1 ? { ...whole, masks: [], road: null } : whole),
    );
    const alone = await explainer.explain([frame()], 0, { numbersOnly: true, urgent: true });
    // Another batch size may round otherwise.
    assert.deepEqual([alone.masks, alone.road], [[], null]);
    assert.ok(Math.abs(alone.scores[0]!.onRoad! - whole.scores[0]!.onRoad!) < 1e-4);
  } finally {
    await explainer.close();
  }
});

test('a pull is what the network answers without the things that it looks at, in one batch with all else', async (t) => {
  const modelPath = writeSteeringNetwork(temporaryFolder(t), {
    channels: 3,
    width: 96,
    height: 48,
    sidecar: { ...sidecar, output: { scale: -2 } },
  });
  const explainer = await openStreamExplainer({
    modelPath,
    road: leftHalf,
    video,
    methods: [{ id: 'gradient' }, { id: 'visualbackprop' }],
    pull: true,
    wish: { provider: 'cpu', workers: 1 },
  });
  try {
    const [{ width, height, pixelFormat }] = explainer.images as [ImageFormat];
    // Something bright to the right of the road.
    const picture = Uint8Array.from({ length: 3 * width * height }, (_, at) => {
      const [x, y] = [at % width, Math.floor(at / width) % height];
      const isInside = x >= 70 && x < 80 && y >= 14 && y < 22;
      return at >= width * height ? 128 : isInside ? 225 : 30 + ((7 * x + 3 * y) % 5);
    });
    const ask = (bytes: Uint8Array, pull = false) =>
      explainer.explain([bytes.slice()], 0, { pull, numbersOnly: false });
    const [first, ...others] = await Promise.all(
      Array.from({ length: 9 }, (_, index) => ask(picture, index % 3 !== 1)),
    );
    const coverer = new PictureCoverer({
      width,
      height,
      pixelFormat: pixelFormat as 'yuv444p',
      shown: 0,
      signed: false,
    });
    const covered = coverer.cover(picture, first!.masks[1]!, first!.road)!;
    const [without, control] = await Promise.all([ask(covered.without), ask(covered.control!)]);
    const change = Math.abs(without.steering - first!.steering);
    const pull = change - Math.abs(control.steering - first!.steering);
    assert.ok(change > 0 && pull > 0, `${change}, ${pull}`);
    assert.ok(Math.abs(first!.pull! - pull) < 1e-5 * change, `${first!.pull} is not ${pull}`);
    others.forEach((other, index) =>
      index % 3 === 0
        ? assert.ok(!('pull' in other))
        : assert.ok(Math.abs(other.pull! - first!.pull!) < 1e-5 * change),
    );
    assert.equal((await ask(new Uint8Array(picture.length).fill(90), true)).pull, 0);
  } finally {
    await explainer.close();
  }
});

test('where the network gives nothing for a picture, masks are zero and the numbers say so', async (t) => {
  // A black picture reaches the first layer as zeros; without biases every layer is dead.
  const folder = temporaryFolder(t);
  const modelPath = writeSteeringNetwork(folder, {
    channels: 1,
    bias: false,
    sidecar: { roadgaze: 1, kind: 'steering', input: { color: 'gray' } },
  });
  const explainer = await openStreamExplainer({
    modelPath,
    road: leftHalf,
    video,
    methods: ['inputxgradient', 'visualbackprop', 'saliency'].map((id) => ({ id })),
    wish: { provider: 'cpu', workers: 1 },
  });
  try {
    const { steering, scores, agreement, masks } = await explainer.explain(
      [new Uint8Array(pixels)],
      0,
    );
    assert.ok(Number.isFinite(steering));
    assert.deepEqual(scores, [EMPTY_SCORE, EMPTY_SCORE, EMPTY_SCORE]);
    assert.equal(agreement, null);
    assert.ok(
      masks[0]!.every((value) => value === 128) &&
        masks[1]!.every((value) => value === 0) &&
        masks[2]!.every((value) => value === 0),
    );
  } finally {
    await explainer.close();
  }
});
