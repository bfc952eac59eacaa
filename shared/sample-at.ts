import { firstAtOrAfter } from './ascending.ts';

/** Longest step between two rows that is interpolated over; seconds. */
export const LONGEST_STEP = 0.5;
/** Logs often round their times to milliseconds; an instant this close to a row is that row's. */
const ROUNDING = 1e-3;

/**
 * A column at an instant, linear between the rows around it. NaN before the first row, after the
 * last one, inside a step of more than 0.5 s, and beside an empty cell.
 */
export function sampleAt(times: Float64Array, values: Float64Array, pts: number): number {
  const next = firstAtOrAfter(times, pts);
  const after = times[next];
  const before = times[next - 1];
  if (after === pts) return values[next]!;
  if (after !== undefined && before !== undefined && after - before <= LONGEST_STEP) {
    const share = (pts - before) / (after - before);
    return values[next - 1]! * (1 - share) + values[next]! * share;
  }
  if (after !== undefined && after - pts <= ROUNDING) return values[next]!;
  if (before !== undefined && pts - before <= ROUNDING) return values[next - 1]!;
  return NaN;
}
