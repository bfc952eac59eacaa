import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ErrorReport } from '../../../shared/errors.ts';
import { drivesOfFile, folderContents } from '../../drive/folder-contents.ts';
import { placeAt } from '../../drive/place.ts';
import type { Recording } from '../../drive/recording.ts';
import type { DriveReader } from '../../drive/source.ts';
import { urlSafe } from '../../files/names.ts';
import { resultsIn, type KeptResults } from './results-folder.ts';
import { TracedPlace } from './traced-place.ts';

/** A drive of the catalogue, as little as there is to know of it without opening it. */
export interface FoundDrive {
  /**
   * Of the path below the root, each part safe in a URL; a drive of several in a place ends with a
   * digest.
   */
  readonly id: string;
  readonly name: string;
  /** Below the root, with `/`; '' is the root itself. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly reader: string;
  readonly key: string | null;
  /** Of a file. */
  readonly bytes: number | null;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly fault: ErrorReport | null;
}

/** What one folder of the tree holds, and by what it is known whether that still holds. */
export interface FolderRecord {
  /** Below the root, with `/`; '' is the root itself. */
  readonly path: string;
  /** When it was looked into, ms since 1970. */
  readonly seen: number;
  /** Sizes and times of change of all that was looked at, by name in the folder; '' is itself. */
  readonly versions: Readonly<Record<string, string>>;
  readonly drives: readonly FoundDrive[];
  /** Drives that it is where nothing lies below it, and no video beside it. */
  readonly ifAlone: readonly FoundDrive[];
  readonly isAlone: boolean;
  readonly folders: readonly string[];
  readonly isCut: boolean;
  /** The folder holds what `analyze` wrote, and no drive. */
  readonly results: KeptResults | null;
}

/** Names in a folder that are looked at beside its videos. */
const MOST_NAMES = 50_000;
/** More files than this are looked at anew only with the folder. */
const MOST_VERSIONS = 256;
/** Times of files are this coarse at worst: what changed just before it was seen may change again. */
const COARSE = 2000;
/** What other programs keep in folders of that name is no drive. */
const NEVER_ENTERED = new Set([
  'node_modules',
  '__pycache__',
  'site-packages',
  'lost+found',
  '$RECYCLE.BIN',
  'System Volume Information',
]);

/** Looks into a folder, or at the file that is the root. Throws INPUT_NOT_FOUND. */
export async function lookInto(
  root: string,
  path: string,
  readers: readonly DriveReader[],
): Promise<FolderRecord> {
  const seen = Date.now();
  const absolute = join(root, path);
  const place = new TracedPlace(await placeAt(absolute));
  const found = (recordings: readonly Recording[]): Promise<FoundDrive[]> =>
    Promise.all(recordings.map((each) => foundAt(root, path, each)));
  const nothing = { ifAlone: [], isAlone: false, folders: [], isCut: false, results: null };
  if (!place.isFolder) {
    const drives = await found(await drivesOfFile(place, readers));
    return { ...nothing, path, seen, versions: await versionsOf(absolute, ['']), drives };
  }
  const results = await resultsIn(place);
  if (results) {
    const versions = await versionsOf(absolute, ['', ...place.touched]);
    return { ...nothing, path, seen, versions, drives: [], results };
  }
  const contents = await folderContents(place, {
    readers,
    most: MOST_NAMES,
    tellsMaybe: path === '',
  });
  const touched = new Set(['', ...place.touched, ...contents.lookedInto]);
  return {
    path,
    seen,
    versions: await versionsOf(absolute, [...touched].slice(0, MOST_VERSIONS)),
    drives: await found([...contents.videos, ...contents.others.toSorted(byPath)]),
    ifAlone: await found(contents.ifAlone),
    isAlone: contents.isAlone,
    folders: contents.folders.filter((name) => !NEVER_ENTERED.has(name)).sort(byName),
    isCut: contents.isCut || place.names.size < contents.folders.length,
    results: null,
  };
}

/** Whether a look into the folder would give the same again. */
export async function isStill(root: string, { path, seen, versions }: FolderRecord) {
  const names = Object.keys(versions);
  const now = await versionsOf(join(root, path), names);
  return names.every((name) => {
    const version = now[name]!;
    return version === versions[name] && Number(version.split('@')[1]) < seen - COARSE;
  });
}

/** Of a folder that is reached over several ways, the same; null: it is not there. */
export async function identityOf(path: string): Promise<string | null> {
  const info = await stat(path).catch(() => null);
  return info && `${info.dev}:${info.ino}`;
}

export async function isLink(path: string): Promise<boolean> {
  const info = await lstat(path).catch(() => null);
  return info?.isSymbolicLink() ?? false;
}

async function versionsOf(
  folder: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  const versions = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size, mtimeMs }) => `${size}@${mtimeMs}`,
        () => '-@0',
      ),
    ),
  );
  return Object.fromEntries(names.map((name, index) => [name, versions[index]!]));
}

async function foundAt(root: string, folder: string, recording: Recording): Promise<FoundDrive> {
  const { id, name, path, reader, key, fault } = recording;
  const info = await stat(path).catch(() => null);
  const isFolder = info?.isDirectory() ?? false;
  const isItself = isFolder || path === root;
  const below = isItself ? folder : `${folder === '' ? '' : `${folder}/`}${basename(path)}`;
  const above = below.includes('/') ? dirname(below) : '';
  return {
    id: above === '' ? id : `${above.split('/').map(urlSafe).join('/')}/${id}`,
    name,
    path: below,
    isFolder,
    reader: reader.id,
    key,
    bytes: info && !isFolder ? info.size : null,
    modified: Math.round(info?.mtimeMs ?? 0),
    fault: fault?.report() ?? null,
  };
}

const { compare } = new Intl.Collator('en', { numeric: true });

function byName(a: string, b: string): number {
  return compare(a, b);
}

function byPath(a: Recording, b: Recording): number {
  return compare(a.path, b.path);
}
