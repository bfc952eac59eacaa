import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { marchInto } from '../../server/attention/inpaint/fast-marching.ts';
import { filled } from '../../server/attention/inpaint/fill.ts';
import { inpaint } from '../../server/attention/inpaint/telea.ts';
import { MinHeap } from '../../server/attention/inpaint/min-heap.ts';
import type { Fill } from '../../shared/flags.ts';
import type { Size } from '../../shared/geometry.ts';
import { randomNumbers } from '../support/network.ts';

const size = { width: 60, height: 40 };
const pixels = size.width * size.height;
const at = (valueOf: (x: number, y: number) => number) =>
  Uint8Array.from({ length: pixels }, (_, pixel) =>
    valueOf(pixel % size.width, Math.floor(pixel / size.width)),
  );
const disc = (radius: number, cx = 30, cy = 20) =>
  at((x, y) => Number((x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2));

/** Largest difference inside the cover, where a mark hid the picture before it was filled again. */
function worstError(fill: Fill, picture: Uint8Array, cover: Uint8Array): number {
  const marked = picture.map((value, pixel) => (cover[pixel] ? 255 - value : value));
  const result = filled(fill, marked, cover, size);
  return result.reduce(
    (worst, value, pixel) => Math.max(worst, Math.abs(value - picture[pixel]!)),
    0,
  );
}

for (const fill of ['inpaint', 'blur', 'mean'] as const) {
  describe(fill, () => {
    test('changes nothing outside the cover, and leaves its input as it was', () => {
      const random = randomNumbers(2);
      const picture = Uint8Array.from({ length: 3 * pixels }, () => random(0, 256));
      const before = picture.slice();
      const cover = disc(9);
      const result = filled(fill, picture, cover, size);
      assert.deepEqual(picture, before);
      assert.ok(result.every((value, index) => cover[index % pixels] || value === picture[index]));
    });

    test('takes nothing from what it replaces', () => {
      const picture = at((x, y) => 60 + x + y);
      const cover = disc(9);
      const other = picture.map((value, pixel) => (cover[pixel] ? (pixel * 37) % 256 : value));
      assert.deepEqual(filled(fill, other, cover, size), filled(fill, picture, cover, size));
    });

    test("finds an even colour again, also at the picture's edge, and on every plane", () => {
      const picture = Uint8Array.from(
        { length: 3 * pixels },
        (_, index) => [40, 128, 220][Math.floor(index / pixels)]!,
      );
      assert.deepEqual(
        filled(
          fill,
          picture.map((value, index) => (disc(12, 2, 2)[index % pixels] ? 0 : value)),
          disc(12, 2, 2),
          size,
        ),
        picture,
      );
    });

    test('changes nothing where no surroundings are left', () => {
      const picture = at((x) => 3 * x);
      assert.deepEqual(filled(fill, picture, new Uint8Array(pixels).fill(1), size), picture);
    });
  });
}

test('inpainting continues a shade, where a blur or a mean flattens it', () => {
  const ramp = at((x, y) => 20 + 2 * x + y);
  assert.ok(worstError('inpaint', ramp, disc(8)) <= 1);
  assert.ok(worstError('blur', ramp, disc(8)) > 2);
  assert.ok(worstError('mean', ramp, disc(8)) > 10);
});

test('inpainting continues an edge into a narrow hole', () => {
  const edge = at((x) => (x < 30 ? 50 : 200));
  const band = at((_, y) => Number(y >= 18 && y < 22));
  const result = filled(
    'inpaint',
    edge.map((value, pixel) => (band[pixel] ? 0 : value)),
    band,
    size,
  );
  for (const [x, expected] of [
    [10, 50],
    [25, 50],
    [34, 200],
    [50, 200],
  ] as const) {
    for (const y of [18, 19, 20, 21])
      assert.ok(
        Math.abs(result[y * size.width + x]! - expected) < 8,
        `${result[y * size.width + x]} at ${x},${y}`,
      );
  }
});

test('inpainting makes no colour that is brighter or darker than all around', () => {
  const random = randomNumbers(8);
  const noisy = at(() => random(90, 160));
  const result = filled('inpaint', noisy, disc(15), size);
  assert.ok(result.every((value) => value >= 90 && value < 160));
});

/**
 * Telea's equations, pixel after pixel in the order of the march: T is negative outside, as far as
 * a neighbourhood reaches.
 */
function slowInpaint(
  plane: readonly number[],
  hole: Uint8Array,
  { width, height }: Size,
): number[] {
  const image = [...plane];
  const isKnown = Array.from(hole, (inside) => inside === 0);
  const outside = marchInto(
    hole.map((inside) => 1 - inside),
    { width, height },
    6,
  );
  const levels = Array.from(outside, (distance) => -Math.min(6, distance));
  const known = (x: number, y: number) =>
    x >= 0 && x < width && y >= 0 && y < height && isKnown[y * width + x]!;
  const gradient = (values: readonly number[], x: number, y: number, dx: number, dy: number) => {
    const [after, before] = [known(x + dx, y + dy), known(x - dx, y - dy)];
    const value = (i: number, j: number) => values[j * width + i]!;
    if (after && before) return (value(x + dx, y + dy) - value(x - dx, y - dy)) / 2;
    if (after) return value(x + dx, y + dy) - value(x, y);
    return before ? value(x, y) - value(x - dx, y - dy) : 0;
  };
  marchInto(hole, { width, height }, Infinity, (pixel, distances) => {
    const [px, py] = [pixel % width, Math.floor(pixel / width)];
    levels[pixel] = distances[pixel]!;
    const normal = [gradient(levels, px, py, 1, 0), gradient(levels, px, py, 0, 1)] as const;
    let [sum, weights] = [0, 0];
    const neighbours: number[] = [];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const distance = Math.hypot(px - x, py - y);
        if (!known(x, y) || distance > 5) continue;
        const cosine = Math.abs((px - x) * normal[0] + (py - y) * normal[1]) / distance;
        const weight =
          Math.max(cosine, 1e-6) /
          distance ** 2 /
          (1 + Math.abs(levels[y * width + x]! - levels[pixel]));
        const value = image[y * width + x]!;
        const foretold =
          value + (px - x) * gradient(image, x, y, 1, 0) + (py - y) * gradient(image, x, y, 0, 1);
        neighbours.push(value);
        sum += weight * foretold;
        weights += weight;
      }
    image[pixel] = Math.min(
      Math.max(...neighbours),
      Math.max(Math.min(...neighbours), sum / weights),
    );
    isKnown[pixel] = true;
  });
  return image;
}

