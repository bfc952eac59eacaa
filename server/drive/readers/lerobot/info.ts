import { z } from 'zod';
import { RoadgazeError } from '../../../../shared/errors.ts';
import { issueInWords } from '../../../../shared/schema-issue.ts';

const names = z.union([
  z.null(),
  z.array(z.string()),
  z.record(z.string(), z.array(z.string())),
  // As L2D has them: an index by name.
  z.record(z.string(), z.number()),
]);

const info = z.looseObject({
  codebase_version: z.string(),
  total_episodes: z.int().min(0),
  chunks_size: z.int().min(1).optional(),
  fps: z.number().positive(),
  data_path: z.string(),
  video_path: z.string().nullable().optional(),
  features: z.record(
    z.string(),
    z.looseObject({
      dtype: z.string(),
      shape: z.array(z.int().min(0)).optional(),
      names: names.optional(),
    }),
  ),
});

/** What meta/info.json of a data set says. */
export type LeRobotInfo = z.infer<typeof info>;

/** Throws DRIVE_INVALID, which names the file and what is wrong in it. */
export function parseInfo(folder: string, text: string): LeRobotInfo {
  const wrong = (what: string): RoadgazeError =>
    new RoadgazeError(
      'DRIVE_INVALID',
      `meta/info.json of ${folder} ${what}.`,
      'Copy the data set again; this file says what is in it.',
    );
  if (text.trim() === '') throw wrong('is empty');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('is not JSON, or breaks off');
  }
  const found = info.safeParse(value);
  if (!found.success) throw wrong(issueInWords(found.error.issues[0]!));
  return found.data;
}

/** A path pattern such as `data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet`. */
export function filled(pattern: string, values: Readonly<Record<string, number | string>>): string {
  return pattern.replaceAll(/\{(\w+)(?::0?(\d*)d?)?\}/g, (whole, name: string, width?: string) =>
    Object.hasOwn(values, name) ? String(values[name]).padStart(Number(width ?? 0), '0') : whole,
  );
}

/** Cameras by the names of their features, in the order of the data set. */
export function camerasOf({ features }: LeRobotInfo): string[] {
  return Object.entries(features).flatMap(([name, { dtype }]) => (dtype === 'video' ? [name] : []));
}

/** What the elements of a feature are called; null: they have no names. */
export function elementNames({ names: given }: LeRobotInfo['features'][string]): string[] | null {
  if (!given) return null;
  if (Array.isArray(given)) return given;
  const entries = Object.entries<string[] | number>(given);
  if (entries.every(([, value]) => typeof value === 'number'))
    return entries.sort(([, a], [, b]) => Number(a) - Number(b)).map(([name]) => name);
  return entries.flatMap(([, value]) => (Array.isArray(value) ? value : []));
}
