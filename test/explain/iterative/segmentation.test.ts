import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DIRECTIONS,
  minimumCut,
  type GridCapacities,
} from '../../../server/explain/iterative/max-flow.ts';
import { ColorModel } from '../../../server/explain/iterative/color-model.ts';
import { grabCut, smoothness } from '../../../server/explain/iterative/grabcut.ts';
import * as own from '../../../server/explain/iterative/random.ts';
import { largestComponent } from '../../../server/explain/iterative/salient-region.ts';
import { randomNumbers } from '../../support/network.ts';
import { explain, imageOf, linear } from './plain-function.ts';

/** What a cut costs: capacities from the source's side to the sink's. */
function cost(
  { height, width, source, sink, neighbours }: GridCapacities,
  side: ArrayLike<number>,
): number {
  let sum = 0;
  for (let pixel = 0; pixel < height * width; pixel++) {
    sum += side[pixel] ? sink[pixel]! : source[pixel]!;
    DIRECTIONS.forEach(([dy, dx], direction) => {
      const [y, x] = [Math.floor(pixel / width) + dy, (pixel % width) + dx];
      if (y >= 0 && y < height && x >= 0 && x < width && side[pixel] && !side[y * width + x])
        sum += neighbours[pixel * 8 + direction]!;
    });
  }
  return sum;
}

function randomGrid(seed: number, height: number, width: number): GridCapacities {
  const random = randomNumbers(seed);
  const whole = (most: number) => Math.floor(random(0, most + 1));
  const neighbours = new Float64Array(height * width * 8);
  for (let pixel = 0; pixel < height * width; pixel++) {
    DIRECTIONS.forEach(([dy, dx], direction) => {
      const [y, x] = [Math.floor(pixel / width) + dy, (pixel % width) + dx];
      if (y < 0 || y >= height || x < 0 || x >= width || direction > 3) return;
      neighbours[pixel * 8 + direction] = whole(6);
      neighbours[(y * width + x) * 8 + 7 - direction] = neighbours[pixel * 8 + direction]!;
    });
  }
  const terminal = () =>
    Float64Array.from({ length: height * width }, () => (random() < 0.5 ? whole(12) : 0));
  return { height, width, source: terminal(), sink: terminal(), neighbours };
}

test('no way to part a small grid is cheaper than the minimum cut', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const [height, width] = [
      [3, 3],
      [2, 5],
      [1, 9],
      [4, 3],
    ][seed % 4] as [number, number];
    const grid = randomGrid(seed, height, width);
    let least = Infinity;
    for (let bits = 0; bits < 2 ** (height * width); bits++)
      least = Math.min(
        least,
        cost(
          grid,
          Array.from({ length: height * width }, (_, pixel) => (bits >> pixel) & 1),
        ),
      );
    assert.equal(cost(grid, minimumCut(grid)), least, `seed ${seed}`);
  }
});

/** Maximum flow by shortest augmenting paths (Edmonds and Karp), on a matrix of capacities. */
function maximumFlow({ height, width, source, sink, neighbours }: GridCapacities): number {
  const [count, s, t] = [height * width + 2, height * width, height * width + 1];
  const capacity = Array.from({ length: count }, () => new Float64Array(count));
  for (let pixel = 0; pixel < height * width; pixel++) {
    capacity[s]![pixel] = source[pixel]!;
    capacity[pixel]![t] = sink[pixel]!;
    DIRECTIONS.forEach(([dy, dx], direction) => {
      if (neighbours[pixel * 8 + direction]! > 0)
        capacity[pixel]![pixel + dy * width + dx] = neighbours[pixel * 8 + direction]!;
    });
  }
  for (let flow = 0; ;) {
    const from = new Int32Array(count).fill(-1);
    const queue = [s];
    from[s] = s;
    for (const node of queue)
      for (let next = 0; next < count; next++)
        if (from[next] === -1 && capacity[node]![next]! > 0) {
          from[next] = node;
          queue.push(next);
        }
    if (from[t] === -1) return flow;
    let least = Infinity;
    for (let node = t; node !== s; node = from[node]!)
      least = Math.min(least, capacity[from[node]!]![node]!);
    for (let node = t; node !== s; node = from[node]!) {
      capacity[from[node]!]![node]! -= least;
      capacity[node]![from[node]!]! += least;
    }
    flow += least;
  }
}

test('on larger grids the cut costs what can flow', () => {
  for (let seed = 100; seed < 112; seed++) {
    const grid = randomGrid(seed, 9, 11);
    assert.equal(cost(grid, minimumCut(grid)), maximumFlow(grid), `seed ${seed}`);
  }
});

