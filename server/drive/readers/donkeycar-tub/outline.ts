import { lastLine, readFileTail } from '../../../files/file-tail.ts';
import { pathInside } from '../../../files/path-inside.ts';
import type { Place } from '../../place.ts';
import type { DriveOutline } from '../../source.ts';
import { RecordColumns } from './record-columns.ts';
import { timeOf } from './version-1.ts';
import { CATALOG, recordIn } from './version-2.ts';

/** Longer than a record is. */
const TAIL_BYTES = 64 << 10;
const RECORD = /^record_(\d+)\.json$/;

type Fields = Readonly<Record<string, unknown>>;

/** By the first record and the last one. */
export async function outlineOfTub(
  place: Place,
  isVersion2: boolean,
): Promise<DriveOutline | null> {
  const [first, last] = isVersion2 ? await endsOfCatalogs(place) : await endsOfRecords(place);
  if (!first) return null;
  const columns = new RecordColumns();
  columns.push(0, 0, first);
  const { cameras, series } = columns.whole({ pictureFolder: '', files: [], notes: [] });
  const milliseconds = isVersion2 ? timeOfRecord : timeOf;
  const duration = last ? (milliseconds(last) - milliseconds(first)) / 1000 : NaN;
  return {
    durationSeconds: duration >= 0 ? duration : null,
    cameras: cameras.map(({ field }) => field.replace(/^cam\//, '')),
    signals: [...series.keys()],
    hasLog: series.size > 0,
  };
}

async function endsOfCatalogs(place: Place): Promise<[Fields | null, Fields | null]> {
  const [firstName, lastName] = endsOf(place, CATALOG);
  const head = (await place.headOf(firstName)).toString('utf8');
  const path = await pathInside(place.path, lastName);
  const tail = path === null ? null : await readFileTail(path, TAIL_BYTES);
  return [recordIn(head.split('\n', 1)[0]!), tail && recordIn(lastLine(tail.toString('utf8')))];
}

async function endsOfRecords(place: Place): Promise<[Fields | null, Fields | null]> {
  const [first, last] = endsOf(place, RECORD);
  const record = async (name: string) => recordIn((await place.headOf(name)).toString('utf8'));
  return [await record(first), await record(last)];
}

/** The names of the lowest and the highest number. */
function endsOf({ names }: Place, pattern: RegExp): [string, string] {
  let [lowest, highest] = [Infinity, -Infinity];
  let ends: [string, string] = ['', ''];
  for (const name of names) {
    const number = Number(pattern.exec(name)?.[1] ?? NaN);
    if (number < lowest) [lowest, ends] = [number, [name, ends[1]]];
    if (number > highest) [highest, ends] = [number, [ends[0], name]];
  }
  return ends;
}

function timeOfRecord({ _timestamp_ms: time }: Fields): number {
  return typeof time === 'number' ? time : NaN;
}
