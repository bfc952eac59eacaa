import { firstAtOrAfter, nearest } from '../../shared/ascending.ts';
import type { Flag } from '../../shared/flags.ts';
import { encodeColumns } from '../../shared/protocol/columns.ts';
import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';
import type { FlagColumns } from '../attention/flags/find-flags.ts';
import type { NetworkDescription } from '../pipeline/stream-explainer.ts';
import { Bell } from '../pipeline/player-bell.ts';
import { MeasureColumns, type MeasuredRow } from '../results/measure-columns.ts';

export interface RowWindow {
  /** So many rows are kept at least. */
  readonly kept: number;
  /** Forgetting moves all that stays: it is done for so many rows at once. */
  readonly atOnce: number;
}

/** Of a feed: half an hour of 20 fps. */
export const FEED_WINDOW: RowWindow = { kept: 36_000, atOnce: 9_000 };

/**
 * The numbers of frames by the same methods: all of a recording, or the last ones of a feed. Rows
 * are counted from the first one ever. Whoever listens to `changed` is told as rows come, and asks
 * for what they have not seen yet.
 */
export class RowSeries {
  readonly network: NetworkDescription;
  /** Rings when there is another row, and when whoever makes the rows has other news. */
  readonly changed = new Bell();
  /** The rows that are kept. */
  readonly columns: MeasureColumns;
  readonly #window: RowWindow | null;
  readonly #numbers: number[] = [];
  #start = 0;

  /** Without a window all rows are kept. `there`: what of the measures that are optional is. */
  constructor(
    network: NetworkDescription,
    {
      window = null,
      there = [],
      columns,
    }: {
      readonly window?: RowWindow | null;
      readonly there?: readonly string[];
      /** Rows that are there already. */
      readonly columns?: MeasureColumns;
    } = {},
  ) {
    this.network = network;
    this.#window = window;
    this.columns = columns ?? new MeasureColumns(network.methods, there);
  }

  /** The same rows beside another log. */
  besideLog(
    there: readonly string[],
    at: (pts: number) => Readonly<Record<string, number | undefined>>,
  ): RowSeries {
    const columns = this.columns.besideLog(this.network.methods, there, at);
    const other = new RowSeries(this.network, { window: this.#window, columns });
    for (const number of this.#numbers) other.#numbers.push(number);
    other.#start = this.#start;
    return other;
  }

  /** Of the first row that is kept, and after the last. */
  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#start + this.#numbers.length;
  }

  /** Time of the first row that is kept; 0 without one. */
  get since(): number {
    return this.columns.pts[0] ?? 0;
  }

  /** Of the rows that are kept. */
  get forFlags(): FlagColumns {
    return this.columns.forFlags;
  }

  /** Of memory. */
  get bytes(): number {
    return this.columns.bytes + 8 * this.#numbers.length;
  }

  /** `number`: of the picture; `row.pts`: feed time, or that of the recording. Both ascend. */
  push(number: number, row: MeasuredRow): void {
    this.columns.push(row);
    this.#numbers.push(number);
    const window = this.#window;
    if (window && this.#numbers.length >= window.kept + window.atOnce) this.#forget(window.atOnce);
    this.changed.ring();
  }

  /** Rows `from` (included) to `to` (excluded), which are kept. */
  slice(from: number, to: number): AnalysisColumns {
    const [first, last] = [from - this.#start, to - this.#start];
    return {
      ...encodeColumns(this.columns, first, last),
      frame: this.#numbers.slice(first, last),
    };
  }

  /** Number of the picture nearest to a time; 0 where there is none. */
  numberAt(time: number): number {
    return this.#numbers[nearest(this.columns.pts, time)] ?? 0;
  }

  /** Rows from the time `start` to `end`, as `slice` takes them. */
  between(start: number, end: number): { readonly from: number; readonly to: number } {
    return {
      from: this.#start + firstAtOrAfter(this.columns.pts, start),
      to: this.#start + firstAtOrAfter(this.columns.pts, end),
    };
  }

  /** A flag of `forFlags`, with numbers of pictures in place of positions. */
  named(flag: Flag): Flag {
    const number = (position: number) => this.#numbers[position]!;
    return {
      ...flag,
      startFrame: number(flag.startFrame),
      endFrame: number(flag.endFrame),
      worstFrame: number(flag.worstFrame),
    };
  }

  #forget(rows: number): void {
    this.columns.forget(rows);
    this.#numbers.splice(0, rows);
    this.#start += rows;
  }
}
