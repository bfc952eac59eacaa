import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreementGraph, agreementOf, cellSide } from '../../server/attention/agreement-graph.ts';
import type { Size } from '../../shared/geometry.ts';
import type { Agreement } from '../../shared/protocol/frame-message.ts';
import { randomNumbers } from '../support/network.ts';
import { floats, runNetwork } from '../support/onnx-runtime.ts';

type Plane = readonly number[];

/** Sizes as the frame graph gives them: the largest is 255. */
function brought(values: readonly number[]): Plane {
  const largest = Math.max(...values);
  return values.map((value) => Math.fround((255 * value) / (largest || 1)));
}

async function agreements(
  pairs: readonly (readonly [Plane, Plane])[],
  size: Size,
): Promise<Agreement[]> {
  const dims = [pairs.length, size.height * size.width];
  const { agreement } = await runNetwork(agreementGraph(size), {
    first: floats(
      dims,
      pairs.flatMap(([first]) => first),
    ),
    second: floats(
      dims,
      pairs.flatMap(([, second]) => second),
    ),
  });
  const columns = agreement!.data.length / pairs.length;
  return pairs.map((_, index) =>
    agreementOf(agreement!.data.subarray(index * columns, (index + 1) * columns)),
  );
}

/** Means over square cells, the last of a row or column as wide as what is left. */
function slowCells(
  plane: Plane,
  { height, width }: Size,
  side: number,
): { cells: number[]; rows: number; columns: number } {
  const [rows, columns] = [Math.ceil(height / side), Math.ceil(width / side)];
  const cells: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const inside: number[] = [];
      for (let y = row * side; y < Math.min(height, (row + 1) * side); y++)
        for (let x = column * side; x < Math.min(width, (column + 1) * side); x++)
          inside.push(plane[y * width + x]!);
      cells.push(inside.reduce((sum, value) => sum + value, 0) / inside.length / 255);
    }
  }
  return { cells, rows, columns };
}

