import { basename } from 'node:path';
import { RoadgazeError } from '../../../shared/errors.ts';
import type { SteeringRatio } from '../../../shared/steering.ts';
import { ClockColumn, type Clock } from './clock.ts';
import { lineEndOf, readCsvRows, type TakeRow } from './csv-rows.ts';
import { invalid } from './log-fault.ts';
import { NumberColumn } from './number-column.ts';
import { TextColumn } from './text-column.ts';
import { decodedText, readTextHead } from './text.ts';

/** How the rows of a log are to be read; columns by index, −1 where there is none. */
export interface ColumnPlan {
  readonly headings: readonly string[];
  /** The first line is a row already. */
  readonly headless: boolean;
  readonly time: number;
  /** The time is in the name of a picture. */
  readonly timeIsName: boolean;
  /** Columns that must be numbers, or empty, in every row. */
  readonly numbers: readonly number[];
  /** Columns whose cells are kept as they are, such as names of pictures. */
  readonly texts?: readonly number[];
  /** Columns of which only that is counted: cells that are not empty. */
  readonly counted?: readonly number[];
  /** What of such a cell is kept. */
  readonly textOf?: (cell: string) => string;
  /** Makes the cells of a row out of those that separators give. */
  readonly split: ((cells: string[]) => string[]) | null;
  /** Which camera a row is of; null where no column says. */
  readonly cameraOf: ((cells: readonly string[]) => string) | null;
  /** A column is named so; otherwise it is only guessed, and rows of cameras must take turns. */
  readonly isCameraNamed: boolean;
  /** The recorder may have been stopped inside its last row, which is then left out. */
  readonly mayBreakOff?: boolean;
}

interface BrokenRow {
  readonly line: number;
  readonly cells: number;
}

export interface CsvTable {
  readonly plan: ColumnPlan;
  /** null without a time column. */
  readonly clock: Clock | null;
  /**
   * One per heading, equally long; null where a cell that may be text is not a number. NaN stands
   * for an empty cell.
   */
  readonly columns: readonly (Float64Array | null)[];
  /** The cells of `texts`, in its order. */
  readonly texts: readonly TextColumn[];
  /** Of `counted`, in its order. */
  readonly filled?: readonly number[];
  /** Line of each row in the file, from 1. */
  readonly lines: Float64Array;
  /** Index into `cameraNames` of each row; null without cameras. */
  readonly cameras: Float64Array | null;
  readonly cameraNames: readonly string[];
  /** Line of the last row, where that breaks off and was left out. */
  readonly brokenOff?: number | null;
  /** Where the file tells it. */
  readonly ratio?: SteeringRatio | null;
}

/** The cells of the first two lines that are no comments, and of the last comment above them. */
export interface FirstLines {
  readonly first: readonly string[];
  readonly second: readonly string[] | null;
  readonly comment: readonly string[] | null;
}

const SEPARATORS = [',', ';', '\t'];
const NOTHING = /^(nan|null|none|n\/?a|-)$/i;
const DECIMAL_COMMA = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i;
/** More different values than this are no names of cameras. */
const MOST_CAMERAS = 16;

/**
 * Reads a CSV file as columns of numbers, row by row: UTF-8 or UTF-16, comma, semicolon or tab,
 * lines that begin with # left out; where cells hold a decimal comma, it is one. Throws LOG_INVALID
 * with line and column, INPUT_NOT_FOUND.
 */
