import { isEmptyWhereDead } from '../../shared/explanations.ts';
import type { Measure } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import { rowMeasures, valueOf, type MeasuredFrame } from '../../shared/measures/values.ts';
import type { RowColumns } from '../../shared/protocol/columns.ts';
import type { FlagColumns } from '../attention/flags/find-flags.ts';

/** The numbers of one analysed frame. */
export interface MeasuredRow extends MeasuredFrame {
  readonly pts: number;
}

interface GrowingColumn {
  readonly measure: Measure;
  readonly method: number;
  values: Float64Array;
}

/**
 * Per-frame numbers of a growing analysis by some methods, row number = frame number. NaN stands
 * for what is not known.
 */
export class MeasureColumns implements RowColumns {
  readonly methods: number;
  readonly measures: readonly Measure[];
  readonly #emptyIsDead: boolean;
  readonly #columns: readonly GrowingColumn[];
  readonly #byName: ReadonlyMap<string, GrowingColumn>;
  #pts = new Float64Array(1024);
  #length = 0;

  /** `methods`: by their names. `there`: what of the measures that are optional is. */
  constructor(
    methods: readonly string[],
    there: readonly string[] = [],
    measures: readonly Measure[] = MEASURES,
  ) {
    this.methods = methods.length;
    this.measures = rowMeasures(measures, methods.length, there).filter(
      ({ source }) => source === 'rows',
    );
    this.#emptyIsDead = isEmptyWhereDead(methods[0]!);
    this.#columns = this.measures.flatMap((measure) =>
      Array.from({ length: measure.of === 'method' ? methods.length : 1 }, (_, method) => ({
        measure,
        method,
        values: new Float64Array(1024),
      })),
    );
    this.#byName = new Map(
      this.#columns.map((column) => [nameOf(column.measure.id, column.method), column]),
    );
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#pts.byteLength * (1 + this.#columns.length);
  }

  /** A view of the rows so far; it does not grow. */
  get pts(): Float64Array {
    return this.#pts.subarray(0, this.#length);
  }

  /** A view like `pts`. */
  of(id: string, method = 0): Float64Array {
    const column = this.#byName.get(nameOf(id, method));
    if (!column) throw new Error(`There is no column of ${id} by method ${method}.`);
    return column.values.subarray(0, this.#length);
  }

  /** Views like `pts`. */
  get forFlags(): FlagColumns {
    return {
      pts: this.pts,
      steering: this.of('steering'),
      driven: this.of('driven'),
      share: this.of('onRoad'),
      lift: this.of('lift'),
      mass: this.#emptyIsDead ? this.of('mass') : null,
      spearman: this.methods > 1 ? this.of('spearman') : null,
      pull: this.#byName.has(nameOf('pull', 0)) ? this.of('pull') : null,
    };
  }

  push(row: MeasuredRow): void {
    if (this.#length === this.#pts.length) {
      this.#pts = doubled(this.#pts);
      for (const column of this.#columns) column.values = doubled(column.values);
    }
    this.#pts[this.#length] = row.pts;
    for (const { measure, method, values } of this.#columns)
      values[this.#length] = valueOf(measure, row, method);
    this.#length++;
  }

  /**
   * The same rows of the same methods beside another log: what that has is computed for each time,
   * and all else is taken over.
   */
  besideLog(
    methods: readonly string[],
    there: readonly string[],
    at: (pts: number) => Readonly<Record<string, number | undefined>>,
  ): MeasureColumns {
    const other = new MeasureColumns(methods, there);
    other.#pts = this.#pts.slice();
    other.#length = this.#length;
    const values = Array.from(this.pts, at);
    for (const column of other.#columns) {
      const { measure, method } = column;
      const isOfLog = measure.needs === 'driven' || measure.needs === 'logged';
      const before = this.#byName.get(nameOf(measure.id, method));
      column.values =
        before && !isOfLog ? before.values.slice() : new Float64Array(this.#pts.length);
      if (isOfLog)
        for (const [row, each] of values.entries()) column.values[row] = each[measure.id] ?? NaN;
    }
    return other;
  }

  /** Drops so many of the first rows. Views from before show other rows then. */
  forget(rows: number): void {
    this.#pts.copyWithin(0, rows, this.#length);
    for (const { values } of this.#columns) values.copyWithin(0, rows, this.#length);
    this.#length -= rows;
  }
}

function nameOf(id: string, method: number): string {
  return `${id} ${method}`;
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(values.length * 2);
  longer.set(values);
  return longer;
}
