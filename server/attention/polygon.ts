import type { Point, Size } from '../../shared/geometry.ts';

/**
 * A polygon as pixels, uint8 height × width, 1 inside. Points are in fractions of the frame and may
 * lie outside it; a pixel is inside where its centre is, by the even-odd rule, so that a
 * self-crossing polygon has a defined inside. Made once, not per frame.
 */
export function rasterise(points: readonly Point[], size: Size): Uint8Array {
  const region = new Uint8Array(size.width * size.height);
  for (let row = 0; row < size.height; row++) {
    const y = (row + 0.5) / size.height;
    const crossings = points
      .flatMap((point, index) => {
        const next = points[(index + 1) % points.length]!;
        // From the upper end, so that an edge that is walked both ways crosses at the same place to
        // the last bit.
        const [[x1, y1], [x2, y2]] = point[1] <= next[1] ? [point, next] : [next, point];
        return y1 <= y === y2 <= y ? [] : [x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)];
      })
      .sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const start = Math.max(0, Math.ceil(crossings[pair]! * size.width - 0.5));
      const end = Math.min(size.width, Math.ceil(crossings[pair + 1]! * size.width - 0.5));
      if (end > start) region.fill(1, row * size.width + start, row * size.width + end);
    }
  }
  return region;
}