export async function readCsvColumns(
  path: string,
  planOf: (lines: FirstLines, file: string) => ColumnPlan,
): Promise<CsvTable> {
  const file = basename(path);
  const { encoding, text } = await readTextHead(path).catch((error: unknown) => {
    throw explain(error, path);
  });
  const { separator, skipped, ...lines } = readFirstLines(text);
  if (lines.first.length === 0)
    throw invalid(
      `${file} is empty.`,
      'Write a header line with a time column and a row per sample, or remove the file.',
    );
  const plan = planOf(lines, file);
  const columns: (NumberColumn | null)[] = plan.headings.map(() => new NumberColumn());
  const texts = (plan.texts ?? []).map((index) => ({ index, cells: new TextColumn() }));
  const { textOf = (cell: string) => cell, counted = [] } = plan;
  const filled = counted.map(() => 0);
  const clock = plan.time < 0 ? null : new ClockColumn(plan.timeIsName);
  const lineNumbers = new NumberColumn();
  const cameras = new NumberColumn();
  const cameraIds = new Map<string, number>();
  let hasHeading = plan.headless;

  let brokenOff: BrokenRow | null = null;
  const tooFew = ({ line, cells }: BrokenRow): RoadgazeError =>
    invalid(
      `${file}, line ${line}, has ${cells} cells, but the header has ${plan.headings.length}.`,
      'Every line needs one cell per column; put text with separators into double quotes.',
    );

  const acceptRow: TakeRow = (parsed, line) => {
    const cells = plan.split ? plan.split(parsed) : parsed;
    if (!hasHeading) {
      hasHeading = true;
      return;
    }
    if (brokenOff) throw tooFew(brokenOff);
    if (cells.length !== plan.headings.length) {
      const broken = { line, cells: cells.length };
      if (!plan.mayBreakOff || cells.length > plan.headings.length) throw tooFew(broken);
      brokenOff = broken;
      return;
    }
    if (clock && !clock.push(withPoint(cells[plan.time]!)))
      throw wrongTime(file, line, plan.headings[plan.time]!, cells[plan.time]!, clock);
    for (let i = 0; i < cells.length; i++) {
      const column = columns[i];
      if (!column) continue;
      const value = numberIn(cells[i]!);
      if (value !== undefined) column.push(value);
      else if (plan.numbers.includes(i)) throw notANumber(file, line, plan.headings[i]!, cells[i]!);
      else columns[i] = null;
    }
    for (const text of texts) text.cells.push(textOf(cells[text.index]!));
    for (let i = 0; i < counted.length; i++) if (cells[counted[i]!] !== '') filled[i]!++;
    lineNumbers.push(line);
    if (plan.cameraOf && cameraIds.size <= MOST_CAMERAS) {
      const name = plan.cameraOf(cells);
      let id = cameraIds.get(name);
      if (id === undefined) cameraIds.set(name, (id = cameraIds.size));
      cameras.push(id);
    }
  };

  const form = { file, separator, skipped, lineEnd: lineEndOf(text) };
  try {
    await readCsvRows(decodedText(path, encoding), form, acceptRow);
  } catch (error) {
    throw explain(error, path);
  }
  if (lineNumbers.length === 0)
    throw invalid(
      `${file} has a header, but no rows.`,
      'Write a row per sample, or remove the file.',
    );
  const ids = cameras.values();
  const turns = ids.reduce((count, id, row) => count + (row > 0 && id !== ids[row - 1] ? 1 : 0), 0);
  const hasCameras =
    cameraIds.size > 1 &&
    cameraIds.size <= MOST_CAMERAS &&
    lineNumbers.length >= 2 * cameraIds.size &&
    (plan.isCameraNamed || turns >= ids.length / 4);
  return {
    plan,
    clock,
    columns: columns.map((column) => column?.values() ?? null),
    texts: texts.map(({ cells }) => cells),
    filled,
    lines: lineNumbers.values(),
    cameras: hasCameras ? ids : null,
    cameraNames: hasCameras ? [...cameraIds.keys()] : [],
    brokenOff: (brokenOff as BrokenRow | null)?.line ?? null,
  };
}

/** NaN for an empty cell, undefined for text and for what is not finite. */
function numberIn(cell: string): number | undefined {
  if (cell === '') return NaN;
  let value = Number(cell);
  if (Number.isFinite(value)) return value;
  value = Number(withPoint(cell));
  if (Number.isFinite(value)) return value;
  return NOTHING.test(cell) ? NaN : undefined;
}

