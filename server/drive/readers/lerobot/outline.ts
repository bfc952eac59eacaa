import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pathInside } from '../../../files/path-inside.ts';
import { readParquet } from '../../log/parquet/read-parquet.ts';
import { splitLines } from '../../log/split-lines.ts';
import { onceFor } from '../../once.ts';
import { placeAt, type Place } from '../../place.ts';
import type { DriveOutline } from '../../source.ts';
import { tablesOf } from './episode.ts';
import { camerasOf, elementNames, type LeRobotInfo } from './info.ts';
import { COUNTS } from './signals.ts';

const LIMITS = { longestLine: 1 << 20, mostBytes: 1 << 25 };
const LIST = 'meta/episodes.jsonl';
/** Data sets of which the lengths of all episodes are kept. */
const KEPT = 4;

/** By what `meta` says of the episode: no file of its data is opened. null: it says nothing. */
export async function outlineOfEpisode(
  place: Place,
  info: LeRobotInfo,
  number: number,
): Promise<DriveOutline | null> {
  const listed = await stat(`${place.path}/meta`).catch(() => null);
  const frames = (await lengthsOf(place.path, listed?.mtimeMs ?? 0)).get(number);
  if (frames === undefined) return null;
  const signals = Object.entries(info.features).flatMap(([feature, described]) =>
    COUNTS.has(feature) || described.dtype === 'video' || described.dtype === 'image'
      ? []
      : (elementNames(described)?.map((name) => `${feature}[${name}]`) ?? [feature]),
  );
  return {
    durationSeconds: frames / info.fps,
    cameras: camerasOf(info).map((id) => id.replace(/^observation\.images?\./, '')),
    signals,
    hasLog: true,
    frameRate: info.fps,
  };
}

/** Frames of each episode, by its number. */
const lengthsOf = onceFor(async (path: string, _changed: number): Promise<Map<number, number>> => {
  const place = await placeAt(path);
  const lengths = new Map<number, number>();
  const list = await pathInside(path, LIST);
  if (list !== null) {
    await splitLines(createReadStream(list), LIMITS, (line) => {
      const [number, length] = episodeIn(line) ?? [];
      if (number !== undefined && length !== undefined) lengths.set(number, length);
    }).catch(() => {});
    return lengths;
  }
  for (const table of await tablesOf(place)) {
    const { rows, columns } = await readParquet({
      path: table,
      columns: ['episode_index', 'length'],
    }).catch(() => ({ rows: 0, columns: new Map<string, never>() }));
    const [numbers, counts] = [columns.get('episode_index'), columns.get('length')];
    if (numbers?.kind !== 'numbers' || counts?.kind !== 'numbers') continue;
    for (let row = 0; row < rows; row++) lengths.set(numbers.values[row]!, counts.values[row]!);
  }
  return lengths;
}, KEPT);

function episodeIn(line: string): [number, number] | null {
  try {
    const { episode_index: number, length } = JSON.parse(line) as Record<string, unknown>;
    return typeof number === 'number' && typeof length === 'number' ? [number, length] : null;
  } catch {
    return null;
  }
}
