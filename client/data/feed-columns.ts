import { firstAtOrAfter } from '../../shared/ascending.ts';
import type { Flag } from '../../shared/flags.ts';
import type { Measure } from '../../shared/measures/measure.ts';
import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';
import { DriveColumns } from './columns.ts';

/** Rows further apart than this (s) have a gap between them: there was no signal. */
const GAP = 1;
/**
 * Rows from before other methods are kept so long (s), about as the server keeps its rows: it knows
 * nothing of those any more.
 */
const LONGEST = 1800;

/**
 * The numbers of a live feed, one row per explained picture: they grow at one end and are forgotten
 * at the other. `time` is feed time less `origin`, which stays the same while the feed is watched.
 * A row without values stands in every gap.
 */
export class FeedColumns extends DriveColumns {
  /** Of the picture of every row. */
  #numbers: number[] = [];
  hasOrigin = false;
  /** Its first rows were explained by other methods. */
  #hasKept = false;

  constructor(factor: number, origin: number | null, measures?: readonly Measure[]) {
    super([], factor, {}, measures);
    if (origin === null) return;
    this.origin = origin;
    this.hasOrigin = true;
  }

  /**
   * Takes what does not depend on the methods from rows of the same feed before feed time `until`,
   * explained by others.
   */
  keep(before: FeedColumns, until: number): void {
    const rows = firstAtOrAfter(before.time, until - before.origin);
    this.grow(before.time.subarray(0, rows));
    this.#numbers = before.#numbers.slice(0, rows);
    this.keepSteering(before);
    this.#hasKept = rows > 0;
  }

  /** Appends rows, and forgets those before feed time `from`, which the server has forgotten. */
  take(columns: AnalysisColumns, from: number): void {
    const { frame, pts } = columns;
    if (pts[0] !== undefined && !this.hasOrigin) {
      this.origin = pts[0];
      this.hasOrigin = true;
    }
    const times: number[] = [];
    const rows: number[] = [];
    const first = this.frames;
    let before = this.frames > 0 ? this.end : null;
    for (let i = 0; i < frame.length; i++) {
      const time = (pts[i] as number) - this.origin;
      if (before !== null && time - before > GAP) {
        times.push(before + 1e-3);
        this.#numbers.push(frame[i] as number);
      }
      rows.push(first + times.length);
      times.push(time);
      this.#numbers.push(frame[i] as number);
      before = time;
    }
    this.grow(times);
    this.append({ ...columns, frame: rows });
    const oldest = this.#hasKept ? Math.min(from, this.end + this.origin - LONGEST) : from;
    const old = firstAtOrAfter(this.time, oldest - this.origin);
    if (old > 0 && old < this.frames) {
      this.forget(old);
      this.#numbers.splice(0, old);
    }
  }

  override numberOf(row: number): number {
    return this.#numbers[row] ?? 0;
  }

  /** The flag with rows in place of the pictures' numbers. */
  placed(flag: Flag): Flag {
    const row = (number: number) =>
      Math.max(
        0,
        this.#numbers.findLastIndex((each) => each <= number),
      );
    return {
      ...flag,
      startFrame: row(flag.startFrame),
      endFrame: row(flag.endFrame),
      worstFrame: row(flag.worstFrame),
    };
  }
}
