import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { pathInside } from '../../../files/path-inside.ts';
import { isNotRead, readInside } from '../../../files/read-inside.ts';
import { splitLines } from '../../log/split-lines.ts';
import { RecordColumns } from './record-columns.ts';
import type { Tub } from './tub.ts';

const LIMITS = { longestLine: 1 << 20, mostBytes: 2 ** 31 };
const MOST_RECORDS = 5_000_000;
const MOST_MANIFEST_BYTES = 256 << 20;
export const CATALOG = /^catalog_(\d+)\.catalog$/;
/** So many lines that cannot be read are named. */
const MOST_NAMED = 3;

const catalogsLine = z.looseObject({
  paths: z.array(z.string()),
  deleted_indexes: z.array(z.number()).optional(),
});
const record = z.record(z.string(), z.unknown());

/**
 * Reads a tub of version 2: the records of its catalogs in the manifest's order, without those that
 * are marked as deleted. What cannot be read is left out and told.
 */
export async function readTubVersion2(folder: string): Promise<Tub> {
  const notes: string[] = [];
  const { catalogs, deleted } = await readManifest(folder, notes);
  const columns = new RecordColumns();
  let skipped = 0;
  for (const catalog of catalogs) {
    const path = await pathInside(folder, catalog);
    if (path === null) {
      notes.push(`${catalog} is missing, or leads out of the tub; its records are left out.`);
      continue;
    }
    const broken: number[] = [];
    const accept = (line: string, number: number): void => {
      const fields = recordIn(line);
      if (!fields) return void broken.push(number);
      const index =
        typeof fields['_index'] === 'number' ? fields['_index'] : columns.length + skipped;
      if (deleted.has(index)) return void skipped++;
      const time = fields['_timestamp_ms'];
      columns.push(index, typeof time === 'number' ? time : NaN, fields);
      if (columns.length > MOST_RECORDS) throw new RangeError('the tub has too many records');
    };
    try {
      await splitLines(createReadStream(path), LIMITS, accept);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      notes.push(`${catalog} breaks off: ${code ?? message}; its further records are left out.`);
    }
    if (broken.length > 0) notes.push(brokenLines(catalog, broken));
  }
  if (skipped > 0) notes.push(`${skipped} records that are marked as deleted are left out.`);
  return columns.whole({
    pictureFolder: join(folder, 'images'),
    files: ['manifest.json', ...catalogs],
    notes,
  });
}

interface Manifest {
  readonly catalogs: readonly string[];
  readonly deleted: ReadonlySet<number>;
}

/** Five JSON values on five lines, of which the last one names the catalogs. */
async function readManifest(folder: string, notes: string[]): Promise<Manifest> {
  const bytes = await readInside(folder, 'manifest.json', MOST_MANIFEST_BYTES);
  const last = isNotRead(bytes)
    ? ''
    : (Buffer.from(bytes).toString('utf8').trimEnd().split('\n')[4] ?? '');
  const found = catalogsLine.safeParse(parsed(last));
  if (found.success) {
    const outside = found.data.paths.filter((path) => !CATALOG.test(path));
    for (const path of outside)
      notes.push(`manifest.json names ${JSON.stringify(path)}, which is no catalog of the tub.`);
    return {
      catalogs: found.data.paths.filter((path) => CATALOG.test(path)),
      deleted: new Set(found.data.deleted_indexes),
    };
  }
  notes.push(
    'manifest.json breaks off, so all catalogs in the folder are read, and records that were deleted count as kept.',
  );
  const numberOf = (name: string) => Number(CATALOG.exec(name)![1]);
  const names = (await readdir(folder)).filter((name) => CATALOG.test(name));
  return { catalogs: names.sort((a, b) => numberOf(a) - numberOf(b)), deleted: new Set() };
}

export function recordIn(line: string): Record<string, unknown> | null {
  const found = record.safeParse(parsed(line));
  return found.success ? found.data : null;
}

/** Python writes numbers that are none as NaN and Infinity, which JSON does not know. */
function parsed(text: string): unknown {
  return json(text) ?? json(text.replaceAll(/(?<=[:[,]\s*)-?(NaN|Infinity)(?=\s*[,\]}])/g, 'null'));
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Such numbers may be in it, or it is broken.
    return undefined;
  }
}

function brokenLines(catalog: string, lines: readonly number[]): string {
  const places = lines.slice(0, MOST_NAMED).join(', ');
  const more = lines.length > MOST_NAMED ? ', …' : '';
  return `${catalog}: ${lines.length} lines are no records and are left out (line ${places}${more}).`;
}
