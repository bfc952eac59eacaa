import { risingTimes } from '../../rising-times.ts';

/** When pictures were taken, and when they were written; ns. */
export interface PictureInstants {
  /** As the messages say; 0: they do not. */
  readonly stamps: BigInt64Array;
  readonly logTimes: BigInt64Array;
}

export interface PictureClock {
  /** Seconds from the first picture, strictly ascending. */
  readonly pts: Float64Array;
  /** Which of the pictures lies at each of these times. */
  readonly order: Int32Array;
  /** The first picture's time, ns. */
  readonly origin: bigint;
  /** When each of them was written, s from `origin`. */
  readonly logTimes: Float64Array;
  /** Median of stamp less log time, s; null: no picture says when it was taken. */
  readonly delay: number | null;
  /** The clock of the stamps was set back under way. */
  readonly isSetBack: boolean;
  /** Sentences without a subject's file. */
  readonly notes: readonly string[];
}

const SECOND = 1e9;
/** Pictures that overtake each other on their way do so by less; s. */
const OVERTAKEN = 0.5;
/** So far from where its neighbours put it, a time is wrong; s. */
const WRONG = 1;
const OTHER_EPOCH = 3600;
/** So many wrong ones in a row are errors; more are a clock that was set. */
const MOST_WRONG = 3;

/**
 * Puts pictures on a clock of their own. Lone wrong times are replaced by the time of writing, moved
 * by the usual delay. Pictures that overtook each other by less than half a second are put in order,
 * unless `keepsOrder`: packets of a video hang together. Then `risingTimes` sees to the rest.
 */
export function pictureClock(
  { stamps, logTimes }: PictureInstants,
  keepsOrder: boolean,
): PictureClock {
  const count = stamps.length;
  const notes: string[] = [];
  const stamped = stamps.findIndex((stamp) => stamp !== 0n);
  // Both clocks less one instant of their own: a float64 has no room for nanoseconds since 1970.
  const first = stamped < 0 ? logTimes[0]! : stamps[stamped]!;
  const firstLog = logTimes[Math.max(0, stamped)]!;
  const log = Float64Array.from(
    { length: count },
    (_, i) => Number(logTimes[i]! - firstLog) / SECOND,
  );
  const time = log.slice();
  let delay: number | null = null;
  if (stamped < 0)
    notes.push(
      'the pictures do not say when they were taken, so the times are those at which they were written.',
    );
  else {
    const unknown = new Set<number>();
    for (let i = 0; i < count; i++)
      // A clock that was written with may begin at zero.
      if (stamps[i] === 0n && logTimes[i] !== 0n) unknown.add(i);
      else time[i] = Number(stamps[i]! - first) / SECOND;
    for (const i of wrongTimes(time, log, unknown)) unknown.add(i);
    const late = usualDifference(time, log, unknown);
    for (const i of unknown) time[i] = log[i]! + late;
    if (unknown.size > 0)
      notes.push(
        `${unknown.size} of ${count} pictures have no time of their own, or one that cannot be; they lie where they were written.`,
      );
    delay = late + Number(first - firstLog) / SECOND;
  }

  const order = Int32Array.from({ length: count }, (_, i) => i);
  const overtaken = keepsOrder ? 0 : putInOrder(time, order);
  if (overtaken > 0)
    notes.push(
      `${overtaken === 1 ? '1 picture was' : `${overtaken} pictures were`} overtaken on the way, and all are put in the order of their times.`,
    );
  const clock = Float64Array.from(order, (i) => time[i]!);
  const start = clock[0]!;
  const origin = first + BigInt(Math.round(start * SECOND));
  const logOrigin = Number(firstLog - origin) / SECOND;
  const rising = risingTimes(
    clock.map((value) => value - start),
    'pictures',
  );
  return {
    pts: rising.times,
    order,
    origin,
    logTimes: Float64Array.from(order, (i) => log[i]! + logOrigin),
    delay,
    isSetBack: clock.some((value, i) => i > 0 && value < clock[i - 1]!),
    notes: [...notes, ...rising.notes],
  };
}

/**
 * Times that lie apart from those before and after them, a few in a row, and do not ascend, or lie
 * in another epoch. Late messages keep their times.
 */
function wrongTimes(time: Float64Array, log: Float64Array, unknown: ReadonlySet<number>): number[] {
  const wrong: number[] = [];
  const known = Array.from(time.keys()).filter((i) => !unknown.has(i));
  const timeAt = (at: number): number => time[known[at]!] ?? Infinity;
  const late = (at: number): number => timeAt(at) - log[known[at]!]!;
  const isFar = (a: number, b: number, most: number): boolean => Math.abs(late(a) - late(b)) > most;
  let right = 0;
  // The very first ones may be wrong as well.
  while (right < MOST_WRONG && right + 2 < known.length && isFar(right, right + 1, WRONG)) {
    if (isFar(right + 1, right + 2, WRONG)) break;
    if (timeAt(right) < timeAt(right + 1) && !isFar(right, right + 1, OTHER_EPOCH)) break;
    wrong.push(known[right++]!);
  }
  for (let at = right + 1; at < known.length; at++) {
    let back = at;
    while (back < known.length && back - at <= MOST_WRONG && isFar(back, right, WRONG)) back++;
    if (back === at || back - at > MOST_WRONG) {
      right = at;
      continue;
    }
    for (; at < back; at++)
      if (
        !(timeAt(right) < timeAt(at) && timeAt(at) < timeAt(back)) ||
        isFar(at, right, OTHER_EPOCH)
      )
        wrong.push(known[at]!);
    right = Math.min(back, known.length - 1);
  }
  return wrong;
}

/** Median of stamp less log time, both from their own beginning. */
function usualDifference(
  time: Float64Array,
  log: Float64Array,
  unknown: ReadonlySet<number>,
): number {
  const differences = time
    .map((value, i) => (unknown.has(i) ? NaN : value - log[i]!))
    .filter((difference) => !Number.isNaN(difference))
    .sort();
  return differences[differences.length >> 1] ?? 0;
}

/** Sorts what lies between two settings back of the clock. Gives how many were overtaken. */
function putInOrder(time: Float64Array, order: Int32Array): number {
  let overtaken = 0;
  for (let begin = 0; begin < time.length;) {
    let end = begin + 1;
    let latest = time[begin]!;
    let isInOrder = true;
    while (end < time.length && time[end]! >= latest - OVERTAKEN) {
      if (time[end]! < latest) {
        overtaken++;
        isInOrder = false;
      }
      latest = Math.max(latest, time[end]!);
      end++;
    }
    if (!isInOrder)
      order.set(
        Array.from(order.subarray(begin, end)).sort((a, b) => time[a]! - time[b]! || a - b),
        begin,
      );
    begin = end;
  }
  return overtaken;
}