test('inpainting is what its equations say, in the middle, at edges and in corners', () => {
  const small = { width: 17, height: 13 };
  const random = randomNumbers(5);
  const plane = Array.from({ length: small.width * small.height }, (_, pixel) =>
    Math.fround(100 + 5 * (pixel % small.width) + random(0, 60)),
  );
  for (const [left, top, right, bottom] of [
    [7, 5, 11, 8],
    [0, 0, 2, 3],
    [14, 10, 17, 13],
    [15, 0, 16, 13],
    [1, 4, 4, 6],
    [4, 1, 6, 2],
    [3, 11, 15, 12],
  ] as const) {
    const hole = Uint8Array.from(plane, (_, pixel) => {
      const [x, y] = [pixel % small.width, Math.floor(pixel / small.width)];
      return Number(x >= left && x < right && y >= top && y < bottom);
    });
    const expected = slowInpaint(plane, hole, small);
    const result = Float32Array.from(plane);
    inpaint([result], hole, small);
    for (const [pixel, value] of expected.entries())
      assert.ok(
        Math.abs(result[pixel]! - value) < 0.01,
        `${result[pixel]} instead of ${value} at ${pixel % 17}, ${Math.floor(pixel / 17)}`,
      );
  }
});

test('the march reaches pixels in the order of their distance, which is that to the border', () => {
  const hole = disc(15);
  const order: number[] = [];
  const distances = marchInto(hole, size, Infinity, (pixel) => order.push(pixel));
  assert.equal(
    order.length,
    hole.reduce((sum, value) => sum + value, 0),
  );
  order.forEach((pixel, index) =>
    assert.ok(index === 0 || distances[pixel]! >= distances[order[index - 1]!]!),
  );
  const outside = [...hole.keys()].filter((pixel) => !hole[pixel]);
  for (const pixel of order) {
    const nearest = Math.min(
      ...outside.map((other) =>
        Math.hypot(
          (pixel % size.width) - (other % size.width),
          Math.floor(pixel / size.width) - Math.floor(other / size.width),
        ),
      ),
    );
    assert.ok(Math.abs(distances[pixel]! - nearest) < 0.6, `${distances[pixel]} is not ${nearest}`);
  }
});

test('a march with a limit goes no further', () => {
  const distances = marchInto(disc(15), size, 4);
  assert.ok(distances.includes(Infinity));
  assert.ok(distances.every((distance) => distance === Infinity || distance <= 4));
});

test('the heap gives back what was pushed, smallest key first', () => {
  const random = randomNumbers(1);
  const heap = new MinHeap();
  const keys = Array.from({ length: 500 }, () => Math.floor(random(0, 100)));
  keys.slice(0, 300).forEach((key, item) => heap.push(key, item));
  const first = Array.from({ length: 100 }, () => keys[heap.pop()!]!);
  keys.slice(300).forEach((key, item) => heap.push(key, 300 + item));
  const rest = Array.from({ length: 400 }, () => keys[heap.pop()!]!);
  assert.equal(heap.pop(), undefined);
  assert.deepEqual(
    first,
    keys
      .slice(0, 300)
      .sort((a, b) => a - b)
      .slice(0, 100),
  );
  assert.deepEqual(
    rest,
    [...rest].sort((a, b) => a - b),
  );
  assert.deepEqual(
    [...first, ...rest].sort((a, b) => a - b),
    [...keys].sort((a, b) => a - b),
  );
});
