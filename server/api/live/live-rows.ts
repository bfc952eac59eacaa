import { firstAtOrAfter, nearest } from '../../../shared/ascending.ts';
import type { Flag } from '../../../shared/flags.ts';
import { encodeColumns } from '../../../shared/protocol/columns.ts';
import type { AnalysisColumns } from '../../../shared/protocol/control-messages.ts';
import type { FlagColumns } from '../../attention/flags/find-flags.ts';
import type { NetworkDescription } from '../../pipeline/frame-explainer.ts';
import { MeasureColumns, type MeasuredRow } from '../../results/measure-columns.ts';

/** Half an hour of 20 fps. */
const KEPT = 36_000;
/** Forgetting moves all that stays: it is done for so many rows at once. */
const AT_ONCE = 9_000;

/**
 * The numbers of a feed's last frames, by the same methods. Rows are counted from the first one
 * ever; the oldest are forgotten.
 */
export class LiveRows {
  readonly network: NetworkDescription;
  readonly #kept: number;
  readonly #atOnce: number;
  readonly #columns: MeasureColumns;
  readonly #numbers: number[] = [];
  #start = 0;

  constructor(network: NetworkDescription, kept = KEPT, atOnce = AT_ONCE) {
    this.network = network;
    this.#kept = kept;
    this.#atOnce = atOnce;
    this.#columns = new MeasureColumns(network.methods);
  }

  /** Of the first row that is kept, and after the last. */
  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#start + this.#numbers.length;
  }

  /** Feed time of the first row that is kept; 0 without one. */
  get since(): number {
    return this.#columns.pts[0] ?? 0;
  }

  /** Of the rows that are kept. */
  get forFlags(): FlagColumns {
    return this.#columns.forFlags;
  }

  /** `number`: of the picture; `row.pts`: feed time. Both ascend. */
  push(number: number, row: MeasuredRow): void {
    this.#columns.push(row);
    this.#numbers.push(number);
    if (this.#numbers.length < this.#kept + this.#atOnce) return;
    this.#columns.forget(this.#atOnce);
    this.#numbers.splice(0, this.#atOnce);
    this.#start += this.#atOnce;
  }

  /** Rows `from` (included) to `to` (excluded), which are kept. */
  slice(from: number, to: number): AnalysisColumns {
    const [first, last] = [from - this.#start, to - this.#start];
    return {
      ...encodeColumns(this.#columns, first, last),
      frame: this.#numbers.slice(first, last),
    };
  }

  /** Number of the picture nearest to a feed time; 0 where there is none. */
  numberAt(time: number): number {
    return this.#numbers[nearest(this.#columns.pts, time)] ?? 0;
  }

  /** Rows from feed time `start` to `end`, as `slice` takes them. */
  between(start: number, end: number): { readonly from: number; readonly to: number } {
    return {
      from: this.#start + firstAtOrAfter(this.#columns.pts, start),
      to: this.#start + firstAtOrAfter(this.#columns.pts, end),
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
}