test('a border costs the less the more its colours differ from what is usual, and the farther apart', () => {
  const [height, width, channels] = [4, 5, 2];
  const random = randomNumbers(3);
  const values = Float32Array.from({ length: height * width * channels }, () => random(0, 100));
  const arcs = Array.from({ length: height * width * 8 }, (_, arc) => {
    const [pixel, [dy, dx]] = [arc >> 3, DIRECTIONS[arc & 7]!];
    const [y, x] = [Math.floor(pixel / width) + dy, (pixel % width) + dx];
    if (y < 0 || y >= height || x < 0 || x >= width) return null;
    const colors = [pixel, y * width + x].map((at) => values.subarray(2 * at, 2 * at + 2));
    return {
      distance: Math.sqrt(dy * dy + dx * dx),
      difference: (colors[0]![0]! - colors[1]![0]!) ** 2 + (colors[0]![1]! - colors[1]![1]!) ** 2,
    };
  });
  const known = arcs.filter((arc) => arc !== null);
  const mean = known.reduce((sum, { difference }) => sum + difference, 0) / known.length;
  const costs = smoothness({ values, channels }, height, width);
  assert.equal(costs.length, arcs.length);
  for (const [index, arc] of arcs.entries()) {
    const expected = arc ? (50 / arc.distance) * Math.exp(-arc.difference / (2 * mean)) : 0;
    assert.ok(Math.abs(costs[index]! - expected) < 1e-9, `${costs[index]} is not ${expected}`);
  }
  const even = smoothness({ values: values.fill(7), channels }, height, width);
  assert.ok(even.every((cost, index) => cost === (arcs[index] ? 50 / arcs[index].distance : 0)));
});

test('GrabCut finds a patch by its colour from a few of its pixels', () => {
  const random = randomNumbers(6);
  const [height, width] = [30, 40];
  const isInside = (position: number) => {
    const [y, x] = [Math.floor(position / width), position % width];
    return y >= 8 && y < 20 && x >= 10 && x < 28;
  };
  const colors = Float32Array.from(
    { length: height * width * 3 },
    (_, index) =>
      (isInside(Math.floor(index / 3)) ? [80, 30, 30] : [40, 60, 50])[index % 3]! + random(-8, 8),
  );
  const seeds = Uint8Array.from({ length: height * width }, (_, position) =>
    isInside(position) ? (position % 5 === 0 ? 1 : 2) : position % 3 === 0 ? 0 : 2,
  );
  const labels = grabCut({ colors, channels: 3, height, width, seeds, iterations: 5, seed: 1 });
  const wrong = labels.filter((label, position) => (label === 1) !== isInside(position)).length;
  assert.ok(wrong <= 4, `${wrong} pixels are on the wrong side`);
});

test('one round is enough to decide what was not known', () => {
  const colors = Float32Array.from({ length: 24 }, (_, index) => (index % 6 < 3 ? 10 : 90));
  const seeds = Uint8Array.from(colors, (color, index) => (index > 11 ? 2 : color === 10 ? 1 : 0));
  assert.deepEqual(
    [...grabCut({ colors, channels: 1, height: 4, width: 6, seeds, iterations: 1, seed: 1 })],
    [...colors].map((color) => (color === 10 ? 1 : 0)),
  );
});

/** Log of the density of a normal distribution in three dimensions, by determinant and adjugate. */
function logNormal(point: readonly number[], members: readonly (readonly number[])[]): number {
  const mean = [0, 1, 2].map(
    (at) => members.reduce((sum, each) => sum + each[at]!, 0) / members.length,
  );
  // The least variance keeps a single colour from being infinitely sure.
  const covariance = [0, 1, 2].map((i) =>
    [0, 1, 2].map(
      (j) =>
        members.reduce((sum, each) => sum + (each[i]! - mean[i]!) * (each[j]! - mean[j]!), 0) /
          members.length +
        (i === j ? 0.5 : 0),
    ),
  );
  const cofactor = (i: number, j: number) => {
    const at = (row: number, column: number) => covariance[(i + row) % 3]![(j + column) % 3]!;
    return at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1);
  };
  const determinant = [0, 1, 2].reduce((sum, j) => sum + covariance[0]![j]! * cofactor(0, j), 0);
  const apart = point.map((value, at) => value - mean[at]!);
  let square = 0;
  for (const i of [0, 1, 2])
    for (const j of [0, 1, 2]) square += (apart[i]! * apart[j]! * cofactor(i, j)) / determinant;
  return -0.5 * (3 * Math.log(2 * Math.PI) + Math.log(determinant) + square);
}

test('the cost of a colour is that of a mixture of normal distributions, each of its group', () => {
  const random = randomNumbers(4);
  const cloud = (count: number, [r, g, b]: readonly [number, number, number]) =>
    Array.from({ length: count }, () => {
      const shared = random(-6, 6);
      return [r + shared + random(-2, 2), g - shared + random(-3, 3), b + random(-1, 1)].map(
        Math.fround,
      );
    });
  const [near, far] = [cloud(30, [20, 40, 60]), cloud(10, [80, 15, 25])];
  // Others are in the picture, but no members.
  const pixels = [...cloud(5, [50, 50, 50]), ...near, ...far];
  const colors = { values: Float32Array.from(pixels.flat()), channels: 3 };
  const members = Int32Array.from({ length: 40 }, (_, index) => index + 5);
  const close = (found: number, expected: number) =>
    assert.ok(Math.abs(found - expected) < 1e-6 * Math.abs(expected), `${found}, not ${expected}`);
  const one = ColorModel.fit(colors, members.subarray(0, 30), 1, random);
  const two = ColorModel.fit(colors, members, 2, random);
  for (const [pixel, color] of pixels.entries()) {
    close(one.cost(colors, pixel), -logNormal(color, near));
    const density =
      0.75 * Math.exp(logNormal(color, near)) + 0.25 * Math.exp(logNormal(color, far));
    if (density > 1e-300) close(two.cost(colors, pixel), -Math.log(density));
  }
  const single = ColorModel.fit(colors, Int32Array.of(7, 7, 7), 3, random);
  close(single.cost(colors, 7), -logNormal(pixels[7]!, [pixels[7]!]));
});

