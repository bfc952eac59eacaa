import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relativeError } from '../../support/onnx-runtime.ts';
import { explain, imageOf, randomPicture } from './plain-function.ts';

/** Neighbours multiply, so that what a window takes away depends on more than its own pixels. */
const value = (picture: Float32Array) =>
  picture.reduce(
    (sum, each, index) => sum + each * (picture[index + 1] ?? 1) * ((index % 7) - 2),
    0,
  );

/** Window by window, pixel by pixel, with indices [c][y][x] throughout. */
function slowOcclusion(
  picture: Float32Array,
  layout: 'NCHW' | 'NHWC',
  [channels, height, width]: readonly [number, number, number],
  window: readonly [number, number],
  stride: readonly [number, number],
  fill: number,
): Float32Array {
  const at = (c: number, y: number, x: number) =>
    layout === 'NCHW' ? (c * height + y) * width + x : (y * width + x) * channels + c;
  const credit = new Float64Array(picture.length);
  const times = new Float64Array(picture.length);
  for (let top = 0; ; top += stride[0]) {
    for (let left = 0; ; left += stride[1]) {
      const covered = picture.slice();
      const pixels: number[] = [];
      for (let c = 0; c < channels; c++)
        for (let y = top; y < top + window[0]; y++)
          for (let x = left; x < left + window[1]; x++)
            if (y < height && x < width) pixels.push(at(c, y, x));
      for (const pixel of pixels) covered[pixel] = fill;
      for (const pixel of pixels) {
        credit[pixel]! += value(picture) - value(covered);
        times[pixel]!++;
      }
      if (left + window[1] >= width) break;
    }
    if (top + window[0] >= height) break;
  }
  return Float32Array.from(credit, (sum, pixel) => sum / times[pixel]!);
}

for (const layout of ['NCHW', 'NHWC'] as const) {
  for (const [window, stride] of [
    [
      [3, 4],
      [3, 4],
    ],
    [
      [4, 5],
      [2, 3],
    ],
    [
      [1, 1],
      [1, 1],
    ],
    [
      [20, 30],
      [1, 1],
    ],
    [
      [3, 3],
      [2, 2],
    ],
  ] as const) {
    test(`'occlusion' equals plain loops: ${layout}, windows of ${window.join('×')} every ${stride.join('×')}`, async () => {
      const image = imageOf(layout, 3, 8, 13);
      const picture = randomPicture(image);
      const { values, dims } = await explain('occlusion', { value }, image, picture, {
        height: window[0],
        width: window[1],
        'stride-y': stride[0],
        'stride-x': stride[1],
      });
      assert.deepEqual(dims, layout === 'NCHW' ? [1, 3, 8, 13] : [1, 8, 13, 3]);
      const expected = slowOcclusion(
        picture,
        layout,
        [3, 8, 13],
        [Math.min(8, window[0]), Math.min(13, window[1])],
        stride,
        0,
      );
      assert.ok(relativeError(values, expected) < 1e-6);
    });
  }
}

test('windows are covered by what was asked for', async () => {
  const image = imageOf('NHWC', 3, 6, 6);
  const picture = randomPicture(image);
  const meanRed =
    picture.filter((_, index) => index % 3 === 0).reduce((sum, red) => sum + red, 0) / 36;
  const options = { height: 6, width: 6, 'stride-y': 6, 'stride-x': 6 };
  const covers = await Promise.all(
    ['zero', 'low', 'mean'].map((fill) =>
      explain(
        'occlusion',
        { value },
        image,
        picture,
        { ...options, fill },
        { range: { low: [-1, -2, -3], high: [1, 1, 1], isGiven: true } },
      ),
    ),
  );
  const [zero, low, mean] = covers.map(({ asked }) => [...asked[1]!.subarray(0, 3)]);
  assert.deepEqual(zero, [0, 0, 0]);
  assert.deepEqual(low, [-1, -2, -3]);
  assert.ok(Math.abs(mean![0]! - meanRed) < 1e-6);
});

test('a stride that leaves pixels uncovered is refused by name', async () => {
  const image = imageOf('NCHW', 1, 9, 9);
  await assert.rejects(
    explain('occlusion', { value }, image, randomPicture(image), { width: 2, 'stride-x': 3 }),
    { code: 'METHOD_OPTION_INVALID', message: /stride-x=3/ },
  );
});

test('progress counts every window, and an abort ends it with its reason', async () => {
  const image = imageOf('NCHW', 1, 9, 9);
  const options = { height: 3, width: 3, 'stride-y': 3, 'stride-x': 3 };
  const { progress } = await explain('occlusion', { value }, image, randomPicture(image), options);
  assert.deepEqual(
    progress,
    Array.from({ length: 9 }, (_, index) => [index + 1, 9]),
  );
  const abort = new AbortController();
  const reason = new Error('enough');
  const done: number[] = [];
  const more = {
    signal: abort.signal,
    progress: (count: number) => {
      done.push(count);
      if (count === 2) abort.abort(reason);
    },
  };
  await assert.rejects(
    explain('occlusion', { value }, image, randomPicture(image), options, more),
    reason,
  );
  assert.deepEqual(done, [1, 2]);
});
