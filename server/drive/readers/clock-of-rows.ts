import { RoadgazeError } from '../../../shared/errors.ts';
import type { ClockColumn } from '../log/clock.ts';
import { risingTimes, type RisingTimes } from './rising-times.ts';

/**
 * Seconds since the first of so many pictures, by the clock in their names, else by the rate that a
 * person says. Notes begin with the drive's name. Throws VIDEO_RATE_UNKNOWN.
 */
export function clockOfRows(
  name: string,
  clock: Pick<ClockColumn, 'values'> | null,
  count: number,
  frameRate: number | undefined,
): RisingTimes {
  if (clock) {
    const { times, notes } = risingTimes(clock.values(), 'pictures');
    return { times, notes: notes.map((note) => `${name}: ${note}`) };
  }
  if (frameRate === undefined) throw rateUnknown(name);
  return {
    times: Float64Array.from({ length: count }, (_, i) => i / frameRate),
    notes: [`${name} has no times; ${frameRate} pictures a second are taken, as asked for.`],
  };
}

function rateUnknown(name: string): RoadgazeError {
  return new RoadgazeError(
    'VIDEO_RATE_UNKNOWN',
    `${name} does not say when its pictures were taken.`,
    'Say how many there are a second with --fps.',
  );
}
