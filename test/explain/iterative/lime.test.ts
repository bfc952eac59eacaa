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