/** A decimal comma as a point. */
function withPoint(cell: string): string {
  return cell.includes(',') && DECIMAL_COMMA.test(cell) ? cell.replace(',', '.') : cell;
}

/** True where every cell is a number, as in a row and in no header. */
export function isAllNumbers(cells: readonly string[]): boolean {
  return cells.every((cell) => cell !== '' && numberIn(cell) !== undefined);
}

interface Head extends FirstLines {
  readonly separator: string;
  /**
   * Lines in front that are neither rows nor comments: what a spreadsheet writes to name its
   * separator.
   */
  readonly skipped: number;
}

export function readFirstLines(text: string): Head {
  const lines = text.split(/\r\n|[\r\n]/);
  const named = /^\s*sep=(.)\s*$/i.exec(lines[0] ?? '')?.[1];
  const content = lines
    .slice(named ? 1 : 0)
    .map((line) => line.trim())
    .filter(Boolean);
  const start = content.findIndex((line) => !line.startsWith('#'));
  const [first = '', second] =
    start < 0 ? [] : content.slice(start).filter((line) => !line.startsWith('#'));
  const separator = named ?? separatorOf(first);
  const cellsOf = (line: string) =>
    line.split(separator).map((cell) =>
      cell
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .trim(),
    );
  return {
    separator,
    skipped: named ? 1 : 0,
    first: first === '' ? [] : firstRecord(first, separator),
    second: second === undefined ? null : cellsOf(second),
    comment: start > 0 ? cellsOf(content[start - 1]!.replace(/^#+/, '')) : null,
  };
}

/** A header may hold separators in quotes. */
function firstRecord(line: string, separator: string): string[] {
  const cells: string[] = [];
  const pattern = new RegExp(
    `\\s*(?:"((?:[^"]|"")*)"|([^${separator === '\t' ? '\\t' : separator}]*?))\\s*(?:${separator === '\t' ? '\\t' : separator}|$)`,
    'gy',
  );
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    cells.push(match[1]?.replaceAll('""', '"').trim() ?? match[2] ?? '');
    if (pattern.lastIndex >= line.length) {
      if (line.endsWith(separator)) cells.push('');
      return cells;
    }
  }
  return line.split(separator);
}

function separatorOf(line: string): string {
  const header = line.replace(/"[^"]*"/g, '');
  const counts = SEPARATORS.map((separator) => header.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))]!;
}

function explain(error: unknown, path: string): unknown {
  const file = basename(path);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return new RoadgazeError(
      'INPUT_NOT_FOUND',
      `There is no drive log ${path}.`,
      'Check the spelling of the path.',
      { cause: error },
    );
  if (code === 'EISDIR')
    return invalid(
      `${file} is a folder, not a drive log.`,
      'Rename the folder, or name another file.',
    );
  if (code === 'EACCES')
    return new RoadgazeError(
      'INPUT_NOT_FOUND',
      `The drive log ${path} may not be read.`,
      'Give yourself permission to read it.',
      { cause: error },
    );
  return error;
}

function wrongTime(
  file: string,
  line: number,
  heading: string,
  cell: string,
  { kind, length }: Clock,
): RoadgazeError {
  if (length === 0 || kind === 'ticks' || cell === '') return notANumber(file, line, heading, cell);
  const what =
    kind === 'clock'
      ? 'a time of day'
      : kind === 'date'
        ? 'a date with a time'
        : 'the name of a picture with its time';
  return invalid(
    `${file}, line ${line}: column ${JSON.stringify(heading)} has ${JSON.stringify(cell.slice(0, 60))}, which is not ${what} as above it.`,
    'Write all times in one form.',
  );
}

function notANumber(file: string, line: number, heading: string, cell: string): RoadgazeError {
  const shown =
    cell === '' ? 'is empty' : `has ${JSON.stringify(cell.slice(0, 40))}, which is not a number`;
  return invalid(
    `${file}, line ${line}: column ${JSON.stringify(heading)} ${shown}.`,
    'Write plain numbers such as -0.12 or 1e-3.',
  );
}
