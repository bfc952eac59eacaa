import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { rasterise } from '../../server/attention/polygon.ts';
import type { Grid } from '../../server/attention/region-graph.ts';
import { REGION } from '../../server/pipeline/frame-graph/names.ts';
import { givenRegionGraph } from '../../server/pipeline/frame-graph/given-region-graph.ts';
import { randomNumbers } from '../support/network.ts';
import { runNetwork } from '../support/onnx-runtime.ts';

const whole = (width: number, height: number): Grid => ({
  width,
  height,
  place: { x: 0, y: 0, width: 960, height: 540 },
});

async function regionOf(
  road: Uint8Array,
  from: Grid,
  to: Grid,
  margin: number,
): Promise<Uint8Array> {
  const { [REGION]: region } = await runNetwork(givenRegionGraph(from, to, margin), {
    road: new Tensor('uint8', road, [1, road.length]),
  });
  return region!.data as unknown as Uint8Array;
}

/**
 * The same in plain loops: bilinear sample at each pixel's centre, threshold, then the largest
 * value of a square.
 */
function slowRegion(road: Uint8Array, from: Grid, to: Grid, margin: number): Uint8Array {
  const centre = (pixel: number, size: number, start: number, length: number) =>
    start + ((pixel + 0.5) / size) * length;
  const inside = (row: number, column: number): boolean => {
    const u =
      ((centre(column, to.width, to.place.x, to.place.width) - from.place.x) / from.place.width) *
        from.width -
      0.5;
    const v =
      ((centre(row, to.height, to.place.y, to.place.height) - from.place.y) / from.place.height) *
        from.height -
      0.5;
    if (u < -0.5 || v < -0.5 || u > from.width - 0.5 || v > from.height - 0.5) return false;
    const clamp = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
    let sum = 0;
    for (const [dy, wy] of [
      [0, 1 - (v - Math.floor(v))],
      [1, v - Math.floor(v)],
    ] as const) {
      for (const [dx, wx] of [
        [0, 1 - (u - Math.floor(u))],
        [1, u - Math.floor(u)],
      ] as const) {
        sum +=
          wy *
          wx *
          road[
            clamp(Math.floor(v) + dy, from.height) * from.width +
              clamp(Math.floor(u) + dx, from.width)
          ]!;
      }
    }
    return sum >= 0.5;
  };
  const region = new Uint8Array(to.width * to.height);
  for (let row = 0; row < to.height; row++) {
    for (let column = 0; column < to.width; column++) {
      search: for (
        let y = Math.max(0, row - margin);
        y <= Math.min(to.height - 1, row + margin);
        y++
      ) {
        for (
          let x = Math.max(0, column - margin);
          x <= Math.min(to.width - 1, column + margin);
          x++
        ) {
          if (!inside(y, x)) continue;
          region[row * to.width + column] = 255;
          break search;
        }
      }
    }
  }
  return region;
}

const mask: Grid = { width: 50, height: 20, place: { x: 100, y: 200, width: 800, height: 300 } };

for (const [what, from] of [
  ['another resolution', whole(24, 16)],
  ['a finer grid', whole(160, 90)],
  [
    'a crop that covers the mask only in part',
    { width: 30, height: 12, place: { x: 300, y: 100, width: 300, height: 250 } },
  ],
] as const) {
  for (const margin of [0, 2]) {
    test(`a region on ${what} lands on the mask's grid, widened by ${margin} pixels`, async () => {
      const random = randomNumbers(3);
      // Blocks of road rather than noise: what roads look like, and no sample lies on the threshold
      // by chance.
      const road = Uint8Array.from({ length: from.width * from.height }, (_, index) =>
        Number(
          Math.sin(Math.floor(index / from.width) / 4.7 + 0.3) +
            Math.cos((index % from.width) / 5.3) >
            random() * 0.1,
        ),
      );
      const region = await regionOf(road, from, mask, margin);
      const slow = slowRegion(road, from, mask, margin);
      const different = region.filter((value, pixel) => value !== slow[pixel]).length;
      assert.ok(slow.includes(255) && slow.includes(0));
      // Samples on the threshold itself may fall either way in float32.
      assert.ok(different <= slow.length * 0.002, `${different} pixels differ`);
    });
  }
}

test('no road at all gives an empty region, road everywhere a full one', async () => {
  const from = whole(20, 10);
  assert.ok((await regionOf(new Uint8Array(200), from, mask, 3)).every((value) => value === 0));
  assert.ok(
    (await regionOf(new Uint8Array(200).fill(1), from, mask, 0)).every((value) => value === 255),
  );
});

test('a margin wider than the mask fills it from a single pixel', async () => {
  const road = new Uint8Array(200);
  road[105] = 1;
  assert.ok((await regionOf(road, whole(20, 10), mask, 60)).every((value) => value === 255));
});

const inside = (points: readonly (readonly [number, number])[]) =>
  rasterise(points, { width: 10, height: 10 }).reduce((sum, value) => sum + value, 0);

test('a polygon holds the pixels whose centres lie in it', () => {
  assert.equal(
    inside([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ]),
    100,
  );
  assert.equal(
    inside([
      [0.2, 0.2],
      [0.6, 0.2],
      [0.6, 0.5],
      [0.2, 0.5],
    ]),
    12,
  );
});

test('a polygon beyond the frame is cut at its edges, one outside of it is empty', () => {
  assert.equal(
    inside([
      [-1, 0.5],
      [2, 0.5],
      [2, 3],
      [-1, 3],
    ]),
    50,
  );
  assert.equal(
    inside([
      [2, 2],
      [3, 2],
      [3, 3],
    ]),
    0,
  );
});

test('where a polygon crosses itself, what is enclosed twice is outside', () => {
  const square = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ] as const;
  assert.equal(inside([...square, ...square]), 0);
});

test('a polygon without extent is empty', () => {
  assert.equal(
    inside([
      [0.1, 0.1],
      [0.9, 0.9],
      [0.1, 0.1],
    ]),
    0,
  );
});
