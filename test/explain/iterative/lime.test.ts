import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ridge } from '../../../server/explain/iterative/ridge.ts';
import { superpixels } from '../../../server/explain/iterative/slic.ts';
import { randomNumbers } from '../../support/network.ts';
import { relativeError } from '../../support/onnx-runtime.ts';
import { explain, imageOf, linear } from './plain-function.ts';

/** Four even quarters, bright enough apart that superpixels follow them. */
const image = imageOf('NCHW', 1, 24, 24);
const quarter = (position: number) =>
  (Math.floor(position / 24) < 12 ? 0 : 2) + (position % 24 < 12 ? 0 : 1);
const picture = Float32Array.from(
  { length: 576 },
  (_, position) => [0.1, 0.4, 0.7, 1][quarter(position)]!,
);

test("'lime' finds of a linear function what each superpixel brings", async () => {
  const random = randomNumbers(4);
  const weights = Float32Array.from({ length: 576 }, () => random(-1, 1));
  const { values, note } = await explain('lime', linear(weights), image, picture, {
    segments: 4,
    samples: 200,
    ridge: 0,
    fill: 'zero',
  });
  assert.match(note!, /^4 superpixels/);
  const brings = [0, 1, 2, 3].map((index) =>
    picture.reduce(
      (sum, value, position) =>
        sum + (quarter(position) === index ? weights[position]! * value : 0),
      0,
    ),
  );
  assert.ok(
    relativeError(
      values,
      Float32Array.from(picture, (_, position) => brings[quarter(position)]!),
    ) < 1e-4,
  );
});

test('the first sample is the picture itself, and the others cover whole superpixels', async () => {
  const { asked } = await explain('lime', linear(new Float32Array(576)), image, picture, {
    segments: 4,
    samples: 20,
    fill: 'zero',
  });
  assert.deepEqual(asked[0], picture);
  for (const sample of asked) {
    for (const index of [0, 1, 2, 3])
      assert.equal(new Set(sample.filter((_, position) => quarter(position) === index)).size, 1);
  }
  assert.ok(new Set(asked.map(String)).size > 5);
});

test('superpixels follow the colours, are connected, and cover the picture', () => {
  const random = randomNumbers(8);
  const [height, width] = [40, 60];
  const colors = Float32Array.from(
    { length: height * width * 3 },
    (_, index) => (Math.floor(index / 3) % width < 23 ? 20 : 80) + random(-3, 3),
  );
  const { labels, count } = superpixels({ colors, channels: 3, height, width, segments: 24 });
  assert.ok(count > 12 && count < 40, `${count} segments`);
  assert.deepEqual(
    [...new Set(labels)].sort((a, b) => a - b),
    Array.from({ length: count }, (_, index) => index),
  );
  const astride = labels.filter(
    (label, position) => position % width === 22 && labels[position + 1] === label,
  );
  assert.equal(astride.length, 0, 'a segment lies on both sides of the edge');
  for (let label = 0; label < count; label++) {
    const members = new Set([...labels.keys()].filter((position) => labels[position] === label));
    const reached = new Set<number>();
    const next = [[...members][0]!];
    while (next.length > 0) {
      const position = next.pop()!;
      if (!members.has(position) || reached.has(position)) continue;
      reached.add(position);
      next.push(position - width, position + width);
      if (position % width > 0) next.push(position - 1);
      if (position % width < width - 1) next.push(position + 1);
    }
    assert.equal(reached.size, members.size, `segment ${label} is in parts`);
  }
});

test('the ridge regression meets its normal equations', () => {
  const random = randomNumbers(2);
  const [count, features, penalty] = [40, 6, 0.7];
  const rows = Float64Array.from({ length: count * features }, () => random(-1, 1));
  const targets = Float64Array.from({ length: count }, () => random(-1, 1));
  const weights = Float64Array.from({ length: count }, () => random(0.1, 1));
  const beta = ridge({ rows, features, targets, weights, penalty });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const predicted = (row: number) =>
    beta.reduce((sum, value, feature) => sum + value * rows[row * features + feature]!, 0);
  const intercept =
    weights.reduce((sum, weight, row) => sum + weight * (targets[row]! - predicted(row)), 0) /
    total;
  // The derivative of the penalised sum of squares by every coefficient is zero.
  for (let feature = 0; feature < features; feature++) {
    const slope =
      weights.reduce(
        (sum, weight, row) =>
          sum -
          weight * (targets[row]! - intercept - predicted(row)) * rows[row * features + feature]!,
        0,
      ) +
      penalty * beta[feature]!;
    assert.ok(Math.abs(slope) < 1e-9, `coefficient ${feature}: ${slope}`);
  }
});

