import type { Measure } from '../measures/measure.ts';
import { MEASURES } from '../measures/measures.ts';
import { isOptional, type MeasuredFrame } from '../measures/values.ts';
import type { AnalysisColumns, Column } from './opened-parts.ts';

/** Rows by column, as they are kept; NaN stands for what is not known. */
export interface RowColumns {
  /** Seconds, ascending. */
  readonly pts: Float64Array;
  /** How many methods the rows are by. */
  readonly methods: number;
  /** What there are columns of. */
  readonly measures: readonly Measure[];
  /** The column of a measure; of a method, by its position. */
  of(id: string, method?: number): Float64Array;
}

type Columns = Record<string, (number | null)[]>;

/**
 * Rows `from` (included) to `to` (excluded) as they travel; `frame` counts the rows. What is
 * optional, and known of none of these rows, does not travel.
 */
export function encodeColumns(rows: RowColumns, from: number, to: number): AnalysisColumns {
  const columnsOf = (wanted: Measure['of'], method = 0): Columns =>
    Object.fromEntries(
      rows.measures
        .filter(({ of, source }) => of === wanted && source === 'rows')
        .map((measure): [Measure, Float64Array] => [
          measure,
          rows.of(measure.id, method).subarray(from, to),
        ])
        .filter(([measure, values]) => !isOptional(measure) || !values.every(Number.isNaN))
        .map(([measure, values]) => [measure.id, encoded(values, measure)]),
    );
  return {
    frame: Array.from({ length: to - from }, (_, index) => from + index),
    pts: [...rows.pts.subarray(from, to)],
    ...columnsOf('frame'),
    scores: Array.from({ length: rows.methods }, (_, method) => columnsOf('method', method)),
    agreement: rows.methods > 1 ? columnsOf('pair') : null,
  } as unknown as AnalysisColumns;
}

/** Rounded to a millionth it has half of the digits, and the message half of its length. */
function encoded(values: Float64Array, { rounded }: Measure): (number | null)[] {
  return Array.from(values, (value) => {
    if (Number.isNaN(value)) return null;
    return rounded ? Math.round(value * 1e6) / 1e6 : value;
  });
}

/** The column of a measure, as it came; null where there is none. */
export function columnOf(
  columns: AnalysisColumns,
  { id, of }: Pick<Measure, 'id' | 'of'>,
  method = 0,
): Column | null {
  const named =
    of === 'frame' ? columns : of === 'method' ? columns.scores[method] : columns.agreement;
  return (named as unknown as Record<string, Column> | null | undefined)?.[id] ?? null;
}

/** Ids of what is optional and has a value in one of these rows. */
export function loggedIn(
  columns: AnalysisColumns,
  measures: readonly Measure[] = MEASURES,
): string[] {
  return measures
    .filter(isOptional)
    .filter((measure) => columnOf(columns, measure)?.some((value) => value !== null))
    .map(({ id }) => id);
}

/** One row of columns as they came; `row` counts them from 0. */
export function frameOf(
  columns: AnalysisColumns,
  row: number,
  measures: readonly Measure[] = MEASURES,
): MeasuredFrame {
  const numbersOf = (wanted: Measure['of'], method = 0): Record<string, number | null> => {
    const numbers: Record<string, number | null> = {};
    for (const measure of measures) {
      const column = measure.of === wanted ? columnOf(columns, measure, method) : null;
      if (column) numbers[measure.id] = column[row] ?? (wanted === 'frame' ? NaN : null);
    }
    return numbers;
  };
  return {
    ...numbersOf('frame'),
    scores: columns.scores.map((_, method) => numbersOf('method', method)),
    agreement: columns.agreement && numbersOf('pair'),
  } as unknown as MeasuredFrame;
}
