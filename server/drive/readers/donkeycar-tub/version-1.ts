import { readdir } from 'node:fs/promises';
import { isNotRead, readInside } from '../../../files/read-inside.ts';
import { RecordColumns } from './record-columns.ts';
import type { Tub } from './tub.ts';

const RECORD = /^record_(\d+)\.json$/;
const MOST_BYTES = 1 << 20;
/** Files that are read at a time. */
const AT_ONCE = 32;

/**
 * Reads a tub of version 1: a JSON file a record, its pictures beside it. Those that exclude.json
 * lists are left out.
 */
export async function readTubVersion1(folder: string): Promise<Tub> {
  const notes: string[] = [];
  const columns = new RecordColumns();
  const excluded = new Set(await excludedIn(folder));
  const numbers = (await readdir(folder)).flatMap((name) => {
    const match = RECORD.exec(name);
    return match ? [Number(match[1])] : [];
  });
  const kept = numbers.filter((number) => !excluded.has(number)).sort((a, b) => a - b);
  const broken: number[] = [];
  for (let at = 0; at < kept.length; at += AT_ONCE) {
    const some = kept.slice(at, at + AT_ONCE);
    const records = await Promise.all(some.map((number) => recordAt(folder, number)));
    for (const [i, fields] of records.entries()) {
      if (fields) columns.push(some[i]!, timeOf(fields), fields);
      else broken.push(some[i]!);
    }
  }
  if (broken.length > 0)
    notes.push(
      `${broken.length} records cannot be read and are left out (record_${broken[0]}.json${broken.length > 1 ? ', …' : ''}).`,
    );
  if (kept.length < numbers.length)
    notes.push(`${numbers.length - kept.length} records that exclude.json lists are left out.`);
  return columns.whole({ pictureFolder: folder, files: ['.', 'meta.json', 'exclude.json'], notes });
}

async function excludedIn(folder: string): Promise<number[]> {
  const list = await jsonIn(folder, 'exclude.json');
  return Array.isArray(list) ? list.filter((each) => typeof each === 'number') : [];
}

async function recordAt(folder: string, number: number): Promise<Record<string, unknown> | null> {
  const value = await jsonIn(folder, `record_${number}.json`);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

async function jsonIn(folder: string, name: string): Promise<unknown> {
  const bytes = await readInside(folder, name, MOST_BYTES);
  if (isNotRead(bytes)) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Milliseconds since the start; older tubs have a date in text, which ends in microseconds. */
export function timeOf({ milliseconds, timestamp }: Record<string, unknown>): number {
  if (typeof milliseconds === 'number') return milliseconds;
  if (typeof timestamp !== 'string') return NaN;
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?$/.exec(timestamp);
  return match ? Date.parse(`${match[1]}T${match[2]}Z`) + 1000 * Number(match[3] ?? 0) : NaN;
}
