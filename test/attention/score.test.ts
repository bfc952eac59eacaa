import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import {
  appendOffRoad,
  appendScore,
  attentionScore,
  EMPTY_SCORE,
} from '../../server/attention/score.ts';
import { GraphBuilder } from '../../server/onnx/builder.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import type { AttentionScore } from '../../shared/protocol/frame-message.ts';
import { Network, randomNumbers } from '../support/network.ts';
import { floats, runNetwork } from '../support/onnx-runtime.ts';

const [height, width] = [20, 30];
const pixels = height * width;

/** Scores of a batch of planes, each with its road (null: no region at all). */
async function scores(
  planes: readonly (readonly number[])[],
  roads: readonly (readonly number[])[] | null,
  opset = 13,
): Promise<AttentionScore[]> {
  const network = new Network({ opset });
  network.input('size', ['N', pixels]);
  if (roads) network.input('road', ['N', pixels], DataType.uint8);
  const model = network.model([]);
  const builder = new GraphBuilder(model, 'score');
  const count = appendScore(
    builder,
    'size',
    roads ? appendOffRoad(builder, 'road') : null,
    { height, width },
    'score',
  );
  const built = builder.build({
    outputs: [{ name: 'score', type: DataType.float, shape: ['N', count] }],
  });
  const dims = [planes.length, pixels];
  const found = await runNetwork(built, {
    size: floats(dims, planes.flat()),
    ...(roads ? { road: new Tensor('uint8', Uint8Array.from(roads.flat()), dims) } : {}),
  });
  assert.deepEqual(found['score']!.dims, [planes.length, count]);
  return planes.map((_, index) =>
    attentionScore(found['score']!.data.subarray(index * count, (index + 1) * count), pixels, true),
  );
}

/** The definitions, pixel by pixel. */
function slowScore(plane: readonly number[], road: readonly number[]): AttentionScore {
  let [all, inside, area, x, y, off] = [0, 0, 0, 0, 0, 0];
  const largest = Math.max(...plane);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const value = plane[pixel]!;
    all += value;
    if (road[pixel]! > 0) {
      inside += value;
      area++;
    } else {
      off += value;
      x += value * (((pixel % width) + 0.5) / width);
      y += value * ((Math.floor(pixel / width) + 0.5) / height);
    }
  }
  if (all === 0) return EMPTY_SCORE;
  return {
    mass: all / (largest * pixels),
    onRoad: inside / all,
    lift: area > 0 ? inside / all / (area / pixels) : null,
    peakOnRoad: plane.every((value, pixel) => value < largest || road[pixel]! > 0) ? 1 : 0,
    offRoadX: off > 0 ? x / off : null,
    offRoadY: off > 0 ? y / off : null,
  };
}

function assertClose(found: AttentionScore, expected: AttentionScore): void {
  for (const field of Object.keys(expected) as (keyof AttentionScore)[]) {
    const [actual, wanted] = [found[field], expected[field]];
    assert.ok(
      actual === wanted ||
        (actual !== null &&
          wanted !== null &&
          Math.abs(actual - wanted) < 1e-4 * Math.max(1, wanted)),
      `${field}: ${actual} is not ${wanted}`,
    );
  }
}

const random = randomNumbers(2);
/** As the frame graph gives them: the largest is 255. */
function noise(power: number): number[] {
  const values = Array.from({ length: pixels }, () => random() ** power);
  const largest = Math.max(...values);
  return values.map((value) => (255 * value) / largest);
}
const wavy = Array.from({ length: pixels }, (_, pixel) => (Math.sin(pixel / 9) > 0.2 ? 255 : 0));
const everywhere = new Array<number>(pixels).fill(255);
const nowhere = new Array<number>(pixels).fill(0);
const dot = (at: number) => Array.from({ length: pixels }, (_, pixel) => (pixel === at ? 255 : 0));

for (const opset of [8, 13, 18]) {
  test(`scores in operator set ${opset} are what plain loops find, for every picture of a batch`, async () => {
    const planes = [noise(1), noise(8), noise(30), noise(1)];
    const roads = [
      wavy,
      wavy,
      wavy.map((value) => 255 - value),
      Array.from({ length: pixels }, (_, pixel) => (pixel % width < 3 ? 255 : 0)),
    ];
    const found = await scores(planes, roads, opset);
    planes.forEach((plane, index) => assertClose(found[index]!, slowScore(plane, roads[index]!)));
  });
}

test('without any road the share is 0 and the lift unknown; with road everywhere both are 1', async () => {
  const plane = noise(4);
  const [none, all] = await scores([plane, plane], [nowhere, everywhere]);
  assert.deepEqual([none!.onRoad, none!.lift, none!.peakOnRoad], [0, null, 0]);
  assertClose(none!, slowScore(plane, nowhere));
  assert.deepEqual(
    [all!.onRoad, all!.lift, all!.peakOnRoad, all!.offRoadX, all!.offRoadY],
    [1, 1, 1, null, null],
  );
});

test('an empty mask has a mass of 0, and nothing else', async () => {
  for (const score of await scores([nowhere, nowhere], [wavy, nowhere]))
    assert.deepEqual(score, EMPTY_SCORE);
  assert.deepEqual(await scores([nowhere], null), [EMPTY_SCORE]);
});

test('without a road region only the mass is known', async () => {
  const plane = noise(2);
  const [score] = await scores([plane], null);
  assert.deepEqual({ ...score, mass: 0 }, EMPTY_SCORE);
  assertClose(
    { ...EMPTY_SCORE, mass: score!.mass },
    { ...EMPTY_SCORE, mass: slowScore(plane, wavy).mass },
  );
});

test('where there is no truth for a frame, the region that stands in for it says nothing', () => {
  const sums = Float32Array.of(5100, 300, 255, 50, 20, 20, 8);
  assert.deepEqual(attentionScore(sums, pixels, false), { ...EMPTY_SCORE, mass: 20 / pixels });
});

test('all attention on one pixel off the road is found there', async () => {
  const at = 7 * width + 22;
  const road = everywhere.map((value, pixel) => (pixel === at ? 0 : value));
  const [score] = await scores([dot(at)], [road]);
  assert.deepEqual([score!.onRoad, score!.lift, score!.peakOnRoad], [0, 0, 0]);
  assert.ok(
    Math.abs(score!.offRoadX! - 22.5 / width) < 1e-5 &&
      Math.abs(score!.offRoadY! - 7.5 / height) < 1e-5,
  );
  assert.ok(Math.abs(score!.mass - 1 / pixels) < 1e-9);
});

test('a largest value that lies on the road and off it counts as off', async () => {
  const plane = nowhere.map((_, pixel) => (pixel < 2 ? 255 : 1));
  const road = everywhere.map((value, pixel) => (pixel === 1 ? 0 : value));
  const [score] = await scores([plane], [road]);
  assert.equal(score!.peakOnRoad, 0);
});

test('sums that are not finite give an empty score', () => {
  for (const value of [NaN, Infinity])
    assert.deepEqual(
      attentionScore(Float32Array.of(value, 1, 1, 1, 1, 1, 1), pixels, true),
      EMPTY_SCORE,
    );
});
