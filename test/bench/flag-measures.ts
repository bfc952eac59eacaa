/** Frames in a row, first and last included. */
export interface Interval {
  readonly first: number;
  readonly last: number;
}

/**
 * The runs of true frames, those no more than `gap` frames apart joined, then those shorter than
 * `least` frames left out.
 */
export function intervalsOf(frames: readonly boolean[], gap: number, least: number): Interval[] {
  const joined: Interval[] = [];
  frames.forEach((isTrue, frame) => {
    if (!isTrue) return;
    const before = joined.at(-1);
    if (before && frame - before.last - 1 <= gap)
      joined[joined.length - 1] = { first: before.first, last: frame };
    else joined.push({ first: frame, last: frame });
  });
  return joined.filter(({ first, last }) => last - first + 1 >= least);
}

/** True for the frames of any of the intervals. */
export function framesOf(intervals: readonly Interval[], frames: number): boolean[] {
  const covered = new Array<boolean>(frames).fill(false);
  for (const { first, last } of intervals) covered.fill(true, first, last + 1);
  return covered;
}

/** How many frames of `interval` are true, as a part of its frames. */
export function partOf({ first, last }: Interval, frames: readonly boolean[]): number {
  return frames.slice(first, last + 1).filter(Boolean).length / (last - first + 1);
}

export interface Counts {
  /** Frames: flagged and true, flagged only, true only, neither. */
  readonly hits: number;
  readonly falseAlarms: number;
  readonly misses: number;
  readonly rest: number;
}

export function countsOf(flagged: readonly boolean[], truth: readonly boolean[]): Counts {
  const count = (isFlagged: boolean, isTrue: boolean) =>
    truth.filter((each, frame) => each === isTrue && flagged[frame] === isFlagged).length;
  return {
    hits: count(true, true),
    falseAlarms: count(true, false),
    misses: count(false, true),
    rest: count(false, false),
  };
}

export function sumOf(counts: readonly Counts[]): Counts {
  const sum = (key: keyof Counts) => counts.reduce((total, each) => total + each[key], 0);
  return {
    hits: sum('hits'),
    falseAlarms: sum('falseAlarms'),
    misses: sum('misses'),
    rest: sum('rest'),
  };
}

/** Part of the flagged frames that are true; NaN where none is flagged. */
export const precisionOf = ({ hits, falseAlarms }: Counts): number => hits / (hits + falseAlarms);

/** Part of the true frames that are flagged; NaN where none is true. */
export const recallOf = ({ hits, misses }: Counts): number => hits / (hits + misses);

/**
 * Area under the receiver's operating curve: the chance that a true frame's value is below that of
 * a frame that is not, equal ones counted half. Values that are NaN are left out; NaN where one
 * side is empty.
 */
export function areaUnderCurve(values: readonly number[], truth: readonly boolean[]): number {
  const sorted = values
    .map((value, frame) => ({ value, isTrue: truth[frame]! }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => a.value - b.value);
  const positives = sorted.filter(({ isTrue }) => isTrue).length;
  let [above, area] = [sorted.length - positives, 0];
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    while (to < sorted.length && sorted[to]!.value === sorted[from]!.value) to++;
    const trueOnes = sorted.slice(from, to).filter(({ isTrue }) => isTrue).length;
    const others = to - from - trueOnes;
    above -= others;
    area += trueOnes * (above + others / 2);
  }
  return area / (positives * (sorted.length - positives));
}

/**
 * The largest part of the true frames that a threshold finds so that at least `precision` of the
 * frames at or below it are true; 0 where no threshold does. NaN values are never found.
 */
export function recallAtPrecision(
  values: readonly number[],
  truth: readonly boolean[],
  precision: number,
): number {
  const sorted = values
    .map((value, frame) => ({ value, isTrue: truth[frame]! }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => a.value - b.value);
  let [hits, best] = [0, 0];
  sorted.forEach(({ value, isTrue }, index) => {
    if (isTrue) hits++;
    if (sorted[index + 1]?.value !== value && hits >= precision * (index + 1))
      best = Math.max(best, hits);
  });
  return best / truth.filter(Boolean).length;
}
