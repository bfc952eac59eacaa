import {
  countsOf,
  framesOf,
  intervalsOf,
  partOf,
  precisionOf,
  recallOf,
  sumOf,
} from './flag-measures.ts';
import { BRIDGED_SECONDS, FOUND_PART, LEAST_SECONDS, type CausalTruth } from './flag-judgement.ts';

/** One drive's numbers, the lower the more suspicious, and what is true of its frames. */
export interface Ranked {
  readonly ranks: readonly number[];
  readonly truth: CausalTruth;
}

/** What flags by one threshold find. */
export interface AtThreshold {
  readonly threshold: number;
  readonly flags: number;
  /** Flags at least half of whose frames lie in truth intervals. */
  readonly rightFlags: number;
  readonly intervals: number;
  readonly found: number;
  readonly framePrecision: number;
  readonly frameRecall: number;
}

/** Thresholds that are tried. */
const STEPS = 100;

/** Flags are bridged and least as long as truth intervals are. */
export const flagsAt = (ranks: readonly number[], threshold: number, fps: number) =>
  intervalsOf(
    ranks.map((rank) => rank <= threshold),
    Math.round(BRIDGED_SECONDS * fps),
    Math.round(LEAST_SECONDS * fps),
  );

export function atThreshold(
  drives: readonly Ranked[],
  threshold: number,
  fps: number,
): AtThreshold {
  const each = drives.map(({ ranks, truth }) => {
    const flags = flagsAt(ranks, threshold, fps);
    const flagged = framesOf(flags, ranks.length);
    const within = framesOf(truth.intervals, ranks.length);
    return {
      flags: flags.length,
      rightFlags: flags.filter((flag) => partOf(flag, within) >= FOUND_PART).length,
      intervals: truth.intervals.length,
      found: truth.intervals.filter((one) => partOf(one, flagged) >= FOUND_PART).length,
      counts: countsOf(flagged, truth.frames),
    };
  });
  const sum = (key: 'flags' | 'rightFlags' | 'intervals' | 'found') =>
    each.reduce((total, one) => total + one[key], 0);
  const counts = sumOf(each.map((one) => one.counts));
  return {
    threshold,
    flags: sum('flags'),
    rightFlags: sum('rightFlags'),
    intervals: sum('intervals'),
    found: sum('found'),
    framePrecision: precisionOf(counts),
    frameRecall: recallOf(counts),
  };
}

/**
 * Of the thresholds at which at least `precision` of the flags are right, the one that finds most
 * intervals; null where there is none.
 */
export function bestThreshold(
  drives: readonly Ranked[],
  precision: number,
  fps: number,
): AtThreshold | null {
  const sorted = drives
    .flatMap(({ ranks }) => ranks.filter((rank) => !Number.isNaN(rank)))
    .sort((a, b) => a - b);
  let best: AtThreshold | null = null;
  for (let step = 1; step <= STEPS && sorted.length > 0; step++) {
    const threshold = sorted[Math.floor((step / STEPS) * (sorted.length - 1))]!;
    const result = atThreshold(drives, threshold, fps);
    const isRight = result.flags > 0 && result.rightFlags >= precision * result.flags;
    if (isRight && (!best || result.found > best.found)) best = result;
  }
  return best;
}
