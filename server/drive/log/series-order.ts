interface Timed {
  readonly name: string;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** A clock that is set back by more than this is not merely late. */
const LATE = 1;

/**
 * Times and values with times that strictly ascend, moved by `offset` seconds. Values that come
 * late by up to a second are put in their place; those behind a clock that was set back further are
 * left out until it has passed the latest time before. Of values with one time the last one counts;
 * those without a time are left out.
 */
export function inOrder(
  { name, times, values }: Timed,
  offset: number,
  say: (sentence: string) => void,
): Pick<Timed, 'times' | 'values'> {
  if (isAscending(times))
    return { times: offset === 0 ? times : times.map((time) => time + offset), values };
  let latest = -Infinity;
  let late = 0;
  let leftOut = 0;
  const kept: number[] = [];
  for (const [i, time] of times.entries()) {
    if (Number.isNaN(time) || time < latest - LATE) {
      leftOut++;
      continue;
    }
    if (time < latest) late++;
    latest = Math.max(latest, time);
    kept.push(i);
  }
  if (late > 0) {
    say(`${late} values of "${name}" come late, and are put in order of their times.`);
    kept.sort((a, b) => times[a]! - times[b]! || a - b);
  }
  if (leftOut > 0)
    say(
      `${leftOut} values of "${name}" have no time, or one before those before them, and are left out.`,
    );
  const last = kept.filter((i, at) => times[kept[at + 1] ?? -1] !== times[i]);
  return {
    times: Float64Array.from(last, (i) => times[i]! + offset),
    values: Float64Array.from(last, (i) => values[i]!),
  };
}

function isAscending(times: Float64Array): boolean {
  for (let i = 1; i < times.length; i++) if (!(times[i]! > times[i - 1]!)) return false;
  return times.length === 0 || !Number.isNaN(times[0]!);
}
