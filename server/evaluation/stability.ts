import { randomNumbers } from '../explain/iterative/random.ts';
import { extent } from '../explain/iterative/picture-grid.ts';

/** How far every value of a picture may move, as a part of what its values span. */
export const RADIUS = 0.02;
/** Pictures that are tried. */
export const TRIES = 4;

/** Copies of a picture, each value moved by at most the radius, evenly drawn. */
export function disturbedPictures(picture: Float32Array, seed: number): Float32Array[] {
  const random = randomNumbers(seed);
  const { low, high } = extent(picture);
  const radius = RADIUS * (high - low);
  return Array.from({ length: TRIES }, () =>
    picture.map((value) => Math.min(high, Math.max(low, value + radius * (2 * random() - 1)))),
  );
}

/**
 * Max-sensitivity (Yeh et al. 2019, arXiv 1901.09392), as a part of the map's own length: the
 * furthest that any disturbed picture's map lies from the map. NaN where that is empty.
 */
export function maxSensitivity(plane: Float32Array, disturbed: readonly Float32Array[]): number {
  const furthest = disturbed.map((each) =>
    lengthOf(each.map((value, place) => value - plane[place]!)),
  );
  return Math.max(...furthest) / lengthOf(plane);
}

function lengthOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
