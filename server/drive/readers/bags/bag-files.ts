import { open } from 'node:fs/promises';
import { RoadgazeError } from '../../../../shared/errors.ts';
import { pathInside } from '../../../files/path-inside.ts';
import { placeAt, type Place } from '../../place.ts';
import type { BagMetadata } from './store/bag-metadata.ts';

/** The files of a recording, in order. */
export interface BagFiles {
  readonly paths: readonly string[];
  /** Messages of a topic, by its name, where somebody counted them. */
  readonly counts: ReadonlyMap<string, number>;
  /** What is wrong with them, a sentence each. */
  readonly notes: readonly string[];
}

const DESCRIPTION = 'metadata.yaml';
/** More than a bag of ten thousand splits needs. */
const LARGEST_METADATA = 16 << 20;
const SPLIT = /^(?<stem>.+?)(?:_(?<number>\d+))?\.(?:mcap|db3)(?:\.zstd)?$/;
/** More names than this are counted, not shown. */
const MOST_NAMED = 3;
const { compare } = new Intl.Collator('en', { numeric: true });

/** Names of a folder that are splits of a bag, in order. */
function splitsIn(names: Iterable<string>): string[] {
  return [...names].filter((name) => !name.startsWith('.') && SPLIT.test(name)).sort(compare);
}

/** A folder that is a ROS 2 bag: its description says so, or splits are numbered as in one. */
export async function isBagFolder(place: Place): Promise<boolean> {
  if (!place.isFolder) return false;
  if (
    place.names.has(DESCRIPTION) &&
    (await place.headOf(DESCRIPTION)).includes('rosbag2_bagfile_information')
  )
    return true;
  const splits = splitsIn(place.names).map((name) => SPLIT.exec(name)!.groups!);
  const [first] = splits;
  if (!first || splits.some(({ stem, number }) => stem !== first['stem'] || number === undefined))
    return false;
  // Other recorders number their files too; a bag's begin at 0, and carry its folder's name.
  return (
    first['number'] === '0' &&
    (splits.length > 1 || place.names.has(DESCRIPTION) || first['stem'] === place.name)
  );
}

/**
 * The files of a bag that was recognised. Belongs into the bag's thread: a description may be long.
 * Throws INPUT_NOT_FOUND, DRIVE_UNSUPPORTED.
 */
export async function bagFiles(path: string): Promise<BagFiles> {
  const place = await placeAt(path);
  if (!place.isFolder) return { paths: [place.path], counts: new Map(), notes: [] };
  const { metadata, fault } = await describe(place);
  const { compressionFormat, compressionMode } = metadata ?? {
    compressionFormat: '',
    compressionMode: '',
  };
  if (
    compressionMode !== '' &&
    compressionMode !== 'NONE' &&
    !['', 'zstd'].includes(compressionFormat)
  )
    throw new RoadgazeError(
      'DRIVE_UNSUPPORTED',
      `The ROS 2 bag ${place.name} is packed with ${compressionFormat.slice(0, 40)}, which is not read.`,
      'Convert it with `ros2 bag convert`, to zstd or unpacked.',
    );
  const present = splitsIn(place.names);
  const listed = metadata?.splits.length ? metadata.splits : present;
  const paths: string[] = [];
  const missing: string[] = [];
  for (const name of listed) {
    const path = await splitPath(place.path, name);
    if (path === null) missing.push(name);
    else if (!paths.includes(path)) paths.push(path);
  }
  const notes =
    fault === null
      ? []
      : [
          `${DESCRIPTION} ${fault}, so all splits in the folder are read, in the order of their names.`,
        ];
  if (missing.length > 0)
    notes.push(
      `${missing.length} of ${listed.length} files that ${DESCRIPTION} lists ${missing.length === 1 ? 'is' : 'are'} not in the folder: ${shown(missing)}.`,
    );
  const unlisted = present.length - paths.length;
  if (metadata && unlisted > 0)
    notes.push(
      `${unlisted} more files of the folder are not listed in ${DESCRIPTION}, and are left out.`,
    );
  if (paths.length === 0)
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `Of the ROS 2 bag ${place.name} no file with messages is there${missing.length > 0 ? `; ${DESCRIPTION} lists ${shown(missing)}` : ''}.`,
      `Copy the .mcap or .db3 files beside ${DESCRIPTION}.`,
    );
  return { paths, counts: metadata?.counts ?? new Map(), notes };
}

/** `fault`: why there is none, after the file's name. */
export async function describe(
  place: Place,
): Promise<{ readonly metadata: BagMetadata | null; readonly fault: string | null }> {
  if (!place.names.has(DESCRIPTION)) return { metadata: null, fault: 'is missing' };
  const path = await pathInside(place.path, DESCRIPTION);
  if (path === null) return { metadata: null, fault: 'lies outside of the folder' };
  try {
    // A single file has none, and no use for the library.
    const { parseBagMetadata } = await import('./store/bag-metadata.ts');
    return { metadata: parseBagMetadata(await boundedText(path)), fault: null };
  } catch {
    return { metadata: null, fault: 'cannot be read' };
  }
}

/** At most as long as a description may be; what is longer is not YAML any more. */
async function boundedText(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(LARGEST_METADATA),
      0,
      LARGEST_METADATA,
      0,
    );
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Where a listed split is: under its name, or its last part (old recorders put the folder in front),
 * packed or unpacked. null: not in the folder.
 */
async function splitPath(folder: string, name: string): Promise<string | null> {
  const last = name.split('/').at(-1)!;
  for (const each of new Set([name, last]))
    for (const variant of [each, `${each}.zstd`, each.replace(/\.zstd$/, '')]) {
      const path = await pathInside(folder, variant);
      if (path !== null) return path;
    }
  return null;
}

function shown(names: readonly string[]): string {
  const named = names.slice(0, MOST_NAMED).map((name) => JSON.stringify(name.slice(0, 100)));
  return `${named.join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`;
}