test('of several parts the one with most pixels is left, and rows do not join at the edges', () => {
  const largest = (...rows: string[]) =>
    [
      ...largestComponent(
        Uint8Array.from(rows.join(''), (sign) => '.#?'.indexOf(sign)),
        rows.length,
        rows[0]!.length,
      ),
    ]
      .map((value) => '.#'[value])
      .join('');
  assert.equal(largest('##..#', '....#', '.??.#'), '....#....#....#');
  assert.equal(largest('..##', '#...', '#...'), '..##........');
  assert.equal(largest('..#', '#..', '##.'), '...#..##.');
  assert.equal(largest('#.#', '.#.', '..?'), '#........');
  assert.equal(largest('...', '..?'), '......');
});

test('numbers by chance are mulberry32, and normal ones have the variance 1', () => {
  const first = (seed: number, count: number) => {
    const next = own.randomNumbers(seed);
    return Array.from({ length: count }, () => next() * 2 ** 32);
  };
  assert.deepEqual(first(7, 4), [50271532, 266108690, 4195786334, 3002305430]);
  assert.deepEqual(first(-1, 2), [3850105811, 813802916]);
  const normal = own.normalNumbers(own.randomNumbers(3));
  const drawn = Array.from({ length: 20_000 }, normal);
  const mean = (power: number) =>
    drawn.reduce((sum, value) => sum + value ** power, 0) / drawn.length;
  assert.ok(Math.abs(mean(1)) < 0.02, `${mean(1)}`);
  assert.ok(Math.abs(mean(2) - 1) < 0.03, `${mean(2)}`);
  assert.ok(Math.abs(mean(4) - 3) < 0.25, `${mean(4)}`);
});

for (const layout of ['NCHW', 'NHWC'] as const) {
  test(`'segmentation' finds the bright square that alone drives the output: ${layout}`, async () => {
    const [channels, height, width] = [3, 32, 48];
    const image = imageOf(layout, channels, height, width);
    const random = randomNumbers(9);
    const isInside = (y: number, x: number) => y >= 10 && y < 22 && x >= 20 && x < 34;
    const place = (index: number) =>
      layout === 'NCHW' ? index % (height * width) : Math.floor(index / channels);
    const inside = (index: number) =>
      isInside(Math.floor(place(index) / width), place(index) % width);
    const picture = Float32Array.from(
      { length: channels * height * width },
      (_, index) => (inside(index) ? 0.9 : 0.2) + random(-0.05, 0.05),
    );
    const weights = picture.map((_, index) => (inside(index) ? random(-1, 1) : 0));
    const { values, dims, note } = await explain('segmentation', linear(weights), image, picture);
    assert.deepEqual(dims, [1, 1, height, width]);
    const wrong = values.filter(
      (value, position) =>
        value !== (isInside(Math.floor(position / width), position % width) ? 1 : 0),
    ).length;
    assert.ok(wrong <= 6, `${wrong} pixels are on the wrong side`);
    assert.match(note!, /% of the picture/);
  });
}

test('of two parts the larger one is the region', async () => {
  const image = imageOf('NCHW', 1, 20, 40);
  const isLarge = (position: number) =>
    position % 40 >= 22 && position % 40 < 36 && position >= 160 && position < 640;
  const isSmall = (position: number) =>
    position % 40 >= 4 && position % 40 < 9 && position >= 320 && position < 520;
  const picture = Float32Array.from({ length: 800 }, (_, position) =>
    isLarge(position) || isSmall(position) ? 1 : 0.1,
  );
  const { values } = await explain(
    'segmentation',
    linear(picture.map((value) => (value === 1 ? 1 : 0))),
    image,
    picture,
  );
  assert.ok(values.every((value, position) => !isSmall(position) || value === 0));
  assert.ok(values.filter((value, position) => isLarge(position) && value === 1).length > 150);
});

test('where the saliency is even there is no region, and the note says so', async () => {
  const image = imageOf('NCHW', 1, 6, 6);
  const { values, note } = await explain(
    'segmentation',
    linear(new Float32Array(36)),
    image,
    new Float32Array(36),
  );
  assert.ok(values.every((value) => value === 0));
  assert.match(note!, /same everywhere/);
});
