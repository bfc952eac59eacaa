import { readFile, stat } from 'node:fs/promises';
import { RoadgazeError } from '../../../shared/errors.ts';
import { UDACITY_LOG, udacityRows } from '../../drive/readers/udacity.ts';
import type { Place } from '../../drive/place.ts';
import type { Cleaned } from './dropped.ts';
import type { OwnList } from './own-list.ts';

const LARGEST = 512 << 20;
const NEW_LINE = 10;

/** driving_log.csv without the rows of these frames; all other bytes stay as they are. */
export async function udacityLog(place: Place, { isDropped }: Cleaned): Promise<OwnList> {
  const { path, lines, names, encoding } = await udacityRows(place);
  if (lines.length !== isDropped.length || encoding.startsWith('utf-16')) throw unsafe(place.name);
  if ((await stat(path)).size > LARGEST) throw unsafe(place.name);
  const bytes = await readFile(path);
  const rows = new Map(Array.from(lines, (line, row) => [line, row]));
  const kept: Uint8Array[] = [];
  let number = 0;
  for (let begin = 0; begin < bytes.length;) {
    const at = bytes.indexOf(NEW_LINE, begin);
    const end = at < 0 ? bytes.length : at + 1;
    const line = bytes.subarray(begin, end);
    const row = rows.get(++number);
    // What is told of a row must stand in its line, or the two are not counted alike.
    if (row !== undefined && !line.includes(names.at(row)!)) throw unsafe(place.name);
    if (row === undefined || isDropped[row] !== 1) kept.push(line);
    begin = end;
  }
  const count = isDropped.reduce((sum, each) => sum + each, 0);
  return {
    file: UDACITY_LOG,
    content: Buffer.concat(kept),
    told: `${count} rows are left out, ${lines.length - count} stay`,
  };
}

function unsafe(name: string): RoadgazeError {
  return new RoadgazeError(
    'DRIVE_INVALID',
    `${UDACITY_LOG} of ${name} is written in a way that rows cannot be taken out of safely.`,
    'Write the ranges as a list of their own with --as json or --as csv.',
  );
}
