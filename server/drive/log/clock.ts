import { NumberColumn } from './number-column.ts';

/**
 * What a time column counts: `ticks` of a unit from some zero of its own, `date` with a time of
 * day, `clock` without a date, or `name`: the date in the name of a picture.
 */
export type ClockKind = 'ticks' | 'date' | 'clock' | 'name';

/** Ticks from here up are dates (1973, in seconds), not positions in a video. */
export const EARLIEST_DATE = 1e8;

const DAY = 86_400;
const NANOS = 1_000_000_000n;
const PLAIN_NUMBER = /^([+-]?)(\d+)(?:\.(\d*))?$/;
const FRACTION = String.raw`(?:[.,:](\d+))?`;
const TIME_OF_DAY = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})${FRACTION})?\s*([AaPp][Mm])?`;
const DATES: readonly (readonly [
  pattern: RegExp,
  order: readonly [year: number, month: number, day: number],
])[] = [
  [
    new RegExp(
      String.raw`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+${TIME_OF_DAY})?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?$`,
    ),
    [1, 2, 3],
  ],
  [new RegExp(String.raw`^(\d{1,2})\.(\d{1,2})\.(\d{4})[T ,]+${TIME_OF_DAY}$`), [3, 2, 1]],
  [new RegExp(String.raw`^(\d{1,2})/(\d{1,2})/(\d{4})[T ,]+${TIME_OF_DAY}$`), [3, 1, 2]],
];
const CLOCK = new RegExp(String.raw`^(\d{1,3}):(\d{2}):(\d{2})${FRACTION}$`);
const MINUTES = /^(\d{1,3}):(\d{2})(?:[.,](\d+))?$/;
const NAME = /(\d{4})[_-](\d{2})[_-](\d{2})[_-](\d{2})[_-](\d{2})[_-](\d{2})[_-](\d{3,9})\.\w+$/;
/** Length of a date with its time of day and the separator behind it. */
const WHOLE_SECONDS = '2000_01_01_00_00_00_'.length;
const IN_ENDING = /^\w+$/;

interface Instant {
  readonly seconds: number;
  /** Of a second, below 1. */
  readonly fraction: number;
}

/** A time column whose cells have been read. */
export type Clock = Pick<
  ClockColumn,
  'kind' | 'first' | 'midnights' | 'isFromFirst' | 'length' | 'values'
>;

/**
 * The cells of a time column as numbers. Where they count from long ago, each is taken less the
 * first one before it becomes a float64, which has no room for the nanoseconds of a date.
 */
export class ClockColumn {
  /** Of the first cell. */
  kind: ClockKind = 'ticks';
  /** The first cell as it is, in ticks or in seconds. */
  first = 0;
  /** Times of day that began again at midnight. */
  midnights = 0;
  readonly #isName: boolean;
  readonly #values = new NumberColumn();
  #ticks: bigint | null = null;
  #instant: Instant | null = null;
  #previous = 0;
  /** What stands in front of the fraction of a second in the name before, and its second. */
  #second = { text: '', seconds: 0 };

  /** `isName`: cells are names of pictures. */
  constructor(isName: boolean) {
    this.#isName = isName;
  }

  /** True where values count from the first row, false where they are what the cells say. */
  get isFromFirst(): boolean {
    return this.#ticks !== null || this.#instant !== null;
  }

  get length(): number {
    return this.#values.length;
  }

  /** Ticks, or seconds of a date or a clock. */
  values(): Float64Array {
    return this.#values.values();
  }

  /** False for a cell that is no time, or not one of the first one's kind. */
  push(cell: string): boolean {
    if (this.length === 0) this.#begin(cell);
    const value = this.kind === 'ticks' ? this.#ticksOf(cell) : this.#secondsOf(cell);
    if (value === null || !Number.isFinite(value)) return false;
    this.#values.push(value);
    return true;
  }

  #begin(cell: string): void {
    this.kind = this.#isName
      ? 'name'
      : cell === '' || Number.isFinite(Number(cell))
        ? 'ticks'
        : clockInstant(cell)
          ? 'clock'
          : dateInstant(cell)
            ? 'date'
            : 'ticks';
    if (this.kind !== 'ticks') {
      this.#instant = this.#instantOf(cell);
      this.first = this.#instant?.seconds ?? 0;
      this.#previous = this.first;
      return;
    }
    this.first = Number(cell);
    if (Math.abs(this.first) >= EARLIEST_DATE) this.#ticks = exactNanoTicks(cell);
  }

  #ticksOf(cell: string): number | null {
    if (cell === '') return null;
    if (this.#ticks === null) return Number(cell);
    const exact = exactNanoTicks(cell);
    return exact === null ? null : Number(exact - this.#ticks) / Number(NANOS);
  }

  #instantOf(cell: string): Instant | null {
    return this.kind === 'name'
      ? this.#nameInstant(cell)
      : this.kind === 'date'
        ? dateInstant(cell)
        : clockInstant(cell);
  }

  /** Of the pictures of one second only the fraction is read, which is all that differs. */
  #nameInstant(cell: string): Instant | null {
    const { text, seconds } = this.#second;
    if (text !== '' && cell.startsWith(text)) {
      const fraction = fractionInName(cell, text.length);
      if (fraction !== null) return { seconds, fraction };
    }
    const match = NAME.exec(cell);
    const found = match && instant(match.slice(1, 7), match[7]);
    if (found)
      this.#second = { text: cell.slice(0, match.index + WHOLE_SECONDS), seconds: found.seconds };
    return found;
  }

  #secondsOf(cell: string): number | null {
    const found = this.#instantOf(cell);
    const origin = this.#instant;
    if (!found || !origin) return null;
    let seconds = found.seconds + this.midnights * DAY;
    if (this.kind === 'clock' && seconds < this.#previous - DAY / 2) {
      this.midnights++;
      seconds += DAY;
    }
    this.#previous = seconds;
    return seconds - origin.seconds + (found.fraction - origin.fraction);
  }
}

/** A number times 1e9, exactly where it is written in full; null for what is no number. */
function exactNanoTicks(cell: string): bigint | null {
  const [, sign, whole, fraction = ''] = PLAIN_NUMBER.exec(cell) ?? [];
  if (whole !== undefined) {
    const size = BigInt(whole) * NANOS + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
    return sign === '-' ? -size : size;
  }
  const value = Number(cell);
  if (cell === '' || !Number.isFinite(value)) return null;
  const whole64 = Math.trunc(value);
  return BigInt(whole64) * NANOS + BigInt(Math.round((value - whole64) * Number(NANOS)));
}

function fractionOf(digits: string | undefined): number {
  return digits ? Number(`0.${digits}`) : 0;
}

function dateInstant(cell: string): Instant | null {
  for (const [pattern, [year, month, day]] of DATES) {
    const match = pattern.exec(cell);
    if (!match) continue;
    const [hour = '0', minute = '0', second = '0', fraction, half] = match.slice(4);
    return instant(
      [
        match[year]!,
        match[month]!,
        match[day]!,
        String(half ? (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0) : Number(hour)),
        minute,
        second,
      ],
      fraction,
    );
  }
  return null;
}

/** Of a second: 3 to 9 digits in front of the name's ending. */
function fractionInName(name: string, begin: number): number | null {
  let [value, scale, at] = [0, 1, begin];
  for (; at < name.length; at++) {
    const digit = name.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
    value = 10 * value + digit;
    scale *= 10;
  }
  const count = at - begin;
  if (count < 3 || count > 9 || name[at] !== '.') return null;
  return IN_ENDING.test(name.slice(at + 1)) ? value / scale : null;
}

const ZERO = '0'.charCodeAt(0);

function instant(parts: readonly string[], fraction: string | undefined): Instant | null {
  const [year, month, day, hour, minute, second] = parts.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
    return null;
  return {
    seconds: Date.UTC(year, month - 1, day, hour, minute, second) / 1000,
    fraction: fractionOf(fraction),
  };
}

function clockInstant(cell: string): Instant | null {
  const full = CLOCK.exec(cell);
  const [hours, minutes, seconds, fraction] = full
    ? full.slice(1)
    : ['0', ...(MINUTES.exec(cell)?.slice(1) ?? [])];
  if (minutes === undefined || Number(seconds) > 60 || (full && Number(minutes) > 59)) return null;
  return {
    seconds: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds),
    fraction: fractionOf(fraction),
  };
}
