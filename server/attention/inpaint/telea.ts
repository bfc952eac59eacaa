import type { Size } from '../../../shared/geometry.ts';
import { marchInto } from './fast-marching.ts';

/** Telea's ε: how far around a pixel its value is gathered, in pixels. */
const RADIUS = 5;

/**
 * Continues the surroundings into `hole` (uint8 height × width, 1 inside), in place, on each of
 * `planes` (height × width values of 0…255): "An image inpainting technique based on the fast
 * marching method" (Telea 2004, doi 10.1080/10867651.2004.10487596). From the border inwards a
 * pixel becomes the mean of what its neighbours' values and gradients foretell, weighted by
 * direction, distance and level (equations 2–5). Unlike there it stays within the range of those
 * neighbours' values: a hole that cuts an object's soft edge would else be streaked with colours
 * that are nowhere in the picture. A hole without surroundings stays as it is.
 */
export function inpaint(planes: readonly Float32Array[], hole: Uint8Array, size: Size): void {
  const { width, height } = size;
  const isKnown = Uint8Array.from(hole, (inside) => 1 - inside);
  // Signed distances to the border: negative outside of the hole, as far as a neighbourhood
  // reaches.
  const levels = marchInto(isKnown, size, RADIUS + 1).map(
    (distance) => -Math.min(distance, RADIUS + 1),
  );
  const sums = new Float64Array(planes.length);
  const [least, most] = [new Float32Array(planes.length), new Float32Array(planes.length)];

  marchInto(hole, size, Infinity, (pixel, distances) => {
    const [px, py] = [pixel % width, Math.floor(pixel / width)];
    const here = (levels[pixel] = distances[pixel]!);
    const normalX = slope(levels, isKnown, pixel, 1, px > 0, px < width - 1);
    const normalY = slope(levels, isKnown, pixel, width, py > 0, py < height - 1);
    sums.fill(0);
    least.fill(255);
    most.fill(0);
    let weights = 0;
    for (let y = Math.max(0, py - RADIUS); y <= Math.min(height - 1, py + RADIUS); y++) {
      for (let x = Math.max(0, px - RADIUS); x <= Math.min(width - 1, px + RADIUS); x++) {
        const [dx, dy, at] = [px - x, py - y, y * width + x];
        const squared = dx * dx + dy * dy;
        if (!isKnown[at] || squared > RADIUS * RADIUS) continue;
        // Straight across the normal nothing would be left; a little keeps the sum above zero.
        const direction = Math.max(
          Math.abs(dx * normalX + dy * normalY) / Math.sqrt(squared),
          1e-6,
        );
        const weight = direction / squared / (1 + Math.abs(levels[at]! - here));
        weights += weight;
        for (let index = 0; index < planes.length; index++) {
          const plane = planes[index]!;
          const value = plane[at]!;
          const along =
            dx * slope(plane, isKnown, at, 1, x > 0, x < width - 1) +
            dy * slope(plane, isKnown, at, width, y > 0, y < height - 1);
          sums[index]! += weight * (value + along);
          least[index] = Math.min(least[index]!, value);
          most[index] = Math.max(most[index]!, value);
        }
      }
    }
    planes.forEach((plane, index) => {
      plane[pixel] = Math.min(most[index]!, Math.max(least[index]!, sums[index]! / weights));
    });
    isKnown[pixel] = 1;
  });
}

/** Difference per pixel along an axis, from the pixel and its known neighbours; 0 without any. */
function slope(
  values: Float32Array,
  isKnown: Uint8Array,
  pixel: number,
  step: number,
  hasBefore: boolean,
  hasAfter: boolean,
): number {
  const before = hasBefore && isKnown[pixel - step] ? 1 : 0;
  const after = hasAfter && isKnown[pixel + step] ? 1 : 0;
  return before + after === 0
    ? 0
    : (values[pixel + after * step]! - values[pixel - before * step]!) / (before + after);
}
