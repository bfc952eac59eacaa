import { RoadgazeError } from '../../../shared/errors.ts';
import { isNotRead, readInside } from '../../files/read-inside.ts';
import { readTubVersion1 } from '../../drive/readers/donkeycar-tub/version-1.ts';
import { readTubVersion2 } from '../../drive/readers/donkeycar-tub/version-2.ts';
import type { OwnList } from './own-list.ts';
import type { Cleaned } from './dropped.ts';

const MOST_BYTES = 256 << 20;
/** Line of manifest.json, from 0, with what the catalogs are and what is deleted. */
const CATALOGS = 4;

/** manifest.json of a tub of version 2 with more `deleted_indexes`; nothing else of it changes. */
export async function tubManifest(folder: string, cleaned: Cleaned): Promise<OwnList> {
  const { numbers } = await readTubVersion2(folder);
  const lines = (await textOf(folder, 'manifest.json')).split('\n');
  const last = jsonIn(lines[CATALOGS]) as Record<string, unknown> | null;
  if (typeof last !== 'object' || last === null || !Array.isArray(last['paths']))
    throw broken(folder, 'manifest.json');
  const before = numbersIn(last['deleted_indexes']);
  const deleted = [...new Set([...before, ...droppedNumbers(folder, numbers, cleaned)])];
  last['deleted_indexes'] = deleted.sort((a, b) => a - b);
  lines[CATALOGS] = JSON.stringify(last);
  return {
    file: 'manifest.json',
    content: lines.join('\n'),
    told: `${deleted.length - before.length} more records are marked as deleted, ${deleted.length} in all`,
  };
}

/** exclude.json of a tub of version 1. */
export async function tubExclusions(folder: string, cleaned: Cleaned): Promise<OwnList> {
  const { numbers } = await readTubVersion1(folder);
  const bytes = await readInside(folder, 'exclude.json', MOST_BYTES);
  const before = isNotRead(bytes) ? [] : numbersIn(jsonIn(Buffer.from(bytes).toString('utf8')));
  const excluded = [...new Set([...before, ...droppedNumbers(folder, numbers, cleaned)])];
  return {
    file: 'exclude.json',
    content: JSON.stringify(excluded.sort((a, b) => a - b)),
    told: `${excluded.length - before.length} more records are excluded, ${excluded.length} in all`,
  };
}

function droppedNumbers(folder: string, numbers: Float64Array, { isDropped }: Cleaned): number[] {
  if (numbers.length !== isDropped.length)
    throw new RoadgazeError(
      'DRIVE_INVALID',
      `The tub ${folder} has changed while it was read.`,
      'Wait until it is no longer written to, and try again.',
    );
  return [...numbers].filter((_, record) => isDropped[record] === 1);
}

function numbersIn(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'number') : [];
}

function jsonIn(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}

async function textOf(folder: string, name: string): Promise<string> {
  const bytes = await readInside(folder, name, MOST_BYTES);
  if (isNotRead(bytes)) throw broken(folder, name);
  return Buffer.from(bytes).toString('utf8');
}

function broken(folder: string, name: string): RoadgazeError {
  return new RoadgazeError(
    'DRIVE_INVALID',
    `${name} of ${folder} is damaged, so nothing can be marked in it.`,
    'Write the ranges as a list of their own with --as json or --as csv.',
  );
}
