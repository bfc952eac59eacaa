import { basename } from 'node:path';
import { EARLIEST_DATE, type Clock } from '../clock.ts';
import type { ColumnPlan, CsvTable, FirstLines } from '../csv-columns.ts';
import { invalid } from '../log-fault.ts';
import { TextColumn } from '../text-column.ts';
import type { ParquetColumn } from './parquet-table.ts';
import { writtenRatio } from '../written-ratio.ts';
import { readParquet } from './read-parquet.ts';

/**
 * A Parquet file as the columns of a log. A list is a column for each of its elements, `name.0`.
 * Throws LOG_INVALID, INPUT_NOT_FOUND.
 */
export async function readParquetColumns(
  path: string,
  planOf: (lines: FirstLines, file: string) => ColumnPlan,
): Promise<CsvTable> {
  const file = basename(path);
  const { rows, ratio, columns } = await readParquet({ path });
  const named = [...columns].flatMap(([name, column]) => parts(name, column));
  const plan = planOf(
    { first: named.map(({ name }) => name), second: named.map(firstCell), comment: null },
    file,
  );
  if (rows === 0)
    throw invalid(`${file} has no rows.`, 'Write a row per sample, or remove the file.');
  const time = named[plan.time];
  const { textOf = (cell: string) => cell } = plan;
  return {
    plan,
    clock: time ? clockOf(file, time) : null,
    columns: named.map(({ column }) => (column.kind === 'numbers' ? column.values : null)),
    texts: (plan.texts ?? []).map((index) => {
      const { column } = named[index]!;
      const cells = new TextColumn();
      for (let row = 0; row < rows; row++)
        cells.push(column.kind === 'texts' ? textOf(column.values[row]!) : '');
      return cells;
    }),
    lines: Float64Array.from({ length: rows }, (_, row) => row + 1),
    cameras: null,
    ratio: writtenRatio(ratio ?? undefined),
    cameraNames: [],
  };
}

interface Named {
  readonly name: string;
  readonly column: Exclude<ParquetColumn, { kind: 'vectors' }>;
}

function parts(name: string, column: ParquetColumn): Named[] {
  if (column.kind !== 'vectors') return [{ name, column }];
  return column.elements.map((values, i) => ({
    name: `${name}.${i}`,
    column: { kind: 'numbers', values },
  }));
}

function firstCell({ column }: Named): string {
  return String(column.values[0] ?? '');
}

function clockOf(file: string, { name, column }: Named): Clock {
  if (column.kind === 'texts')
    throw invalid(
      `${file}: column ${JSON.stringify(name)} is text.`,
      'Write times as numbers or as timestamps.',
    );
  const { values } = column;
  const empty = values.findIndex(Number.isNaN);
  if (empty >= 0)
    throw invalid(
      `${file}, row ${empty + 1}: column ${JSON.stringify(name)} is empty.`,
      'Write a time into every row.',
    );
  if (column.kind === 'instants') {
    const seconds = Number(column.first) / 1e9;
    return { ...SETTLED, kind: 'date', first: seconds, ...counted(values, true) };
  }
  const first = values[0] ?? 0;
  const isFromFirst = Math.abs(first) >= EARLIEST_DATE;
  const ticks = isFromFirst ? values.map((value) => value - first) : values;
  return { ...SETTLED, kind: 'ticks', first, ...counted(ticks, isFromFirst) };
}

const SETTLED = { midnights: 0 };

function counted(values: Float64Array, isFromFirst: boolean) {
  return { length: values.length, isFromFirst, values: () => values };
}
