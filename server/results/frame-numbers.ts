import { isEmptyWhereDead } from '../../shared/explanations.ts';
import type { FlagColumns } from '../attention/flags/find-flags.ts';
import type { MeasuredRow } from './measure-columns.ts';

/** The numbers kept of one frame. */
export interface FrameNumbers extends MeasuredRow {
  readonly frame: number;
}

/** On-road share by the method of this position, NaN where it is not known. */
export function onRoadOf(frame: FrameNumbers, method = 0): number {
  return frame.scores[method]?.onRoad ?? NaN;
}

/** What flags are found in, of the first of the methods. */
export function flagColumns(
  frames: readonly FrameNumbers[],
  methods: readonly string[],
): FlagColumns {
  const column = (value: (frame: FrameNumbers) => number | null | undefined) =>
    Float64Array.from(frames, (frame) => value(frame) ?? NaN);
  return {
    pts: column(({ pts }) => pts),
    steering: column(({ steering }) => steering),
    driven: column(({ driven }) => driven),
    share: column(({ scores }) => scores[0]?.onRoad),
    lift: column(({ scores }) => scores[0]?.lift),
    mass: isEmptyWhereDead(methods[0]!) ? column(({ scores }) => scores[0]?.mass) : null,
    spearman: column(({ agreement }) => agreement?.spearman),
  };
}

/**
 * Minimum, 5th percentile, median, mean and maximum of the values that are known; null where none
 * is.
 */
export function statisticsOf(
  values: readonly number[],
): { minimum: number; percentile5: number; median: number; mean: number; maximum: number } | null {
  const known = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
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
