import type { Size } from '../../shared/geometry.ts';

/**
 * Replaces the covered pixels of a plane row by row: evenly from the pixel left of a gap to the one
 * right of it, at the border by the one neighbour there is. A row that is covered throughout stays
 * as it is. A pixel of the cover is `fineness` × `fineness` pixels of the plane.
 */
export function fillRows(
  plane: Uint8Array,
  cover: Uint8Array,
  { width, height }: Size,
  fineness = 1,
): void {
  const across = width * fineness;
  for (let row = 0; row < height * fineness; row++) {
    const line = Math.floor(row / fineness) * width;
    for (let x = 0; x < width; x++) {
      if (!cover[line + x]) continue;
      const first = x;
      while (x < width && cover[line + x]) x++;
      if (first === 0 && x === width) continue;
      const [from, to] = [row * across + first * fineness, row * across + x * fineness];
      const left = first > 0 ? plane[from - 1]! : plane[to]!;
      const right = x < width ? plane[to]! : left;
      const step = (right - left) / (to - from + 1);
      for (let at = from; at < to; at++) plane[at] = Math.round(left + step * (at - from + 1));
    }
  }
}
