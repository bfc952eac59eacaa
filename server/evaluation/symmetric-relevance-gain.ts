import type { PictureGrid } from '../explain/iterative/picture-grid.ts';
import { randomNumbers } from '../explain/iterative/random.ts';
import { fillerOf, type Fill } from './fills.ts';
import { sizesOfChange, type Predict } from './predict.ts';

/** Parts of the picture that are flipped; at none and at all of it both orders are the same. */
export const FRACTIONS: readonly number[] = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9];

export interface FlipRequest {
  readonly picture: Float32Array;
  readonly grid: PictureGrid;
  /** Relevance of each pixel, row by row: how far from zero, whichever way. */
  readonly plane: Float32Array;
  readonly fill: Fill;
  readonly seed: number;
}

/** How far the answer changes with each part of the picture flipped. */
export interface FlipCurves {
  /** The most relevant pixels first. */
  readonly most: Float64Array;
  /** The least relevant ones first. */
  readonly least: Float64Array;
}

/**
 * Pictures with each of the fractions flipped, the most relevant pixels first, then those with the
 * least relevant first.
 */
export function flippedPictures({ picture, grid, plane, fill, seed }: FlipRequest): Float32Array[] {
  const order = fromMostRelevant(plane, seed);
  const filler = fillerOf(fill, picture, grid);
  return [order, order.toReversed()].flatMap((places) =>
    FRACTIONS.map((fraction, index) => {
      const missing = new Uint8Array(places.length);
      for (const place of places.subarray(0, Math.round(fraction * places.length)))
        missing[place] = 1;
      return filler(missing, seed + index);
    }),
  );
}

/** Places by their relevance; those of the same relevance in an order that the seed draws. */
export function fromMostRelevant(plane: Float32Array, seed: number): Uint32Array {
  const random = randomNumbers(seed);
  const lots = Float64Array.from(plane, () => random());
  return Uint32Array.from(plane.keys()).sort(
    (a, b) => plane[b]! - plane[a]! || lots[a]! - lots[b]!,
  );
}

/**
 * The curves of symmetric relevance gain (Blücher et al. 2024, arXiv 2401.06654) for a number
 * instead of a class: |f(x′) − f(x)|. `flip` may make the pictures elsewhere.
 */
export async function flipCurves(
  predict: Predict,
  { answer, ...request }: FlipRequest & { readonly answer: number },
  flip: (request: FlipRequest) => Float32Array[] | Promise<Float32Array[]> = flippedPictures,
): Promise<FlipCurves> {
  const changes = sizesOfChange(await predict(await flip(request)), answer);
  return { most: changes.slice(0, FRACTIONS.length), least: changes.slice(FRACTIONS.length) };
}

/**
 * The area between the two curves over the part flipped, 0…1: > 0 where flipping what the map calls
 * relevant changes more.
 */
export function symmetricGain({ most, least }: FlipCurves): number {
  const between = [0, ...most.map((value, index) => value - least[index]!), 0];
  const ends = [0, ...FRACTIONS, 1];
  let area = 0;
  for (let index = 1; index < ends.length; index++)
    area += ((between[index - 1]! + between[index]!) / 2) * (ends[index]! - ends[index - 1]!);
  return area;
}

/** The largest change that flipping made at all. */
export function reachOfCurves({ most, least }: FlipCurves): number {
  return Math.max(...most, ...least);
}
