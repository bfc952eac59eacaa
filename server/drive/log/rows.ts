import type { CsvTable } from './csv-columns.ts';
import { invalid } from './log-fault.ts';
import type { LogChoices } from './choices.ts';

const LEADING_CAMERA = /cent(er|re)|front|middle/i;
/** Times that repeat in so many of the rows are no times: a spreadsheet has rounded them. */
const MOST_REPEATED = 0.9;
const FEW_ROWS = 20;

/**
 * The rows that count, ascending: of one camera, and the last of those with the same time. Throws
 * LOG_INVALID where a log of several cameras leaves open which one is meant, and where time goes
 * back.
 */
export function chooseRows(
  file: string,
  table: CsvTable,
  choices: LogChoices,
  say: (sentence: string) => void,
): Int32Array {
  const rows = ofOneCamera(file, table, choices, say);
  const { clock, lines } = table;
  if (!clock) return rows;
  const values = clock.values();
  const kept = new Int32Array(rows.length);
  let length = 0;
  for (const row of rows) {
    const previous = length > 0 ? values[kept[length - 1]!]! : -Infinity;
    const value = values[row]!;
    if (value < previous) {
      const how = clock.isFromFirst
        ? `by ${Number((previous - value).toPrecision(6))}${clock.kind === 'ticks' ? '' : ' s'}`
        : `from ${previous} to ${value}`;
      throw invalid(
        `${file}, line ${lines[row]}: the time goes back ${how}.`,
        'Sort the rows by time, or cut the log where its clock was set back.',
      );
    }
    if (value === previous) kept[length - 1] = row;
    else kept[length++] = row;
  }
  const repeated = rows.length - length;
  if (rows.length >= FEW_ROWS && repeated > MOST_REPEATED * rows.length) {
    throw invalid(
      `${file}: ${repeated} of ${rows.length} rows have the time of the row before them.`,
      'Write the times with all their digits; a spreadsheet may have rounded them.',
    );
  }
  if (repeated)
    say(`${repeated} rows repeat the time of the row before them; the later row counts.`);
  return kept.slice(0, length);
}

export function gathered(values: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]!);
}

function ofOneCamera(
  file: string,
  { cameras, cameraNames, lines }: CsvTable,
  { camera: wish }: LogChoices,
  say: (sentence: string) => void,
): Int32Array {
  const all = Int32Array.from(lines, (_, row) => row);
  const names = cameraNames.map((name) => JSON.stringify(name)).join(', ');
  if (!cameras) {
    if (wish !== undefined)
      throw invalid(
        `${file} has rows of one camera only, so there is no ${JSON.stringify(wish)}.`,
        'Leave --log-camera out.',
      );
    return all;
  }
  const leading = cameraNames.filter((name) => LEADING_CAMERA.test(name));
  const taken = wish ?? (leading.length === 1 ? leading[0]! : undefined);
  const id = taken === undefined ? -1 : cameraNames.indexOf(taken);
  if (id < 0) {
    throw invalid(
      wish === undefined
        ? `${file} has rows of several cameras: ${names}.`
        : `${file} has no camera ${JSON.stringify(wish)}; it has ${names}.`,
      'Say whose rows count with --log-camera.',
    );
  }
  if (wish === undefined)
    say(
      `it has rows of several cameras, ${names}; those of ${JSON.stringify(taken)} are taken. --log-camera chooses others.`,
    );
  return all.filter((row) => cameras[row] === id);
}
