import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomNumbers } from '../../support/network.ts';
import { relativeError } from '../../support/onnx-runtime.ts';
import { explain, imageOf, linear, randomPicture } from './plain-function.ts';

for (const layout of ['NCHW', 'NHWC'] as const) {
  test(`'rise' credits a pixel with what was seen through the masks that leave it open, ${layout}`, async () => {
    const image = imageOf(layout, 2, 9, 14);
    const picture = randomPicture(image);
    const random = randomNumbers(5);
    const weights = Float32Array.from(picture, () => random(-1, 1));
    const f = linear(weights);
    const { values, asked, note, progress } = await explain('rise', f, image, picture, {
      masks: 40,
      cells: 3,
      kept: 0.4,
    });
    assert.equal(note, '40 random masks.');
    assert.equal(asked.length, 40);
    assert.deepEqual(progress.at(-1), [40, 40]);
    // The masks are read from what the network was shown.
    const pixel = (channel: number, position: number) =>
      layout === 'NCHW' ? channel * 9 * 14 + position : 2 * position + channel;
    const answers = asked.map((each) => f.value(each));
    const mean = answers.reduce((sum, each) => sum + each, 0) / 40;
    const expected = new Float32Array(picture.length);
    for (let position = 0; position < 9 * 14; position++) {
      let sum = 0;
      asked.forEach((shown, index) => {
        const open = shown[pixel(0, position)]! / picture[pixel(0, position)]!;
        assert.ok(open >= 0 && open <= 1 + 1e-6);
        assert.ok(
          Math.abs(open * picture[pixel(1, position)]! - shown[pixel(1, position)]!) < 1e-5,
        );
        sum += (answers[index]! - mean) * open;
      });
      for (const channel of [0, 1]) expected[pixel(channel, position)] = sum / (40 * 0.4);
    }
    assert.ok(relativeError(values, expected) < 1e-4);
  });
}

test("'rise' finds the one place that a function looks at, through masks that are soft and differ", async () => {
  const image = imageOf('NCHW', 1, 24, 32);
  const weights = new Float32Array(24 * 32);
  for (let y = 8; y < 12; y++) for (let x = 20; x < 24; x++) weights[y * 32 + x] = 1;
  const picture = new Float32Array(24 * 32).fill(0.5);
  const { values, asked } = await explain('rise', linear(weights), image, picture, {
    masks: 400,
    cells: 6,
  });
  const best = values.indexOf(Math.max(...values));
  assert.ok(Math.abs(Math.floor(best / 32) - 9.5) <= 2 && Math.abs((best % 32) - 21.5) <= 2);
  // Half of the cells stay, and between two of them there is every shade.
  const shares = asked.map((shown) => shown.reduce((sum, value) => sum + value, 0) / 0.5 / 768);
  const mean = shares.reduce((sum, value) => sum + value, 0) / 400;
  assert.ok(Math.abs(mean - 0.5) < 0.02, String(mean));
  const shades = new Set(asked.flatMap((shown) => [...shown.slice(0, 32)]));
  assert.ok(shades.size > 1000);
  // Over a pixel, a mask changes by a sixth of the way at most: cells are four pixels wide.
  for (const shown of asked.slice(0, 20))
    for (let at = 1; at < 32; at++)
      assert.ok(Math.abs(shown[at]! - shown[at - 1]!) <= 0.5 / 4 + 1e-6);
});

test("'rise' is the same for the same seed, another for another, and fills what is closed as asked", async () => {
  const image = imageOf('NCHW', 1, 8, 8);
  const picture = randomPicture(image);
  const run = (options: Record<string, string | number>) =>
    explain('rise', linear(picture), image, picture, { masks: 10, ...options });
  const [first, again, other, mean] = [
    await run({}),
    await run({}),
    await run({ seed: 2 }),
    await run({ fill: 'mean' }),
  ];
  assert.deepEqual(first.values, again.values);
  assert.notDeepEqual(first.values, other.values);
  const average = picture.reduce((sum, value) => sum + value, 0) / 64;
  first.asked.forEach((shown, index) =>
    shown.forEach((value, at) => {
      const open = value / picture[at]!;
      const filled = open * picture[at]! + (1 - open) * average;
      assert.ok(Math.abs(mean.asked[index]![at]! - filled) < 1e-5);
    }),
  );
});
