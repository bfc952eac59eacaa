import type { OffsetProposal } from '../../shared/protocol/steering-messages.ts';
import { sampleAt } from '../drive/log/drive-log.ts';

/** Numbers at times (s) that strictly ascend; NaN where there is none. */
export interface Curve {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface OffsetSearch {
  /** null: nothing can be proposed. */
  readonly proposal: OffsetProposal | null;
  /** Why not, a sentence that begins with `No offset is proposed`; null where one is. */
  readonly reason: string | null;
}

/** s; of a grid fine enough for a wheel, and coarse enough for hours. */
const STEP = 0.05;
/** s to both sides at most; a third of what both have in common at most. */
const LARGEST_OFFSET = 15;
/** How fast a curve turns is taken over so many steps to both sides: neither noise nor drift. */
const HALF_SPAN = 8;
/** Steps of the wish by which all offsets are tried; those near the best by all steps. */
const TRIED_BY = 8000;
/** Fewer seconds in common tell nothing. */
const SHORTEST = 10;
const WEAKEST = 0.3;
/** Standard deviations of a correlation by chance, over all offsets. */
const SIGNIFICANT = 4.5;
/** What else correlates nearly as well, as a share of the best. */
const AMBIGUOUS = 0.85;
/** s; a peak that is wider at half its height says too little of where it is. */
const WIDEST = 3;
/** s; halves that want offsets further apart have no common one. */
const LARGEST_SPREAD = 0.5;
/** Slopes further from zero than so many usual ones are cut, so that a jerk is not all that counts. */
const OUTLIER = 6;
const ROUNDING = 1e-9;

/**
 * Proposes by how much a log is to be moved, by the correlation of how fast the network's wish and
 * the log turn. Scale and constant error of either do not matter, gaps are left out and never
 * bridged. Nothing is proposed where the best offset is weak, wide, at the end of what was searched,
 * or not much better than another one.
 */
export function proposeOffset(wish: Curve, log: Curve): OffsetSearch {
  const start = wish.times[0] ?? 0;
  const steps = Math.floor(((wish.times.at(-1) ?? 0) - start) / STEP) + 1;
  const seconds = steps * STEP;
  const most = Math.floor(Math.min(LARGEST_OFFSET, seconds / 3) / STEP);
  if (seconds < SHORTEST) return none(`there are less than ${SHORTEST} s to go by`);
  const wishes = gridOf(wish, start, steps);
  const logged = gridOf(log, start - most * STEP, steps + 2 * most);
  const wanted = slopes(wishes);
  // Where the log is not moved, step `most` of it is the first one of the wish.
  const driven = slopes(logged);
  if (!clip(wanted, largest(wishes)) || !clip(driven, largest(logged)))
    return none('one of the curves does not turn');

  const whole = { wanted, driven, most, from: 0, to: steps, by: 1 };
  const some = { ...whole, by: Math.max(1, Math.floor(steps / TRIED_BY)) };
  const all = Float64Array.from({ length: 2 * most + 1 }, (_, i) => correlation(some, i - most));
  let best = 0;
  for (const [i, value] of all.entries())
    if (Math.abs(value) > Math.abs(all[best]!) || Number.isNaN(all[best]!)) best = i;
  const peak = all[best]!;
  const now = all[most]!;
  if (!(Math.abs(peak) >= WEAKEST)) return none('the curves have too little in common');
  const { low, high } = lobe(all, best);
  const independent = (whole.to * STEP) / Math.max(2 * STEP, (high - low) * STEP);
  if (
    Math.atanh(Math.min(0.9999, Math.abs(peak))) * Math.sqrt(Math.max(0, independent - 3)) <
    SIGNIFICANT
  )
    return none('the curves have too little in common');
  if ((high - low) * STEP > 2 * WIDEST)
    return none('the curves turn too slowly to tell where they belong');
  if (best <= 1 || best >= all.length - 2)
    return none(`the best one lies ${(most * STEP).toFixed(0)} s away or further`);
  const width = high - low;
  for (const [i, value] of all.entries())
    if ((i < low - width || i > high + width) && Math.abs(value) > AMBIGUOUS * Math.abs(peak))
      return none('several fit nearly as well');

  const flip = peak < 0;
  const halves = [0, 1].map((half) => {
    const part = { ...some, from: (half * steps) >> 1, to: ((half + 1) * steps) >> 1 };
    return partPeak(part, best - most, flip, Math.round((2 * LARGEST_SPREAD) / STEP));
  });
  const [first, second] = halves;
  const spread = first !== null && second !== null ? Math.abs(first! - second!) * STEP : 0;
  if (spread > LARGEST_SPREAD)
    return none(
      `the first half of the drive fits best at ${signed(-first! * STEP)} s and the second at ${signed(-second! * STEP)} s: the clocks run apart`,
    );
  const [before, at, after] = [-1, 0, 1].map((step) => correlation(whole, best - most + step));
  const shift = best - most + vertex(before!, at!, after!);
  return {
    proposal: {
      // The log is read `shift` steps later: what it says comes earlier by as much.
      offset: Math.round(-shift * STEP * 1000) / 1000 + 0,
      flip,
      correlation: Math.abs(at!),
      now,
    },
    reason: null,
  };
}

function none(why: string): OffsetSearch {
  return { proposal: null, reason: `No offset is proposed: ${why}.` };
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}

function gridOf({ times, values }: Curve, start: number, steps: number): Float64Array {
  return Float64Array.from({ length: steps }, (_, i) => sampleAt(times, values, start + i * STEP));
}

/** Means of two neighbouring spans, one less the other; NaN where any of the values is missing. */
function slopes(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  const missing = new Int32Array(values.length + 1);
  for (const [i, value] of values.entries()) {
    const isMissing = Number.isNaN(value);
    sums[i + 1] = sums[i]! + (isMissing ? 0 : value);
    missing[i + 1] = missing[i]! + Number(isMissing);
  }
  return values.map((_, i) => {
    const [low, high] = [i - HALF_SPAN, i + HALF_SPAN + 1];
    if (low < 0 || high > values.length || missing[high]! !== missing[low]!) return NaN;
    return sums[high]! - sums[i + 1]! - (sums[i]! - sums[low]!);
  });
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 0);
}

