import type { LoggedFrames } from './event-reader.ts';

export interface FrameClock {
  /** Seconds since the device was started of each frame; NaN where no log tells. */
  readonly times: Float64Array;
  /** Frames of the segment that logs tell of, also such as its video does not have. */
  readonly logged: number;
}

/**
 * When the `count` frames of a segment's video were taken. What is told of some of them may stand in
 * the log of the segment beside it.
 */
export function frameClock(
  own: LoggedFrames | null,
  beside: readonly (LoggedFrames | null)[],
  count: number,
): FrameClock {
  const times = new Float64Array(count).fill(NaN);
  if (!own) return { times, logged: 0 };
  const segment = mostFrequent(own.segments);
  if (!areNumbers(own, segment, count)) {
    times.set(own.times.subarray(0, count));
    return { times, logged: own.times.length };
  }
  const known = new Set<number>();
  for (const frames of [...beside, own])
    for (let i = 0; i < (frames?.times.length ?? 0); i++) {
      if (frames!.segments[i] !== segment) continue;
      const number = frames!.numbers[i]!;
      known.add(number);
      if (number < count) times[number] = frames!.times[i]!;
    }
  return { times, logged: known.size };
}

/** Whether frames are numbered within their segment, as openpilot does. */
function areNumbers({ segments, numbers }: LoggedFrames, segment: number, count: number): boolean {
  const own = numbers.filter((_, i) => segments[i] === segment);
  const isEachOnce = new Set(own).size === own.length;
  return isEachOnce && 2 * own.filter((number) => number < count).length >= own.length;
}

function mostFrequent(values: Float64Array): number {
  const counts = new Map<number, number>();
  let best = values[0] ?? 0;
  for (const value of values) {
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    if (count > (counts.get(best) ?? 0)) best = value;
  }
  return best;
}
