import type { Size } from '../../../shared/geometry.ts';
import { marchInto } from './fast-marching.ts';

/** Telea's ε: how far around a pixel its value is gathered, in pixels. */
const RADIUS = 5;

/**
 * Continues the surroundings into `hole` (uint8 height × width, 1 inside), in place, on each of `planes` (height × width values of 0…255): "An image inpainting technique
 * based on the fast marching method" (Telea 2004, doi 10.1080/10867651.2004.10487596). From the border inwards a pixel becomes the mean of
 * what its neighbours' values and gradients foretell, weighted by direction, distance and level (equations 2–5). Unlike there it stays within the range of those
 * neighbours' values: a hole that cuts an object's soft edge would else be streaked with colours that are nowhere in the picture. A hole
 * without surroundings stays as it is.
 */
export function inpaint(planes: readonly Float32Array[], hole: Uint8Array, size: Size): void {
  const { width, height } = size;
  // Signed distances, negative outside of the hole, as far as a neighbourhood reaches.
  const outside = marchInto(hole.map((inside) => 1 - inside), size, RADIUS + 1);
  const isKnown = Uint8Array.from(hole, (inside) => 1 - inside);
  const level = (pixel: number, distances: Float32Array): number => (hole[pixel] ? distances[pixel]! : -Math.min(outside[pixel]!, RADIUS + 1));

  /** Difference along an axis from the known neighbours; 0 without any. */
  const gradient = (value: (pixel: number) => number, pixel: number, before: boolean, after: boolean, step: number): number => {
    const [from, to] = [before && isKnown[pixel - step] ? pixel - step : pixel, after && isKnown[pixel + step] ? pixel + step : pixel];
    return from === to ? 0 : (value(to) - value(from)) / ((to - from) / step);
  };
  const gradients = (value: (pixel: number) => number, x: number, y: number): readonly [number, number] => {
    const pixel = y * width + x;
    return [gradient(value, pixel, x > 0, x < width - 1, 1), gradient(value, pixel, y > 0, y < height - 1, width)];
  };

  marchInto(hole, size, Infinity, (pixel, distances) => {
    const [px, py] = [pixel % width, Math.floor(pixel / width)];
    isKnown[pixel] = 1;
    const [normalX, normalY] = gradients((at) => level(at, distances), px, py);
    isKnown[pixel] = 0;
    const here = distances[pixel]!;
    const sums = new Float64Array(planes.length);
    const [least, most] = [new Float32Array(planes.length).fill(255), new Float32Array(planes.length)];
    let weights = 0;
    for (let y = Math.max(0, py - RADIUS); y <= Math.min(height - 1, py + RADIUS); y++) {
      for (let x = Math.max(0, px - RADIUS); x <= Math.min(width - 1, px + RADIUS); x++) {
        const [dx, dy] = [px - x, py - y];
        const squared = dx * dx + dy * dy;
        const at = y * width + x;
        if (!isKnown[at] || squared > RADIUS * RADIUS) continue;
        // Straight across the normal nothing would be left; a little keeps the sum above zero.
        const direction = Math.max(Math.abs(dx * normalX + dy * normalY) / Math.sqrt(squared), 1e-6);
        const weight = direction / squared / (1 + Math.abs(level(at, distances) - here));
        weights += weight;
        planes.forEach((plane, index) => {
          const [gx, gy] = gradients((other) => plane[other]!, x, y);
          const value = plane[at]!;
          sums[index]! += weight * (value + gx * dx + gy * dy);
          if (value < least[index]!) least[index] = value;
          if (value > most[index]!) most[index] = value;
        });
      }
    }
    planes.forEach((plane, index) => { plane[pixel] = Math.min(most[index]!, Math.max(least[index]!, sums[index]! / weights)); });
    isKnown[pixel] = 1;
  });
}
