import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { invalid } from './log-fault.ts';

/** How a CSV file is written. */
export interface CsvForm {
  /** For messages. */
  readonly file: string;
  readonly separator: string;
  readonly lineEnd: '\n' | '\r';
  /** Lines in front that are neither rows nor comments. */
  readonly skipped: number;
}

/** `line` counts from 1; of a row of several lines it is the last one. */
export type TakeRow = (cells: string[], line: number) => void;

const LONGEST_ROW = 1_000_000;
const SPACE = 0x20;

/** What ends the lines of a text that begins so. */
export function lineEndOf(text: string): '\n' | '\r' {
  return /\r\n|[\r\n]/.exec(text)?.[0] === '\r' ? '\r' : '\n';
}

/**
 * Hands over the rows of a CSV file, cells without spaces around them, and neither empty lines nor
 * those that begin with #. Lines without a double quote are cut at the separator, which takes a
 * tenth of the time: logs of a million rows have none. From the first line on that has one,
 * `csv-parse` reads. Throws LOG_INVALID, and what `take` and the text throw.
 */
export async function readCsvRows(
  text: AsyncIterable<string, void>,
  form: CsvForm,
  take: TakeRow,
): Promise<void> {
  const { separator, lineEnd, skipped, file } = form;
  const pieces = text[Symbol.asyncIterator]();
  let line = 0;
  let rest = '';
  /** False: the line has a quote. */
  const takeLine = (content: string): boolean => {
    line++;
    if (line <= skipped) return true;
    const trimmed = withoutSpaces(content);
    if (trimmed === '' || trimmed.charCodeAt(0) === HASH) return true;
    if (content.includes('"')) return false;
    const cells = content.split(separator);
    for (let i = 0; i < cells.length; i++) cells[i] = withoutSpaces(cells[i]!);
    take(cells, line);
    return true;
  };
  const goOnQuoted = (from: string): Promise<void> =>
    readQuoted({ from, pieces, before: line - 1 }, form, take);
  try {
    for (;;) {
      const piece = await pieces.next();
      if (piece.done) break;
      const content = rest + piece.value;
      let from = 0;
      for (
        let end = content.indexOf(lineEnd);
        end >= 0;
        from = end + 1, end = content.indexOf(lineEnd, from)
      ) {
        if (end - from > LONGEST_ROW) throw tooLong(file, line + 1);
        if (!takeLine(content.slice(from, end))) return await goOnQuoted(content.slice(from));
      }
      rest = content.slice(from);
      if (rest.length > LONGEST_ROW) throw tooLong(file, line + 1);
    }
    if (rest !== '' && !takeLine(rest)) await goOnQuoted(rest);
  } finally {
    await pieces.return?.();
  }
}

const HASH = '#'.charCodeAt(0);

/** As `trim`: most cells have none, and a look at both ends is quicker than `trim`. */
export function withoutSpaces(cell: string): string {
  return cell.charCodeAt(0) <= SPACE || cell.charCodeAt(cell.length - 1) <= SPACE
    ? cell.trim()
    : cell;
}

interface Rest {
  /** From the beginning of a line. */
  readonly from: string;
  readonly pieces: AsyncIterator<string, void>;
  /** Lines before. */
  readonly before: number;
}

async function readQuoted(
  { from, pieces, before }: Rest,
  { file, separator, lineEnd }: CsvForm,
  take: TakeRow,
): Promise<void> {
  const parser = parse({
    delimiter: separator,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: LONGEST_ROW,
    comment: '#',
    comment_no_infix: true,
    record_delimiter: lineEnd === '\r' ? '\r' : ['\r\n', '\n'],
    on_record: (cells: string[], { lines }) => {
      take(cells, before + lines);
      return null;
    },
  });
  parser.resume();
  const whole = async function* () {
    yield from;
    for (;;) {
      const piece = await pieces.next();
      if (piece.done) return;
      yield piece.value;
    }
  };
  try {
    await pipeline(Readable.from(whole()), parser);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const at = before + ((error as CsvError & { lines?: number }).lines ?? 0);
    if (error.code === 'CSV_MAX_RECORD_SIZE') throw tooLong(file, at);
    throw invalid(
      `${file}, line ${at}: a double quote is not closed, or stands inside a cell.`,
      'Check that the file is CSV, and its quotes near that line.',
    );
  }
}

function tooLong(file: string, line: number): Error {
  return invalid(
    `${file}, line ${line}: a row is longer than a megabyte.`,
    'Check that the file is CSV, and its quotes near that line.',
  );
}
