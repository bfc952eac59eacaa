import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { RoadgazeError } from '../../shared/errors.ts';
import { NumberColumn } from './number-column.ts';

/** Which columns must be numbers in every row, and which of them must ascend. Indices into the header. */
export interface RequiredColumns {
  readonly time: number;
  readonly others: readonly number[];
}

export interface CsvTable {
  readonly headings: readonly string[];
  readonly required: RequiredColumns;
  /** One per heading, equally long; null where a cell that may be text is not a number. NaN stands for an empty cell. */
  readonly columns: readonly (Float64Array | null)[];
  /** Rows that replaced the row before them, because both had the same time. */
  readonly repeatedTimes: number;
}

const SEPARATORS = [',', ';', '\t'];
const NOTHING = /^(nan|null|none|n\/?a|-)$/i;
const LONGEST_ROW = 1_000_000;

/**
 * Reads a CSV file with a header as columns of numbers, row by row. Comma, semicolon or tab, told from the header; where
 * it is not the comma, cells may have a decimal comma. Throws LOG_INVALID with line and column, INPUT_NOT_FOUND.
 */
export async function readCsvColumns(path: string, requiredOf: (headings: readonly string[], file: string) => RequiredColumns): Promise<CsvTable> {
  const file = basename(path);
  const separator = await separatorOf(path);
  let headings: string[] | null = null;
  let required: RequiredColumns = { time: -1, others: [] };
  const columns: (NumberColumn | null)[] = [];
  let repeatedTimes = 0;

  const acceptRow = (cells: string[], { lines }: { lines: number }): null => {
    if (!headings) {
      headings = cells;
      required = requiredOf(headings, file);
      for (let i = 0; i < cells.length; i++) columns.push(new NumberColumn());
      return null;
    }
    if (cells.length !== headings.length) {
      throw invalid(`${file}, line ${lines}, has ${cells.length} cells, but the header has ${headings.length}.`, 'Every line needs one cell per column; put text with separators into double quotes.');
    }
    const time = numberIn(cells[required.time]!, separator);
    if (time === undefined || Number.isNaN(time)) throw notANumber(file, lines, headings[required.time]!, cells[required.time]!);
    const times = columns[required.time]!;
    const previous = times.last();
    if (previous !== undefined && time < previous) {
      throw invalid(`${file}, line ${lines}: the time goes back from ${previous} to ${time}.`, 'Sort the rows by time, or cut the log where its clock was set back.');
    }
    const replace = time === previous;
    if (replace) repeatedTimes++;
    for (let i = 0; i < cells.length; i++) {
      const value = numberIn(cells[i]!, separator);
      if (value === undefined) {
        if (required.others.includes(i)) throw notANumber(file, lines, headings[i]!, cells[i]!);
        columns[i] = null;
      } else if (replace) columns[i]?.replaceLast(value);
      else columns[i]?.push(value);
    }
    return null;
  };

  const parser = parse({ bom: true, delimiter: separator, trim: true, skip_empty_lines: true, relax_column_count: true, max_record_size: LONGEST_ROW, on_record: acceptRow });
  parser.resume();
  try {
    await pipeline(createReadStream(path), parser);
  } catch (error) {
    throw explain(error, path);
  }
  if (!headings) throw invalid(`${file} is empty.`, 'Write a header line with a time column and a row per sample, or remove the file.');
  if (columns[required.time]!.length === 0) throw invalid(`${file} has a header, but no rows.`, 'Write a row per sample, or remove the file.');
  return { headings, required, columns: columns.map((column) => column?.values() ?? null), repeatedTimes };
}

/** NaN for an empty cell, undefined for text and for what is not finite. */
function numberIn(cell: string, separator: string): number | undefined {
  if (cell === '') return NaN;
  const value = Number(separator === ',' ? cell : cell.replace(',', '.'));
  if (Number.isFinite(value)) return value;
  return NOTHING.test(cell) ? NaN : undefined;
}

async function separatorOf(path: string): Promise<string> {
  const handle = await open(path).catch((error: unknown) => {
    throw explain(error, path);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const header = buffer.toString('utf8', 0, bytesRead).trimStart().split(/[\r\n]/, 1)[0]!.replace(/"[^"]*"/g, '');
    const counts = SEPARATORS.map((separator) => header.split(separator).length);
    return SEPARATORS[counts.indexOf(Math.max(...counts))]!;
  } catch (error) {
    throw explain(error, path);
  } finally {
    await handle.close();
  }
}

function explain(error: unknown, path: string): unknown {
  const file = basename(path);
  if (error instanceof CsvError) {
    const line = (error as CsvError & { lines?: number }).lines;
    const sentence = error.code === 'CSV_MAX_RECORD_SIZE' ? 'a row is longer than a megabyte' : 'a double quote is not closed, or stands inside a cell';
    return invalid(`${file}, line ${line ?? '?'}: ${sentence}.`, 'Check that the file is CSV, and its quotes near that line.');
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new RoadgazeError('INPUT_NOT_FOUND', `There is no drive log ${path}.`, 'Check the spelling of the path.', { cause: error });
  if (code === 'EISDIR') return invalid(`${file} is a folder, not a drive log.`, 'Rename the folder, or name another file.');
  if (code === 'EACCES') return new RoadgazeError('INPUT_NOT_FOUND', `The drive log ${path} may not be read.`, 'Give yourself permission to read it.', { cause: error });
  return error;
}

function notANumber(file: string, line: number, heading: string, cell: string): RoadgazeError {
  const shown = cell === '' ? 'is empty' : `has ${JSON.stringify(cell.slice(0, 40))}, which is not a number`;
  return invalid(`${file}, line ${line}: column ${JSON.stringify(heading)} ${shown}.`, 'Write plain numbers such as -0.12 or 1e-3.');
}

export function invalid(message: string, hint: string): RoadgazeError {
  return new RoadgazeError('LOG_INVALID', message, hint);
}
