import type { Fill } from '../../../shared/flags.ts';
import type { Size } from '../../../shared/geometry.ts';
import { boundsOf } from '../off-road-region.ts';
import { inpaint } from './telea.ts';

/**
 * A picture with the pixels of `cover` (uint8 height × width, 1 inside, at least one) replaced.
 * `bytes`: planes one after the other, each height × width; they are left as they are. A cover that
 * leaves nothing of the picture changes nothing.
 */
export function filled(
  fill: Fill,
  bytes: Uint8Array,
  cover: Uint8Array,
  size: Size,
): Uint8Array<ArrayBuffer> {
  const pixels = size.width * size.height;
  const planes = Array.from({ length: bytes.length / pixels }, (_, plane) =>
    Float32Array.from(bytes.subarray(plane * pixels, (plane + 1) * pixels)),
  );
  if (fill === 'inpaint') inpaint(planes, cover, size);
  else if (fill === 'blur') for (const plane of planes) blurInto(plane, cover, size);
  else for (const plane of planes) meanInto(plane, cover);
  const result = new Uint8Array(bytes.length);
  planes.forEach((plane, index) =>
    plane.forEach((value, pixel) => {
      result[index * pixels + pixel] = Math.round(value);
    }),
  );
  return result;
}

function meanInto(plane: Float32Array, cover: Uint8Array): void {
  let [sum, count] = [0, 0];
  plane.forEach((value, pixel) => {
    if (cover[pixel]) return;
    sum += value;
    count++;
  });
  if (count > 0)
    cover.forEach((inside, pixel) => {
      if (inside) plane[pixel] = sum / count;
    });
}

/**
 * A Gaussian mean of what lies outside the cover (Knutsson & Westin 1993, normalised convolution),
 * as wide as the cover's shorter half side: from its middle, the surroundings are one σ away.
 */
function blurInto(plane: Float32Array, cover: Uint8Array, size: Size): void {
  const bounds = boundsOf(cover, size);
  const sigma = Math.max(1, Math.min(bounds.width, bounds.height) / 2);
  const known = Float32Array.from(cover, (inside) => 1 - inside);
  const values = gaussian(
    plane.map((value, pixel) => value * known[pixel]!),
    size,
    sigma,
  );
  const weights = gaussian(known, size, sigma);
  cover.forEach((inside, pixel) => {
    if (inside && weights[pixel]! > 1e-6) plane[pixel] = values[pixel]! / weights[pixel]!;
  });
}

function gaussian(plane: Float32Array, { width, height }: Size, sigma: number): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const window = Float32Array.from({ length: 2 * reach + 1 }, (_, at) =>
    Math.exp(-((at - reach) ** 2) / (2 * sigma * sigma)),
  );
  const along = (
    from: Float32Array,
    step: number,
    side: number,
    positionOf: (pixel: number) => number,
  ) =>
    from.map((_, pixel) => {
      const position = positionOf(pixel);
      let sum = 0;
      for (let at = Math.max(-reach, -position); at <= Math.min(reach, side - 1 - position); at++)
        sum += window[at + reach]! * from[pixel + at * step]!;
      return sum;
    });
  return along(
    along(plane, 1, width, (pixel) => pixel % width),
    width,
    height,
    (pixel) => Math.floor(pixel / width),
  );
}
