import type { Flag, FlagSettings } from '../../../shared/flags.ts';
import type { Criterion, FlagColumns } from './criteria.ts';

interface Run {
  readonly start: number;
  last: number;
  worst: number;
  worstExcess: number;
  /** Of the depth, 0..1, of so many rows. */
  depthSum: number;
  rows: number;
}

/** Timestamps are decimal fractions in binary: 0.3 s of frames may come out as 0.29999. */
const TOLERANCE = 1e-6;

/**
 * The runs of rows that one criterion flags, found in one pass over rows that may still be growing.
 */
export class FlagRuns {
  readonly #criterion: Criterion;
  readonly #settings: FlagSettings;
  /** Ended, and joined where they lie close together. */
  readonly #ended: Run[] = [];
  #open: Run | null = null;

  constructor(criterion: Criterion, settings: FlagSettings) {
    this.#criterion = criterion;
    this.#settings = settings;
  }

  /** Rows come one after the other. */
  read(columns: FlagColumns, row: number): void {
    // A network that gives no number says nothing of what it looks at, whatever is left of the
    // explanation.
    if (!Number.isFinite(columns.steering[row]!)) return;
    const state = this.#criterion.state(columns, row);
    if (state === 'unknown') return;
    // Rows without a number neither begin nor end a flag, but one does not reach over more of them
    // than over other rows.
    if (this.#open && (state === 'ends' || !this.#isNear(columns.pts, this.#open, row)))
      this.#end();
    if (this.#open) this.#extend(this.#open, columns, row);
    else if (state === 'begins') this.#begin(columns, row);
  }

  /** Of the rows so far. */
  flags(columns: FlagColumns): Flag[] {
    const { pts } = columns;
    const runs = this.#open ? [...this.#ended, this.#open] : this.#ended;
    return runs
      .filter(
        ({ start, last }) =>
          shownUntil(pts, last) - pts[start]! >= this.#settings.minimumSeconds - TOLERANCE,
      )
      .map(({ start, last, worst, depthSum, rows }) => ({
        kind: this.#criterion.kind,
        startPts: pts[start]!,
        endPts: pts[last]!,
        startFrame: start,
        endFrame: last,
        worstFrame: worst,
        worstPts: pts[worst]!,
        worst: this.#criterion.value(columns, worst),
        severity: depthSum / rows,
      }));
  }

  #begin(columns: FlagColumns, row: number): void {
    const before = this.#ended.at(-1);
    this.#open =
      before && this.#isNear(columns.pts, before, row)
        ? this.#ended.pop()!
        : { start: row, last: row, worst: row, worstExcess: -Infinity, depthSum: 0, rows: 0 };
    this.#extend(this.#open, columns, row);
  }

  #extend(run: Run, columns: FlagColumns, row: number): void {
    const excess = this.#criterion.excess(columns, row);
    run.last = row;
    run.depthSum += Math.min(1, Math.max(0, excess));
    run.rows++;
    if (excess <= run.worstExcess) return;
    run.worst = row;
    run.worstExcess = excess;
  }

  #end(): void {
    this.#ended.push(this.#open!);
    this.#open = null;
  }

  #isNear(pts: ArrayLike<number>, run: Run, row: number): boolean {
    return pts[row]! - shownUntil(pts, run.last) <= this.#settings.mergeSeconds + TOLERANCE;
  }
}

/**
 * When a frame stops being shown: at the next one; the last of all, after as long as the one
 * before.
 */
function shownUntil(pts: ArrayLike<number>, row: number): number {
  if (row + 1 < pts.length) return pts[row + 1]!;
  return row > 0 ? 2 * pts[row]! - pts[row - 1]! : pts[row]!;
}
