import type { MeasuredRow } from './measure-columns.ts';

/** The numbers kept of one frame. */
export interface FrameNumbers extends MeasuredRow {
  readonly frame: number;
}

/**
 * Minimum, 5th percentile, median, mean and maximum of the values that are known; null where none
 * is.
 */
export function statisticsOf(
  values: Float64Array,
): { minimum: number; percentile5: number; median: number; mean: number; maximum: number } | null {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  if (known.length === 0) return null;
  const at = (share: number) =>
    known[Math.min(known.length - 1, Math.floor(share * known.length))]!;
  return {
    minimum: known[0]!,
    percentile5: at(0.05),
    median: at(0.5),
    mean: known.reduce((sum, value) => sum + value, 0) / known.length,
    maximum: known.at(-1)!,
  };
}
