import type { Size } from '../../shared/geometry.ts';
import type { PictureGrid } from '../explain/iterative/picture-grid.ts';
import { noisyLinear } from './noisy-linear.ts';

/** Of the map's largest value: what lies above belongs to class 1. */
export const THRESHOLD = 0.25;
/** Class 1 is widened by 30 pixels of a picture so wide. */
export const WIDENING = 30 / 640;
/** Furthest shift, as a part of the picture's width, and how many there are to each side. */
const [FURTHEST, EACH_SIDE] = [0.04, 3];

/** Pictures of one part of one picture. */
export const PASSES_OF_SHIFTS = 2 * EACH_SIDE;
/** The gaps are narrow, and what fills them need not be exact. */
const TOLERANCE = 1e-2;

export interface ShiftRequest {
  readonly picture: Float32Array;
  readonly grid: PictureGrid;
  /** 1: the pixel belongs to class 1. */
  readonly salient: Uint8Array;
  readonly which: ShiftedPart;
}

/** Class 1, what is salient; class 2, the rest; or all of the picture. */
export type ShiftedPart = 'salient' | 'rest' | 'whole';

/** Whole pixels to the right, without 0. */
export function shiftsOf({ width }: Pick<Size, 'width'>): readonly number[] {
  const step = Math.max(1, Math.round((FURTHEST * width) / EACH_SIDE));
  return Array.from({ length: 2 * EACH_SIDE + 1 }, (_, index) => (index - EACH_SIDE) * step).filter(
    (by) => by !== 0,
  );
}

/**
 * Class 1 of the shift experiment: pixels over the threshold, and all that lie within `widening`
 * pixels of one, along both axes.
 */
export function salientClass(
  plane: Float32Array,
  { width, height }: Size,
  { threshold = THRESHOLD, widening = Math.round(WIDENING * width) } = {},
): Uint8Array {
  const most = plane.reduce((high, value) => Math.max(high, value), 0);
  const over = Uint8Array.from(plane, (value) => (most > 0 && value > threshold * most ? 1 : 0));
  const wide = widened(over, width, height, 1, width, widening);
  return widened(wide, height, width, width, 1, widening);
}

/** Along lines of `length` pixels, `step` apart; the lines lie `lineStep` apart. */
function widened(
  mask: Uint8Array,
  length: number,
  lines: number,
  step: number,
  lineStep: number,
  by: number,
): Uint8Array {
  const result = new Uint8Array(mask.length);
  for (let line = 0; line < lines; line++) {
    for (let at = 0, until = -1; at < length + by; at++) {
      if (at < length && mask[line * lineStep + at * step] === 1) until = at + 2 * by;
      if (at >= by && at <= until) result[line * lineStep + (at - by) * step] = 1;
    }
  }
  return result;
}

/** A picture for each shift. Class 1 lies above class 2; what nothing covers any more is filled. */
export function shiftedPictures({ picture, grid, salient, which }: ShiftRequest): Float32Array[] {
  return shiftsOf(grid).map((by) => shifted(picture, grid, salient, which, by));
}

function shifted(
  picture: Float32Array,
  grid: PictureGrid,
  salient: Uint8Array,
  which: ShiftedPart,
  by: number,
): Float32Array {
  const { width, channels, plane, step } = grid;
  const moves = (isSalient: boolean) =>
    which === 'whole' || (which === 'salient') === isSalient ? by : 0;
  const [above, below] = [moves(true), moves(false)];
  const from = (place: number, shift: number, wanted: number) => {
    const column = (place % width) - shift;
    return column >= 0 && column < width && salient[place - shift] === wanted ? place - shift : -1;
  };
  const result = picture.slice();
  const missing = new Uint8Array(salient.length);
  for (let place = 0; place < salient.length; place++) {
    const top = from(place, above, 1);
    const source = top >= 0 ? top : from(place, below, 0);
    if (source < 0) missing[place] = 1;
    else
      for (let channel = 0; channel < channels; channel++)
        result[channel * plane + place * step] = picture[channel * plane + source * step]!;
  }
  return noisyLinear({ picture: result, grid, missing, noise: 0, tolerance: TOLERANCE });
}

/** Change of the answer for each pixel to the right: the line through 0 that fits best. */
export function slopeOf(shifts: readonly number[], changes: ArrayLike<number>): number {
  let [together, size] = [0, 0];
  shifts.forEach((by, index) => {
    together += by * changes[index]!;
    size += by * by;
  });
  return together / size;
}

/**
 * How much of the slope of the whole picture a class has: the factor that fits best over all
 * pictures. null where the whole picture's shift changes nothing.
 */
export function partOfWhole(slopes: readonly number[], whole: readonly number[]): number | null {
  let [together, size] = [0, 0];
  slopes.forEach((slope, index) => {
    together += slope * whole[index]!;
    size += whole[index]! ** 2;
  });
  return size > 0 ? together / size : null;
}
