import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planeGraph, type ResultForm } from '../../server/pipeline/frame-graph/plane-graph.ts';
import type { PictureGrid } from '../../server/pipeline/frame-graph/plane.ts';
import { randomNumbers } from '../support/network.ts';
import { floats, runNetwork } from '../support/onnx-runtime.ts';

const [height, width] = [12, 20];
const pixels = height * width;
const grid = (layout: PictureGrid['layout'], channels: number): PictureGrid => ({
  layout,
  channels,
  height,
  width,
});

async function planeOf(
  values: ArrayLike<number>,
  form: ResultForm,
  picture: PictureGrid,
): Promise<number[]> {
  const { bytes } = await runNetwork(planeGraph(form, picture), {
    values: floats(form.dims, values),
  });
  assert.deepEqual(bytes!.dims, [1, pixels]);
  return [...bytes!.data];
}

/**
 * Values of one plane as bytes: divided by the smaller of the largest size and eight times the root
 * mean square.
 */
function slowBytes(plane: readonly number[], signed: boolean): number[] {
  const shown = Math.min(
    Math.max(...plane.map(Math.abs)),
    8 * Math.sqrt(plane.reduce((sum, value) => sum + value * value, 0) / plane.length),
  );
  return plane.map((value) => {
    const share = shown > 0 ? Math.min(1, Math.max(-1, value / shown)) : 0;
    return Math.round(signed ? 128 + 127 * share : 255 * Math.abs(share));
  });
}

function assertBytes(found: readonly number[], expected: readonly number[]): void {
  // Half-way values may be rounded either way in float32.
  const wrong = found.filter((value, pixel) => Math.abs(value - expected[pixel]!) > 1).length;
  const offByOne = found.filter((value, pixel) => value !== expected[pixel]).length;
  assert.equal(found.length, expected.length);
  assert.ok(
    wrong === 0 && offByOne < 0.02 * pixels,
    `${wrong} bytes are wrong, ${offByOne} off by one`,
  );
}

const random = randomNumbers(4);
const signedNoise = (count: number) => Array.from({ length: count }, () => random(-1, 1) ** 3);

for (const layout of ['NCHW', 'NHWC'] as const) {
  for (const channels of [1, 3]) {
    const dims = layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels];
    const at = (channel: number, pixel: number) =>
      layout === 'NCHW' ? channel * pixels + pixel : pixel * channels + channel;
    const perPixel = (
      values: readonly number[],
      join: (channelValues: readonly number[]) => number,
    ) =>
      Array.from({ length: pixels }, (_, pixel) =>
        join(Array.from({ length: channels }, (__, channel) => values[at(channel, pixel)]!)),
      );

    test(`a signed attribution of ${channels} ${layout} channels is shown as their sum`, async () => {
      const values = signedNoise(channels * pixels);
      const sums = perPixel(values, (list) => list.reduce((sum, value) => sum + value, 0));
      assertBytes(
        await planeOf(values, { kind: 'attribution', signed: true, dims }, grid(layout, channels)),
        slowBytes(sums, true),
      );
    });

    test(`an attribution without signs of ${channels} ${layout} channels is shown by its largest size`, async () => {
      const values = signedNoise(channels * pixels);
      const sizes = perPixel(values, (list) => Math.max(...list.map(Math.abs)));
      assertBytes(
        await planeOf(values, { kind: 'attribution', signed: false, dims }, grid(layout, channels)),
        slowBytes(sizes, false),
      );
    });
  }
}

test('an activation map is sampled bilinearly, its cells sharing the picture out evenly', async () => {
  const [rows, columns] = [3, 5];
  const values = Array.from({ length: rows * columns }, () => random());
  const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value));
  const sampled = Array.from({ length: pixels }, (_, pixel) => {
    const y = ((Math.floor(pixel / width) + 0.5) / height) * rows - 0.5;
    const x = (((pixel % width) + 0.5) / width) * columns - 0.5;
    let sum = 0;
    for (const [dy, wy] of [
      [0, 1 - (y - Math.floor(y))],
      [1, y - Math.floor(y)],
    ] as const) {
      for (const [dx, wx] of [
        [0, 1 - (x - Math.floor(x))],
        [1, x - Math.floor(x)],
      ] as const)
        sum +=
          wy *
          wx *
          values[
            clamp(Math.floor(y) + dy, rows - 1) * columns + clamp(Math.floor(x) + dx, columns - 1)
          ]!;
    }
    return sum;
  });
  for (const signed of [false, true]) {
    assertBytes(
      await planeOf(
        values,
        { kind: 'activation-map', signed, dims: [1, 1, rows, columns] },
        grid('NCHW', 3),
      ),
      slowBytes(sampled, signed),
    );
  }
});

test('a mask is shown as it is', async () => {
  const values = Array.from({ length: pixels }, (_, pixel) => pixel / (pixels - 1));
  assertBytes(
    await planeOf(
      values,
      { kind: 'mask', signed: false, dims: [1, 1, height, width] },
      grid('NHWC', 3),
    ),
    values.map((value) => Math.round(255 * value)),
  );
});

const form = { kind: 'attribution', signed: true, dims: [1, 1, height, width] } as const;

test('a single strong value saturates, so that the others can be seen', async () => {
  const values = Array.from({ length: pixels }, (_, pixel) =>
    pixel === 50 ? -1000 : pixel % 2 === 0 ? 1 : -1,
  );
  // Alone among so few pixels it can be 15 times the root mean square at most.
  const found = await planeOf(values, form, grid('NCHW', 1));
  assertBytes(found, slowBytes(values, true));
  assert.equal(found[50], 1);
  const shown = 8 * Math.sqrt((1e6 + pixels - 1) / pixels);
  assert.ok(shown < 1000);
});

test('a map of zeros is zero everywhere: 128 with signs, 0 without', async () => {
  const zeros = new Array<number>(pixels).fill(0);
  assert.deepEqual(
    await planeOf(zeros, form, grid('NCHW', 1)),
    zeros.map(() => 128),
  );
  assert.deepEqual(await planeOf(zeros, { ...form, signed: false }, grid('NCHW', 1)), zeros);
});

test('a map is shown alike at every scale that float32 has room for', async () => {
  const values = signedNoise(pixels);
  const expected = slowBytes(values, true);
  for (const scale of [1e-25, 1e-6, 1, 1e12, 1e37])
    assertBytes(
      await planeOf(
        values.map((value) => value * scale),
        form,
        grid('NCHW', 1),
      ),
      expected,
    );
  assert.deepEqual(
    await planeOf(
      values.map((value) => value * 1e-36),
      form,
      grid('NCHW', 1),
    ),
    values.map(() => 128),
  );
});

test('values of one sign only use their half of the bytes, and the opposite map mirrors them', async () => {
  const values = Array.from({ length: pixels }, () => random(0.1, 1));
  const up = await planeOf(values, form, grid('NCHW', 1));
  const down = await planeOf(
    values.map((value) => -value),
    form,
    grid('NCHW', 1),
  );
  assert.ok(up.every((value) => value > 128) && up.includes(255));
  assert.ok(down.every((value) => value < 128) && down.includes(1));
  assert.ok(up.every((value, pixel) => Math.abs(value - 128 - (128 - down[pixel]!)) <= 1));
});
