import type { SteeringSignal } from '../../shared/steering.ts';
import type { LoggedSteering, LogAnswers } from '../../shared/protocol/steering-messages.ts';
import type { LogChoices } from '../drive/log/choices.ts';
import { LONGEST_STEP, type DriveLog, type TakenSteering } from '../drive/log/drive-log.ts';

/** Far more than a screen has columns. */
const MOST_POINTS = 20_000;
/** Names of signals that can be chosen. */
const MOST_NAMES = 1000;

/** How the steering of a log is read. */
export function loggedSteering(log: DriveLog, said: LogChoices): LoggedSteering {
  const { candidates = [], taken = null, ratio = null } = log;
  const named = new Set([...candidates.map(({ name }) => name), taken?.name]);
  // What is computed of the signal that is taken is no signal of its own.
  if (taken?.unit === '1/m') named.add('curvature');
  return {
    candidates,
    others: log.extra
      .map(({ name }) => name)
      .filter((name) => !named.has(name))
      .slice(0, MOST_NAMES),
    taken: taken && signalOf(taken),
    ratio,
    said: answersOf(said),
  };
}

export function signalOf({ times: _, values: __, ...signal }: TakenSteering): SteeringSignal {
  return signal;
}

function answersOf(said: LogChoices): Required<LogAnswers> {
  return {
    unit: said.unit ?? null,
    positive: said.positive ?? null,
    offset: said.offset ?? null,
    column: said.column ?? null,
    angleOf: said.angleOf ?? null,
    ratio: said.ratio ?? null,
  };
}

/**
 * A curve as it travels: `null` stands in every gap. Of one with very many points, the smallest and
 * the largest of neighbours stay.
 */
export function curveOnWire(
  times: Float64Array,
  values: Float64Array,
  most = MOST_POINTS,
): { readonly times: number[]; readonly values: (number | null)[] } {
  const together = Math.max(1, Math.ceil((2 * times.length) / most));
  const kept = { times: [] as number[], values: [] as (number | null)[] };
  const put = (time: number, value: number | null): void => {
    kept.times.push(round(time));
    kept.values.push(value === null || Number.isNaN(value) ? null : round(value));
  };
  for (let from = 0; from < times.length;) {
    let to = from + 1;
    while (to < times.length && to < from + together && !isGap(times, to)) to++;
    let [least, largest] = [from, from];
    for (let i = from; i < to; i++) {
      if (!(values[i]! >= values[least]!)) least = i;
      if (!(values[i]! <= values[largest]!)) largest = i;
    }
    for (const i of new Set([Math.min(least, largest), Math.max(least, largest)]))
      put(times[i]!, values[i]!);
    if (to < times.length && isGap(times, to)) put((times[to - 1]! + times[to]!) / 2, null);
    from = to;
  }
  return kept;
}

function isGap(times: Float64Array, at: number): boolean {
  return times[at]! - times[at - 1]! > LONGEST_STEP;
}

/** To a millionth: more makes the message longer, and no curve better. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
