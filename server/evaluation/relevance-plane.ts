import type { Size } from '../../shared/geometry.ts';
import { describeMethod } from '../../shared/methods.ts';
import type { ImageInput } from '../inference/explained-output.ts';
import { mapPlane } from '../results/map-plane.ts';

/**
 * How much a map says of each pixel of the network's picture, whichever way it steers: one number
 * ≥ 0 a pixel, row by row; of signed colours the size of their sum. Coarser maps are bilinear between
 * the middles of their cells, as they are drawn.
 */
export function relevancePlane(
  id: string,
  { values, dims }: { readonly values: Float32Array; readonly dims: readonly number[] },
  image: Pick<ImageInput, 'layout' | 'height' | 'width'>,
): Float32Array {
  const { kind, signed } = describeMethod(id)!;
  const plane = mapPlane({ values, dims, kind, signed, layout: image.layout });
  const sized = enlargedTo(plane, plane.values, image);
  return sized.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0));
}

function enlargedTo({ width, height }: Size, values: Float32Array, size: Size): Float32Array {
  if (width === size.width && height === size.height) return values;
  const columns = betweens(width, size.width);
  const rows = betweens(height, size.height);
  return Float32Array.from({ length: size.width * size.height }, (_, place) => {
    const row = rows[Math.floor(place / size.width)]!;
    const column = columns[place % size.width]!;
    const along = (y: number) =>
      values[y * width + column.low]! * (1 - column.share) +
      values[y * width + column.high]! * column.share;
    return along(row.low) * (1 - row.share) + along(row.high) * row.share;
  });
}

/** For each pixel the two cells that it lies between, and how far it is from the first. */
function betweens(cells: number, pixels: number) {
  return Array.from({ length: pixels }, (_, pixel) => {
    const position = ((pixel + 0.5) * cells) / pixels - 0.5;
    const inside = Math.min(cells - 1, Math.max(0, position));
    const low = Math.floor(inside);
    return { low, high: Math.min(cells - 1, low + 1), share: inside - low };
  });
}
