import { clockOfRows } from './clock-of-rows.ts';
import type { RisingTimes } from './rising-times.ts';

export interface LoggedTimes extends RisingTimes {
  /** Zero of these times by the clock of the log; null: that does not tell when frames were taken. */
  readonly origin: number | null;
}

/**
 * Seconds since the first of `count` frames, by a clock that was logged apart from them. What it
 * does not tell of a frame is NaN, and what it tells of no frame at all is taken by the rate that a
 * person says. Notes begin with the drive's name. Throws VIDEO_RATE_UNKNOWN.
 */
export function loggedTimes(
  name: string,
  clock: Float64Array,
  count: number,
  frameRate: number | undefined,
): LoggedTimes {
  const values = new Float64Array(count).fill(NaN);
  values.set(clock.subarray(0, count));
  for (const [i, time] of values.entries()) if (!Number.isFinite(time)) values[i] = NaN;
  const isKnown = values.some((time) => !Number.isNaN(time));
  const { times, notes } = clockOfRows(
    name,
    isKnown ? { values: () => values } : null,
    count,
    frameRate,
  );
  const origin = times[0] ?? 0;
  return { times: times.map((time) => time - origin), notes, origin: isKnown ? origin : null };
}
