import { LONGEST_STEP } from '../../drive/log/drive-log.ts';
import { meaningOf } from '../../drive/log/plan.ts';
import type { LogSignals, Signal } from '../log-signals.ts';

/** Signals of several clocks as the columns of one table. */
export interface SignalTable {
  /** Seconds, strictly ascending, one for each row. */
  readonly times: Float64Array;
  readonly columns: readonly TableColumn[];
  /** Of the steering wheel to the tyres; null where nobody says. */
  readonly ratio: number | null;
  /** Sentences on what is not as it was logged. */
  readonly notes: readonly string[];
}

export interface TableColumn extends Signal {
  /** With its unit in brackets. */
  readonly heading: string;
}

/** More cells are not written: rows are then those of steering and speed. */
const MOST_CELLS = 100_000_000;

/**
 * All signals in one table, whose rows are the times of all of them. Between its own times a signal
 * is a straight line, as whoever reads it takes it to be, so that nothing is lost.
 */
export function signalTable(signals: LogSignals): SignalTable {
  const columns = columnsOf(signals);
  const ratio = signals.steering?.ratio?.value ?? null;
  const all = unionOf(columns.map(({ times }) => times));
  if (all.length * columns.length <= MOST_CELLS) return { times: all, columns, ratio, notes: [] };
  const { steering, speed } = signals;
  const main = [steering, speed].flatMap((signal) => (signal ? [signal.times] : []));
  return {
    times: unionOf(main.length > 0 ? main : [columns[0]!.times]),
    columns,
    ratio,
    notes: [
      `The log has ${columns.length} signals at ${all.length} times, too many for one table; signals other than steering and speed are given at the times of these.`,
    ],
  };
}

function columnsOf({ steering, speed, others }: LogSignals): TableColumn[] {
  const columns: TableColumn[] = [];
  const add = (heading: string, times: Float64Array, values: Float64Array | null | undefined) => {
    if (values) columns.push({ heading, times, values });
  };
  if (steering) {
    const { times, angle, angleOf, share } = steering;
    add(`${angleOf ? `steering_${angleOf}_angle` : 'steering'} [rad]`, times, angle);
    add(angle ? 'steering_share [1]' : 'steering [1]', times, share);
  }
  if (speed) add('speed [m/s]', speed.times, speed.values);
  const taken = new Set(['t', ...columns.map(({ heading }) => heading.split(' ')[0]!)]);
  for (const { name, unit, times, values } of others)
    add(headingOf(name, unit, taken, steering !== null), times, values);
  return columns;
}

/**
 * A name that whoever reads the table takes for nothing else, each once; but steering whose unit
 * nobody knows is to be asked about again. Brackets at the end of a name are no unit.
 */
function headingOf(
  name: string,
  unit: string | null,
  taken: Set<string>,
  hasSteering: boolean,
): string {
  const plain = name.trim() || 'unnamed';
  const key = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, '_');
  const isOpen = (text: string): boolean => {
    const meaning = meaningOf(text);
    return !taken.has(key(text)) && (meaning === null || (meaning === 'steering' && !hasSteering));
  };
  let label = plain;
  for (let number = 1; !isOpen(label); number++)
    label = number === 1 ? `${plain}_logged` : `${plain}_logged_${number}`;
  taken.add(key(label));
  return unit === null ? (/[\])]$/.test(label) ? `${label} []` : label) : `${label} [${unit}]`;
}

function unionOf(clocks: readonly Float64Array[]): Float64Array {
  const different = clocks.filter(
    (times, i) => !clocks.slice(0, i).some((other) => isSame(other, times)),
  );
  if (different.length === 1) return different[0]!;
  const all = new Float64Array(different.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const times of different) {
    all.set(times, at);
    at += times.length;
  }
  all.sort();
  let count = 0;
  for (const time of all) if (count === 0 || time !== all[count - 1]) all[count++] = time;
  return all.slice(0, count);
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  return a === b || (a.length === b.length && a.every((time, i) => time === b[i]));
}

/** Gives a signal at ever later times: linear between its own, NaN outside them and in gaps. */
export class SignalReader {
  readonly #signal: Signal;
  #next = 0;

  constructor(signal: Signal) {
    this.#signal = signal;
  }

  at(time: number): number {
    const { times, values } = this.#signal;
    while (this.#next < times.length && times[this.#next]! < time) this.#next++;
    const after = times[this.#next];
    if (after === time) return values[this.#next]!;
    const before = times[this.#next - 1];
    if (after === undefined || before === undefined || after - before > LONGEST_STEP) return NaN;
    const share = (time - before) / (after - before);
    return values[this.#next - 1]! * (1 - share) + values[this.#next]! * share;
  }
}