/** Ranks from 1, those of equal values averaged. */
function slowRanks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let at = start; at < end; at++) ranks[order[at]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

function slowSpearman(a: readonly number[], b: readonly number[]): number {
  const mean = (a.length + 1) / 2;
  const sum = (x: readonly number[], y: readonly number[]) =>
    x.reduce((total, value, index) => total + (value - mean) * (y[index]! - mean), 0);
  return sum(a, b) / Math.sqrt(sum(a, a) * sum(b, b));
}

function slowTopOverlap(a: readonly number[], b: readonly number[]): number {
  const top = (values: readonly number[]) => {
    const least = [...values].sort((x, y) => y - x)[Math.ceil(0.05 * values.length) - 1]!;
    return values.map((value) => value >= least && value > 0);
  };
  const [first, second] = [top(a), top(b)];
  return (
    first.filter((is, index) => is && second[index]).length /
    first.filter((is, index) => is || second[index]).length
  );
}

/** Wang et al. 2004, with the whole window at every place where it fits. */
function slowSsim(
  x: readonly number[],
  y: readonly number[],
  rows: number,
  columns: number,
): number {
  const weight = (at: number) => Math.exp(-(at * at) / (2 * 1.5 * 1.5));
  let weights = 0;
  for (let v = -5; v <= 5; v++) for (let u = -5; u <= 5; u++) weights += weight(v) * weight(u);
  let [total, places] = [0, 0];
  for (let row = 5; row < rows - 5; row++) {
    for (let column = 5; column < columns - 5; column++) {
      const mean = (value: (index: number) => number) => {
        let sum = 0;
        for (let v = -5; v <= 5; v++)
          for (let u = -5; u <= 5; u++)
            sum += weight(v) * weight(u) * value((row + v) * columns + column + u);
        return sum / weights;
      };
      const [meanX, meanY] = [mean((at) => x[at]!), mean((at) => y[at]!)];
      const varianceX = mean((at) => (x[at]! - meanX) ** 2);
      const varianceY = mean((at) => (y[at]! - meanY) ** 2);
      const covariance = mean((at) => (x[at]! - meanX) * (y[at]! - meanY));
      const [c1, c2] = [0.01 ** 2, 0.03 ** 2];
      total +=
        ((2 * meanX * meanY + c1) * (2 * covariance + c2)) /
        ((meanX ** 2 + meanY ** 2 + c1) * (varianceX + varianceY + c2));
      places++;
    }
  }
  return total / places;
}

const kinds: Readonly<Record<string, (random: () => number, index: number) => number>> = {
  'even values': (random) => random(),
  'heavy tails': (random) => random() ** 12,
  'many ties': (random) => Math.floor(random() * 4) / 4,
  'mostly zeros': (random) => (random() < 0.97 ? 0 : random()),
  'smooth values': (_, index) => 1 + Math.sin(index / 40),
};

for (const size of [
  { height: 24, width: 48 },
  { height: 125, width: 300 },
]) {
  const side = cellSide(size);
  for (const [kind, value] of Object.entries(kinds)) {
    test(`agreement on ${size.width} × ${size.height} planes of ${kind} is what plain loops find${side > 1 ? `, on cells of ${side} × ${side}` : ''}`, async () => {
      const random = randomNumbers(11);
      const count = size.height * size.width;
      const first = brought(Array.from({ length: count }, (_, index) => value(random, index)));
      // Half of it the same, half its own.
      const second = brought(
        first.map((before, index) => (index % 2 === 0 ? before : 255 * value(random, index * 3))),
      );
      const [found, swapped] = await agreements(
        [
          [first, second],
          [second, first],
        ],
        size,
      );
      const [a, b] = [slowCells(first, size, side), slowCells(second, size, side)];
      const close = (actual: number | null, expected: number, tolerance: number, what: string) =>
        assert.ok(
          Math.abs(actual! - expected) < tolerance,
          `${what}: ${actual} is not ${expected}`,
        );
      // Values within a step of the histogram count as tied.
      close(
        found!.spearman,
        slowSpearman(slowRanks(a.cells), slowRanks(b.cells)),
        1e-3,
        'Spearman',
      );
      close(found!.ssim, slowSsim(a.cells, b.cells, a.rows, a.columns), 1e-4, 'SSIM');
      close(found!.topOverlap, slowTopOverlap(a.cells, b.cells), 0.01, 'top 5 %');
      assert.ok(found!.spearman! > 0 && found!.spearman! < 0.99);
      for (const field of ['spearman', 'ssim', 'topOverlap'] as const)
        close(swapped![field], found![field]!, 1e-5, `${field} the other way round`);
    });
  }
}

test('a plane agrees with itself wholly, and its ranks with any rising function of it', async () => {
  const size = { height: 20, width: 30 };
  const random = randomNumbers(5);
  const plane = brought(Array.from({ length: 600 }, () => random()));
  const [same, rising, falling] = await agreements(
    [
      [plane, plane],
      [plane, brought(plane.map((value) => value ** 3))],
      [plane, brought(plane.map((value) => 256 - value))],
    ],
    size,
  );
  for (const value of [
    same!.spearman!,
    same!.ssim!,
    same!.topOverlap!,
    rising!.spearman!,
    rising!.topOverlap!,
    -falling!.spearman!,
  ])
    assert.ok(Math.abs(value - 1) < 1e-3, String(value));
  assert.equal(falling!.topOverlap, 0);
  assert.ok(rising!.ssim! < 0.99);
});

test('ranks of a plane of one value do not exist, and neither does a place for the window on a small one', async () => {
  const [flat] = await agreements(
    [
      [
        new Array<number>(8 * 30).fill(255),
        brought(Array.from({ length: 8 * 30 }, (_, index) => index)),
      ],
    ],
    { height: 8, width: 30 },
  );
  assert.deepEqual([flat!.spearman, flat!.ssim], [null, null]);
});

test('cells are single pixels up to 16,384, and as small as that number allows beyond', () => {
  const sides = [
    { height: 66, width: 200 },
    { height: 128, width: 128 },
    { height: 125, width: 640 },
    { height: 720, width: 1280 },
  ].map(cellSide);
  assert.deepEqual(sides, [1, 1, 3, 8]);
});
