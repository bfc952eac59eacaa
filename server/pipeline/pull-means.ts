/**
 * A cover that misses an edge of a thing moves a single frame otherwise than its neighbours: a pull
 * is the mean of the frames so near, in seconds.
 */
const REACH = 0.2;
/** Timestamps are decimal fractions in binary. */
const TOLERANCE = 1e-6;

interface PulledRow {
  readonly pts: number;
  readonly pull?: number | null;
}

/**
 * The same rows, their pulls the means of those around: each row comes when those behind it are
 * known. What is not known stays so, and counts for no other.
 */
export async function* withPullMeans<Row extends PulledRow>(
  rows: AsyncIterable<Row>,
): AsyncGenerator<Row> {
  const near: Row[] = [];
  let next = 0;
  const isNear = (row: Row, other: Row) => Math.abs(row.pts - other.pts) <= REACH + TOLERANCE;
  for await (const row of rows) {
    while (next < near.length && !isNear(near[next]!, row)) yield meanAt(near, next++, isNear);
    near.push(row);
    while (next > 0 && !isNear(near[0]!, near[next]!)) {
      near.shift();
      next--;
    }
  }
  while (next < near.length) yield meanAt(near, next++, isNear);
}

function meanAt<Row extends PulledRow>(
  rows: readonly Row[],
  at: number,
  isNear: (row: Row, other: Row) => boolean,
): Row {
  const row = rows[at]!;
  if (typeof row.pull !== 'number') return row;
  const pulls = rows.flatMap((other) => (isNear(row, other) ? (other.pull ?? []) : []));
  return { ...row, pull: meanOf(pulls) };
}

/** Of a feed, whose next frames are not known: the mean of those that came. */
export class RecentPulls {
  readonly #rows: { readonly pts: number; readonly pull: number }[] = [];

  /** Rows come in their order. */
  mean({ pts, pull }: PulledRow): number | null {
    if (typeof pull !== 'number') return null;
    this.#rows.push({ pts, pull });
    while (pts - this.#rows[0]!.pts > 2 * REACH + TOLERANCE) this.#rows.shift();
    return meanOf(this.#rows.map((row) => row.pull));
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
