import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';
import type { Flag } from '../../shared/flags.ts';
import { DriveColumns } from '../timeline/columns.ts';

/** Rows further apart than this (s) have a gap between them: there was no signal. */
const GAP = 1;

/**
 * The numbers of a live feed, one row per explained picture: they grow at one end and are forgotten at the other. `time` is feed time less
 * `origin`, which stays the same while the feed is watched. A row without values stands in every gap.
 */
export class LiveColumns extends DriveColumns {
  /** Of the picture of every row. */
  #numbers: number[] = [];
  hasOrigin = false;

  constructor(factor: number, origin: number | null) {
    super([], factor);
    if (origin === null) return;
    this.origin = origin;
    this.hasOrigin = true;
  }

  /** Appends rows, and forgets those before feed time `from`. */
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
    for (let i = 0; i < frame.length; i += 1) {
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
    const old = this.frames > 0 && (this.time[0] as number) + this.origin < from ? this.time.findIndex((time) => time + this.origin >= from) : 0;
    if (old > 0) {
      this.forget(old);
      this.#numbers.splice(0, old);
    }
  }

  override numberOf(row: number): number {
    return this.#numbers[row] ?? 0;
  }

  /** The flag with rows in place of the pictures' numbers. */
  placed(flag: Flag): Flag {
    const row = (number: number) => Math.max(0, this.#numbers.findLastIndex((each) => each <= number));
    return { ...flag, startFrame: row(flag.startFrame), endFrame: row(flag.endFrame), worstFrame: row(flag.worstFrame) };
  }
}
