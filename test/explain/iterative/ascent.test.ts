import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, imageOf, linear, type PlainFunction } from './plain-function.ts';

const image = imageOf('NHWC', 3, 6, 8);
const empty = new Float32Array(144);
const weights = Float32Array.from({ length: 144 }, (_, index) => Math.sin(index / 5));
/** Saturates, as a steering output does. */
const steering: PlainFunction = {
  value: (x) => Math.tanh(linear(weights).value(x) / 10),
  gradient: (x) =>
    weights.map((weight) => (weight * (1 - Math.tanh(linear(weights).value(x) / 10) ** 2)) / 10),
};
const turned: PlainFunction = {
  value: (x) => -steering.value(x),
  gradient: (x) => steering.gradient!(x).map((value) => -value),
};
const still = { blur: 0, jitter: 0, lambda: 0 };
const range = { low: [0, -1, 10], high: [1, 1, 30], isGiven: true };

test("'ascent' makes the explained output larger, and smaller where it is turned round", async () => {
  const middle = empty.map(() => 0.5);
  for (const f of [steering, turned]) {
    const { values, dims, note } = await explain('ascent', f, image, empty, {
      steps: 40,
      jitter: 0,
    });
    assert.deepEqual(dims, [1, 6, 8, 3]);
    const [before, after] = [
      f.value(middle),
      f.value(values.map((value, index) => value + middle[index]!)),
    ];
    assert.ok(after > before + 0.3, `from ${before} to ${after}`);
    assert.match(note!, /rose from/);
  }
});

test('the picture never leaves the range of the input', async () => {
  const { values } = await explain(
    'ascent',
    linear(weights),
    image,
    empty,
    { ...still, steps: 300 },
    { range },
  );
  values.forEach((value, index) =>
    assert.ok(Math.abs(value) <= [0.5, 1, 10][index % 3]! * (1 + 1e-6)),
  );
  assert.ok(values.some((value, index) => Math.abs(value) > 0.99 * [0.5, 1, 10][index % 3]!));
});

test('a larger penalty gives weaker colours', async () => {
  const strength = async (lambda: number) =>
    (
      await explain('ascent', linear(weights), image, empty, { ...still, steps: 60, lambda })
    ).values.reduce((sum, value) => sum + value * value, 0);
  assert.ok((await strength(1e4)) < 0.5 * (await strength(0)));
});

test('a blur smooths, and a shift back undoes the jitter', async () => {
  const roughness = (values: Float32Array) =>
    values.reduce(
      (sum, value, index) => sum + (index % 24 < 21 ? (value - values[index + 3]!) ** 2 : 0),
      0,
    ) / values.reduce((sum, value) => sum + value * value, 0);
  const noisy = linear(weights.map((_, index) => ((index * 7919) % 13) - 6));
  const run = (options: object) =>
    explain('ascent', noisy, image, empty, { ...still, steps: 40, ...options });
  assert.ok(roughness((await run({ blur: 1.5 })).values) < roughness((await run({})).values));
  // One bright column: with a function that is even in all shifts, jitter changes nothing.
  const even = linear(new Float32Array(144).fill(1));
  assert.deepEqual(
    (await explain('ascent', even, image, empty, { ...still, steps: 5, jitter: 3 })).values,
    (await explain('ascent', even, image, empty, { ...still, steps: 5 })).values,
  );
});

test('a function that does not react to grey is told, and noise may wake it', async () => {
  const corner: PlainFunction = {
    value: (x) => Math.max(0, x[0]! - 0.5) ** 2,
    gradient: (x) => x.map((value, index) => (index === 0 ? 2 * Math.max(0, value - 0.5) : 0)),
  };
  const { values, note } = await explain('ascent', corner, image, empty, { ...still, steps: 5 });
  assert.ok(values.every((value) => value === 0));
  assert.match(note!, /start=noise/);
  const woken = await Promise.all(
    [1, 2, 3, 4].map((seed) =>
      explain('ascent', corner, image, empty, { ...still, steps: 5, start: 'noise', seed }),
    ),
  );
  assert.ok(woken.some(({ values: found }) => found[0]! > 0.05));
});
