import type { Size } from '../../../shared/geometry.ts';
import { MinHeap } from './min-heap.ts';

/**
 * Distance of each pixel of `hole` (1) to the nearest pixel outside of it, by fast marching
 * (Sethian 1996): solves |∇T| = 1 from the border inwards, up to `limit`. 0 outside the hole;
 * Infinity beyond the limit, and where there is nothing outside. `reached` is told of the hole's
 * pixels in the order of their distance.
 */
export function marchInto(
  hole: Uint8Array,
  { width, height }: Size,
  limit = Infinity,
  reached?: (pixel: number, distances: Float32Array) => void,
): Float32Array {
  const distances = Float32Array.from(hole, (inside) => (inside ? Infinity : 0));
  const heap = new MinHeap();
  const isFinal = Uint8Array.from(hole, (inside) => 1 - inside);
  const solveAround = (pixel: number): void => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    for (const [inPicture, at] of [
      [x > 0, pixel - 1],
      [x < width - 1, pixel + 1],
      [y > 0, pixel - width],
      [y < height - 1, pixel + width],
    ] as const) {
      if (!inPicture || isFinal[at]) continue;
      const distance = solve(distances, at, width, height);
      if (distance >= distances[at]! || distance > limit) continue;
      distances[at] = distance;
      heap.push(distance, at);
    }
  };
  hole.forEach((inside, pixel) => {
    if (!inside) solveAround(pixel);
  });
  for (let pixel = heap.pop(); pixel !== undefined; pixel = heap.pop()) {
    if (isFinal[pixel]) continue;
    isFinal[pixel] = 1;
    reached?.(pixel, distances);
    solveAround(pixel);
  }
  return distances;
}

/** The upwind solution at a pixel from the smaller of its neighbours on each axis. */
function solve(distances: Float32Array, pixel: number, width: number, height: number): number {
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  const across = Math.min(
    x > 0 ? distances[pixel - 1]! : Infinity,
    x < width - 1 ? distances[pixel + 1]! : Infinity,
  );
  const down = Math.min(
    y > 0 ? distances[pixel - width]! : Infinity,
    y < height - 1 ? distances[pixel + width]! : Infinity,
  );
  const apart = Math.abs(across - down);
  return apart < 1
    ? (across + down + Math.sqrt(2 - apart * apart)) / 2
    : Math.min(across, down) + 1;
}
