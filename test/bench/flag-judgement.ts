import { findFlags, type FlagColumns } from '../../server/attention/flags/find-flags.ts';
import { CAUSE_DEGREES, type Flag, type FlagSettings } from '../../shared/flags.ts';
import {
  countsOf,
  framesOf,
  intervalsOf,
  partOf,
  precisionOf,
  recallOf,
  sumOf,
  type Counts,
  type Interval,
} from './flag-measures.ts';

/**
 * A truth interval bridges frames where the change passes through zero, and lasts long enough to be
 * seen.
 */
export const BRIDGED_SECONDS = 0.5;
export const LEAST_SECONDS = 0.3;
/** So much of a truth interval must be flagged for it to count as found. */
export const FOUND_PART = 0.5;

export interface CausalTruth {
  readonly frames: readonly boolean[];
  readonly intervals: readonly Interval[];
}

/**
 * From what each thing that can be left out changes in the steering, in degrees at the wheel, a
 * value for each frame: true where any of them changes it by more than a cause does.
 */
export function causalTruth(changes: readonly (readonly number[])[], fps: number): CausalTruth {
  const frames = changes[0]!.map((_, frame) =>
    changes.some((change) => Math.abs(change[frame]!) > CAUSE_DEGREES),
  );
  return {
    frames,
    intervals: intervalsOf(
      frames,
      Math.round(BRIDGED_SECONDS * fps),
      Math.round(LEAST_SECONDS * fps),
    ),
  };
}

/** The flags of a recording that say that something off the road steers; columns in degrees. */
export function flagsOf(
  columns: FlagColumns,
  settings: FlagSettings,
  by: 'off-road' | 'pull',
): Flag[] {
  return findFlags(columns, settings, 1).filter(({ kind }) => kind === by);
}

export const offRoadFlags = (columns: FlagColumns, settings: FlagSettings): Flag[] =>
  flagsOf(columns, settings, 'off-road');

export function flaggedFrames(flags: readonly Flag[], frames: number): boolean[] {
  return framesOf(
    flags.map(({ startFrame, endFrame }) => ({ first: startFrame, last: endFrame })),
    frames,
  );
}

export interface Judgement {
  readonly counts: Counts;
  readonly precision: number;
  readonly recall: number;
  readonly intervals: number;
  readonly found: number;
  readonly intervalRecall: number;
  readonly flags: number;
  /** Flags within which the boards move the wheel at least once. */
  readonly trueFlags: number;
}

/** Flags of several drives together, held against their truths. */
export function judge(
  drives: readonly { readonly flags: readonly Flag[]; readonly truth: CausalTruth }[],
): Judgement {
  const each = drives.map(({ flags, truth }) => {
    const flagged = flaggedFrames(flags, truth.frames.length);
    return {
      counts: countsOf(flagged, truth.frames),
      found: truth.intervals.filter((interval) => partOf(interval, flagged) >= FOUND_PART).length,
      trueFlags: flags.filter(
        ({ startFrame, endFrame }) =>
          partOf({ first: startFrame, last: endFrame }, truth.frames) > 0,
      ).length,
    };
  });
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const counts = sumOf(each.map((drive) => drive.counts));
  const [intervals, found] = [
    sum(drives.map(({ truth }) => truth.intervals.length)),
    sum(each.map((drive) => drive.found)),
  ];
  return {
    counts,
    precision: precisionOf(counts),
    recall: recallOf(counts),
    intervals,
    found,
    intervalRecall: found / intervals,
    flags: sum(drives.map(({ flags }) => flags.length)),
    trueFlags: sum(each.map((drive) => drive.trueFlags)),
  };
}
