import { basename, dirname, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { RoadgazeError } from '../../../shared/errors.ts';
import { isNotRead, readInside } from '../../files/read-inside.ts';

/** A part of a recording that is to be left out; both ends belong to it. */
export interface DropRange {
  readonly in: 'seconds' | 'frames';
  readonly from: number;
  readonly to: number;
}

const MOST_BYTES = 64 << 20;
const INLINE = /^(#?)(-?\d+(?:\.\d+)?)\s*(?:\.\.|-|to)\s*#?(-?\d+(?:\.\d+)?)$/i;

const number = z.number();
const pair = z.tuple([number, number]);
/** Names of both ends, as flags and others have them; times count before frames. */
const ENDS = [
  ['startPts', 'endPts', 'seconds'],
  ['start', 'end', 'seconds'],
  ['from', 'to', 'seconds'],
  ['start_s', 'end_s', 'seconds'],
  ['startFrame', 'endFrame', 'frames'],
  ['start_frame', 'end_frame', 'frames'],
  ['first_frame', 'last_frame', 'frames'],
] as const;

/** `12.5..14` in seconds, `#100..#140` in frames; null: it is no range. */
export function rangeIn(text: string): DropRange | null {
  const [, sign, from, to] = INLINE.exec(text.trim()) ?? [];
  if (from === undefined || to === undefined) return null;
  return checked({ in: sign ? 'frames' : 'seconds', from: Number(from), to: Number(to) });
}

/**
 * The ranges of a file: flags.json of an analysis, a JSON list of pairs (seconds) or of objects, or
 * a CSV with a header. Throws INPUT_NOT_FOUND, RANGES_INVALID.
 */
export async function readRanges(path: string): Promise<DropRange[]> {
  const name = basename(path);
  const bytes = await readInside(dirname(resolve(path)), name, MOST_BYTES);
  if (isNotRead(bytes))
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `${path} ${bytes.reason}.`,
      'Name a CSV or JSON file with ranges, or give a range such as 12.5..14.',
    );
  const text = Buffer.from(bytes).toString('utf8');
  const entries = /\.csv$/i.test(name) ? csvEntries(name, text) : jsonEntries(name, text);
  return entries.map((entry, i) => {
    const range = rangeOf(entry);
    const found = range && checked(range);
    if (!found) throw invalid(`${name}: entry ${i + 1} is no range`);
    return found;
  });
}

function checked(range: DropRange): DropRange | null {
  const { from, to } = range;
  return Number.isFinite(from) && Number.isFinite(to) && from <= to ? range : null;
}

function rangeOf(entry: unknown): DropRange | null {
  const two = pair.safeParse(entry);
  if (two.success) return { in: 'seconds', from: two.data[0], to: two.data[1] };
  if (typeof entry !== 'object' || entry === null) return null;
  const fields = entry as Readonly<Record<string, unknown>>;
  for (const [from, to, unit] of ENDS) {
    const ends = pair.safeParse([fields[from], fields[to]]);
    if (ends.success) return { in: unit, from: ends.data[0], to: ends.data[1] };
  }
  return null;
}

function jsonEntries(name: string, text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`${name} is neither CSV nor JSON`);
  }
  if (Array.isArray(value)) return value;
  const object = typeof value === 'object' && value !== null ? value : {};
  for (const list of ['flags', 'ranges', 'dropped'])
    if (list in object) {
      const entries = (object as Record<string, unknown>)[list];
      if (Array.isArray(entries)) return entries;
    }
  throw invalid(`${name} holds no list of ranges`);
}

function csvEntries(name: string, text: string): unknown[] {
  try {
    return parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      columns: (header: string[]) =>
        header.map((cell) => cell.replace(/\s*[[(]\s*s\s*[\])]$/i, '').trim()),
      cast: (cell, { header }) => (header || cell === '' ? cell : Number(cell)),
    });
  } catch (cause) {
    throw invalid(`${name} cannot be read as CSV`, cause);
  }
}

function invalid(what: string, cause?: unknown): RoadgazeError {
  return new RoadgazeError(
    'RANGES_INVALID',
    `${what}.`,
    'Write both ends of each range, with the names start and end (seconds) or startFrame and endFrame, the first not after the last.',
    { cause },
  );
}