/** Cuts what is far beyond the usual; false where nothing of values of that `size` turns. */
function clip(values: Float64Array, size: number): boolean {
  const sizes = values
    .filter((value) => !Number.isNaN(value))
    .map(Math.abs)
    .sort();
  const usual = sizes[Math.floor(sizes.length * 0.75)] ?? 0;
  const fastest = sizes.at(-1) ?? 0;
  if (!(fastest > ROUNDING * size)) return false;
  const most = usual > ROUNDING * size ? OUTLIER * usual : fastest;
  for (let i = 0; i < values.length; i++) values[i] = Math.max(-most, Math.min(most, values[i]!));
  return true;
}

interface Overlap {
  readonly wanted: Float64Array;
  /** Begins `most` steps before. */
  readonly driven: Float64Array;
  readonly most: number;
  /** Steps of `wanted`. */
  readonly from: number;
  readonly to: number;
  /** Every how many of them count. */
  readonly by: number;
}

/** Pearson's, of the steps that both have; NaN where that are too few. */
function correlation({ wanted, driven, most, from, to, by }: Overlap, lag: number): number {
  let [count, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
  for (let i = from; i < to; i += by) {
    const a = wanted[i]!;
    const b = driven[i + most + lag]!;
    if (a !== a || b !== b) continue;
    count++;
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  if (count * by * STEP < SHORTEST / 2) return NaN;
  const spread = (xx - (x * x) / count) * (yy - (y * y) / count);
  return spread > 0 ? (xy - (x * y) / count) / Math.sqrt(spread) : NaN;
}

/** Where the peak has half its height. */
function lobe(all: Float64Array, peak: number): { readonly low: number; readonly high: number } {
  const sign = Math.sign(all[peak]!);
  const half = (all[peak]! * sign) / 2;
  let low = peak;
  let high = peak;
  while (low > 0 && all[low]! * sign > half) low--;
  while (high < all.length - 1 && all[high]! * sign > half) high++;
  return { low, high };
}

/** The best lag of a part near that of all, steps; null where it is weak there. */
function partPeak(part: Overlap, around: number, flip: boolean, reach: number): number | null {
  const sign = flip ? -1 : 1;
  const lags = Array.from({ length: 2 * reach + 1 }, (_, i) => around + i - reach).filter(
    (lag) => Math.abs(lag) <= part.most,
  );
  const values = lags.map((lag) => sign * correlation(part, lag));
  let best = -1;
  for (const [i, value] of values.entries())
    if (value >= 2 * WEAKEST && (best < 0 || value > values[best]!)) best = i;
  if (best <= 0 || best >= lags.length - 1) return best < 0 ? null : lags[best]!;
  return lags[best]! + vertex(values[best - 1]!, values[best]!, values[best + 1]!);
}

/** Where a parabola through three values has its vertex, steps from the middle one. */
function vertex(before: number, middle: number, after: number): number {
  const bend = before - 2 * middle + after;
  const at = bend === 0 ? 0 : (before - after) / (2 * bend);
  return Math.abs(at) <= 1 ? at : 0;
}
