/** Times that strictly ascend, and what had to be done for that. */
export interface RisingTimes {
  /** Seconds, strictly ascending. */
  readonly times: Float64Array;
  /** Sentences without a subject's file: whoever asks puts its name in front. */
  readonly notes: readonly string[];
}

/** Taken where too few times are known to tell a distance. */
const UNKNOWN_STEP = 0.05;
/** More places than this are counted, not named. */
const MOST_NAMED = 3;

/**
 * A recorder's clock as times of pictures, `what` in the plural. Pictures of one instant are spread
 * evenly up to the next one. Where the clock is set back, times go on at the usual distance, and
 * all that follow are moved by as much. A picture without a time (NaN) lies a usual distance behind
 * the one before it, or nearer where the next one comes sooner.
 */
export function risingTimes(clock: Float64Array, what: string): RisingTimes {
  const step = usualStep(clock);
  const times = clock.slice();
  const notes: string[] = [];
  const missing = fillGaps(times, step);
  if (missing > 0)
    notes.push(`${missing} ${what} have no time of their own, and lie between their neighbours.`);
  const backs = goOn(times, step);
  if (backs.length > 0) {
    const places = backs
      .slice(0, MOST_NAMED)
      .map(({ at, by }) => `${at.toFixed(3)} s (by ${shown(by)} s)`);
    const more = backs.length - places.length;
    notes.push(
      `the clock is set back at ${places.join(', ')}${more > 0 ? ` and ${more} more places` : ''}; times go on from there at the usual distance of ${shown(step)} s.`,
    );
  }
  const spread = spreadEqual(times, step);
  if (spread > 0)
    notes.push(
      `${spread} ${what} have the time of the one before them, and are spread up to the next time.`,
    );
  return { times, notes };
}

/** Median of the distances that ascend. */
function usualStep(clock: Float64Array): number {
  const distances = new Float64Array(clock.length);
  let count = 0;
  for (let i = 1; i < clock.length; i++) {
    const step = clock[i]! - clock[i - 1]!;
    if (step > 0) distances[count++] = step;
  }
  const steps = distances.subarray(0, count);
  return steps.length > 0 ? steps.sort()[steps.length >> 1]! : UNKNOWN_STEP;
}

function fillGaps(times: Float64Array, step: number): number {
  let count = 0;
  let known = 0;
  for (let i = 0; i < times.length; i++) {
    if (!Number.isNaN(times[i]!)) continue;
    count++;
    for (known = Math.max(known, i + 1); Number.isNaN(times[known] ?? 0);) known++;
    const before = i > 0 ? times[i - 1]! : null;
    const after = times[known] ?? null;
    if (before === null) times[i] = after === null ? 0 : after - step * known;
    else if (after === null || after <= before) times[i] = before + step;
    else times[i] = before + Math.min(step, (after - before) / (known - i + 1));
  }
  return count;
}

function goOn(times: Float64Array, step: number): { readonly at: number; readonly by: number }[] {
  const places: { at: number; by: number }[] = [];
  let shift = 0;
  for (let i = 1; i < times.length; i++) {
    const time = times[i]! + shift;
    const previous = times[i - 1]!;
    if (time < previous) {
      places.push({ at: previous, by: previous - time });
      shift += previous + step - time;
    }
    times[i] = times[i]! + shift;
  }
  return places;
}

function spreadEqual(times: Float64Array, step: number): number {
  let count = 0;
  for (let begin = 0; begin < times.length;) {
    let end = begin + 1;
    while (end < times.length && times[end] === times[begin]) end++;
    const next = end < times.length ? times[end]! : times[begin]! + step * (end - begin);
    for (let i = begin + 1; i < end; i++) {
      times[i] = times[begin]! + ((next - times[begin]!) * (i - begin)) / (end - begin);
      count++;
    }
    begin = end;
  }
  return count;
}

function shown(seconds: number): number {
  return Number(seconds.toPrecision(3));
}
