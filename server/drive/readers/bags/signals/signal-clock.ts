import type { PictureClock } from '../pictures/picture-clock.ts';

export interface SignalTimes {
  /** Seconds of the pictures' clock, strictly ascending. */
  readonly times: Float64Array;
  /** Which of the messages each of them is. */
  readonly rows: Int32Array;
  /** Goes on after the topic's name and a colon; null: nothing is to be said. */
  readonly note: string | null;
}

/** Clocks that lie further apart are not the same one; s. */
const OTHER_CLOCK = 10;

/**
 * Messages of one topic on the clock of the pictures. `stamps` (NaN: none) and `logTimes` count from
 * the pictures' origin, s. Of messages of the same time the last one counts.
 */
export function onPictureClock(
  stamps: Float64Array,
  logTimes: Float64Array,
  clock: PictureClock,
): SignalTimes {
  const { times, note } = timesOf(stamps, logTimes, clock);
  const rows = Int32Array.from(times.keys()).sort((a, b) => times[a]! - times[b]! || a - b);
  const kept = rows.filter((row, i) => i + 1 === rows.length || times[row] !== times[rows[i + 1]!]);
  return { times: Float64Array.from(kept, (row) => times[row]!), rows: kept, note };
}

function timesOf(
  stamps: Float64Array,
  logTimes: Float64Array,
  clock: PictureClock,
): { readonly times: Float64Array; readonly note: string | null } {
  const written =
    'its messages do not say when they were made, so the times are those at which they were written.';
  if (clock.isSetBack)
    return {
      times: logTimes.map((time) => alongPictures(time, clock)),
      note: 'the clock was set back under way, so the times are those at which the messages were written.',
    };
  const own = medianDifference(stamps, logTimes);
  if (clock.delay === null) return { times: logTimes, note: null };
  const isOtherClock = Math.abs(clock.delay) > OTHER_CLOCK;
  const shift = isOtherClock ? clock.delay : 0;
  if (own === null) return { times: logTimes.map((time) => time + shift), note: written };
  if (Math.abs(own - clock.delay) <= OTHER_CLOCK)
    return {
      times: stamps.map((time, i) => (Number.isNaN(time) ? logTimes[i]! + own : time)),
      note: null,
    };
  return {
    times: logTimes.map((time) => time + shift),
    note: 'its clock is not that of the pictures, so the times are those at which its messages were written.',
  };
}

function medianDifference(stamps: Float64Array, logTimes: Float64Array): number | null {
  const differences = stamps
    .map((stamp, i) => stamp - logTimes[i]!)
    .filter((difference) => !Number.isNaN(difference))
    .sort();
  return differences[differences.length >> 1] ?? null;
}

/** Where the pictures were when it was written. */
function alongPictures(time: number, { pts, logTimes }: PictureClock): number {
  let low = 0;
  let high = logTimes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (logTimes[middle]! <= time) low = middle;
    else high = middle - 1;
  }
  const next = low + 1;
  const span = (logTimes[next] ?? NaN) - logTimes[low]!;
  const share = span > 0 && time > logTimes[low]! ? (time - logTimes[low]!) / span : 0;
  return share > 0
    ? pts[low]! + share * (pts[next]! - pts[low]!)
    : pts[low]! + time - logTimes[low]!;
}