/** SLIC before its loose parts join others: for each pixel the nearest of the centres around it. */
function slowLabels(
  colors: readonly (readonly number[])[],
  height: number,
  width: number,
  segments: number,
): number[] {
  const spacing = Math.sqrt((height * width) / segments);
  const [rows, columns] = [Math.round(height / spacing), Math.round(width / spacing)];
  const inside = (at: number, length: number) => Math.min(length - 1, Math.max(0, at));
  const colorAt = (y: number, x: number) => colors[inside(y, height) * width + inside(x, width)]!;
  const squared = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0);
  const gradient = ([y, x]: readonly [number, number]) =>
    squared(colorAt(y, x + 1), colorAt(y, x - 1)) + squared(colorAt(y + 1, x), colorAt(y - 1, x));
  let centres = Array.from({ length: rows * columns }, (_, index) => {
    const [y, x] = [
      Math.floor(((Math.floor(index / columns) + 0.5) * height) / rows),
      Math.floor((((index % columns) + 0.5) * width) / columns),
    ];
    const places = [-1, 0, 1].flatMap((dy) =>
      [-1, 0, 1].map((dx) => [inside(y + dy, height), inside(x + dx, width)] as const),
    );
    // The middle stays where no other is flatter.
    const place = [[y, x] as const, ...places].reduce((a, b) =>
      gradient(b) < gradient(a) ? b : a,
    );
    return { color: colorAt(...place), y: place[0], x: place[1] };
  });
  let labels = new Array<number>(height * width).fill(-1);
  for (let round = 0; round < 10; round++) {
    labels = labels.map((before, position) => {
      const [y, x] = [Math.floor(position / width), position % width];
      const near = [...centres.entries()]
        .filter(
          ([, centre]) =>
            y >= Math.floor(centre.y - spacing) &&
            y <= Math.ceil(centre.y + spacing) &&
            x >= Math.floor(centre.x - spacing) &&
            x <= Math.ceil(centre.x + spacing),
        )
        .map(
          ([index, centre]) =>
            [
              squared(colors[position]!, centre.color) +
                (10 / spacing) ** 2 * ((y - centre.y) ** 2 + (x - centre.x) ** 2),
              index,
            ] as const,
        )
        .sort((a, b) => a[0] - b[0]);
      return near[0]?.[1] ?? before;
    });
    centres = centres.map((centre, index) => {
      const members = [...labels.keys()].filter((position) => labels[position] === index);
      const mean = (of: (position: number) => number) =>
        members.reduce((sum, position) => sum + of(position), 0) / members.length;
      return members.length === 0
        ? centre
        : {
            color: centre.color.map((_, channel) => mean((at) => colors[at]![channel]!)),
            y: mean((at) => Math.floor(at / width)),
            x: mean((at) => at % width),
          };
    });
  }
  return labels;
}

/** Pixels of one label that are joined by edges. */
function partsOf(labels: readonly number[], width: number): number[][] {
  const seen = new Set<number>();
  return [...labels.keys()].flatMap((start) => {
    if (seen.has(start)) return [];
    const part = [start];
    seen.add(start);
    for (const at of part)
      for (const next of [at - width, at + width, ...sideways(at, width)])
        if (labels[next] === labels[start] && !seen.has(next)) {
          seen.add(next);
          part.push(next);
        }
    return [part];
  });
}

function sideways(at: number, width: number): number[] {
  return [at - 1, at + 1].filter(
    (next) => next >= 0 && Math.floor(next / width) === Math.floor(at / width),
  );
}

test('superpixels are what k-means over colour and place gives, less the parts that are too small', () => {
  const [height, width, segments] = [18, 25, 14];
  const random = randomNumbers(12);
  const colors = Array.from({ length: height * width }, (_, position) => [
    30 + 2 * Math.floor(position / width) + random(-12, 12),
    50 + 20 * Math.sin(position / 3) + random(-5, 5),
  ]);
  const slow = partsOf(
    slowLabels(
      colors.map((color) => color.map(Math.fround)),
      height,
      width,
      segments,
    ),
    width,
  );
  const least = (height * width) / segments / 4;
  const large = slow.filter((part) => part.length >= least);
  assert.ok(large.length > 6 && large.length < slow.length, `${large.length} of ${slow.length}`);
  const { labels, count } = superpixels({
    colors: Float32Array.from(colors.flat()),
    channels: 2,
    height,
    width,
    segments,
  });
  assert.equal(count, new Set(labels).size);
  assert.equal(Math.max(...labels), count - 1);
  for (const part of large) assert.equal(new Set(part.map((at) => labels[at])).size, 1);
  assert.equal(new Set(large.map((part) => labels[part[0]!])).size, large.length);
  // Only the first part of all has nothing before it to join.
  assert.ok(count - large.length <= 1);
  assert.equal(partsOf([...labels], width).length, count);
});
