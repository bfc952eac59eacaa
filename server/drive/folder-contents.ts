import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { nameFault, namesIn } from '../files/names.ts';
import { fewAtOnce } from '../resources/few-at-once.ts';
import { notFound } from './not-found.ts';
import { otherFile } from './other-formats.ts';
import { placeAt, type Place } from './place.ts';
import { READERS, recognise, type Recognition } from './readers/index.ts';
import { hasVideoEnding, isVideo, VIDEO } from './readers/video.ts';
import { nameOf, recordingOf, type Recording, type RecordingPlace } from './recording.ts';
import type { DriveReader } from './source.ts';
import type { RoadgazeError } from '../../shared/errors.ts';

/** Read as what lies beside drives, or so many that looking into each would take long. */
const NEVER_A_DRIVE = new Set([
  'csv',
  'json',
  'onnx',
  'gz',
  'txt',
  'md',
  'jpg',
  'jpeg',
  'png',
  'html',
  'pdf',
  'yaml',
  'yml',
  'py',
  'srt',
  'gpx',
]);
const LOOKED_INTO_AT_ONCE = 8;

/** What one folder holds, without what lies in the folders below it. */
export interface FolderContents {
  /** In natural order of their names. */
  readonly videos: readonly Recording[];
  /** Of other formats, in no order: files, and drives that the folder itself is. */
  readonly others: readonly Recording[];
  /** The folder as a drive, where nothing else lies in it and it lies beside no drives. */
  readonly ifAlone: readonly Recording[];
  /** Names of the folders in it in which more may lie. */
  readonly folders: readonly string[];
  /** Files whose kind shows only in what is in them, whether a drive or none. */
  readonly lookedInto: readonly string[];
  /** Neither videos lie in it, nor is it a drive: a folder of pictures in it is meant as one. */
  readonly isAlone: boolean;
  /** There were more names than are looked at. */
  readonly isCut: boolean;
}

export interface LookOptions {
  readonly readers?: readonly DriveReader[];
  /** Files and folders beside videos that are looked at. */
  readonly most?: number;
  /** What may be a drive, and is not read, is told of. */
  readonly tellsMaybe?: boolean;
}

/** Looks into one folder. Throws INPUT_NOT_FOUND. */
export async function folderContents(
  place: Place,
  { readers = READERS, most = Infinity, tellsMaybe = true }: LookOptions = {},
): Promise<FolderContents> {
  const { path } = place;
  const own = await recognise(place, readers);
  const itself = own ? recordingsOf(await withSiblings(place), own) : [];
  const isOnlyAlone = own?.reader.onlyAlone === true;
  if (own?.reader.ownsVideos) return { ...NOTHING, others: itself, isAlone: false };
  const { names, unnameable } = await namesIn(path).catch((error: unknown) => {
    throw notFound(path, error);
  });
  const siblings = new Set(names);
  const { compare } = new Intl.Collator('en', { numeric: true });
  // Most of a hundred thousand names are told apart by their endings alone.
  const named = names.filter(hasVideoEnding);
  const isListed = await fewAtOnce(named, LOOKED_INTO_AT_ONCE, (name) => isVideo(join(path, name)));
  const parts = await own?.reader.partsOf?.(place);
  const videos = named.filter((name, index) => isListed[index] && !parts?.has(name)).sort(compare);
  const isDrive = own !== null && !isOnlyAlone;
  const isAlone = videos.length === 0 && !isDrive;
  const listed: FolderContents = {
    ...NOTHING,
    videos: [
      ...videos.map((name) => video({ path: join(path, name), isFolder: false, siblings })),
      ...unnameable.filter(hasVideoEnding).map((name) => notNamed(join(path, name))),
    ],
    others: isDrive ? itself : [],
    ifAlone: isOnlyAlone && videos.length === 0 ? itself : [],
    isAlone,
  };
  if (isDrive && !parts) return listed;
  const known = new Set([...videos, ...(parts ?? [])]);
  const left = names.filter((name) => !name.startsWith('.') && !known.has(name));
  const taken = left.slice(0, most);
  const looked = await fewAtOnce(taken, LOOKED_INTO_AT_ONCE, (name) =>
    lookAt(join(path, name), siblings, { readers, tellsMaybe: tellsMaybe && isAlone }),
  );
  return {
    ...listed,
    others: [...listed.others, ...looked.flatMap(({ drives }) => drives)],
    folders: taken.filter((_, index) => looked[index]!.kind === 'folder'),
    lookedInto: taken.filter((_, index) => looked[index]!.kind === 'looked-into'),
    isCut: left.length > most,
  };
}

const NOTHING: FolderContents = {
  videos: [],
  others: [],
  ifAlone: [],
  folders: [],
  lookedInto: [],
  isAlone: true,
  isCut: false,
};

interface LookedAt {
  readonly kind: 'folder' | 'looked-into' | 'nothing';
  readonly drives: readonly Recording[];
}

async function lookAt(
  path: string,
  siblings: ReadonlySet<string>,
  { readers, tellsMaybe }: { readonly readers: readonly DriveReader[]; tellsMaybe: boolean },
): Promise<LookedAt> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory()) return { kind: 'folder', drives: [] };
  if (!info?.isFile() || NEVER_A_DRIVE.has(extname(path).slice(1).toLowerCase()))
    return { kind: 'nothing', drives: [] };
  const place = await placeAt(path).catch(() => null);
  if (!place) return { kind: 'looked-into', drives: [] };
  const at = { path, isFolder: false, siblings };
  const known = await recognise(place, readers);
  if (known) return { kind: 'looked-into', drives: recordingsOf(at, known) };
  const other = await otherFile(place);
  const isTold = other?.isDrive || (tellsMaybe && other?.isMaybe);
  return { kind: 'looked-into', drives: isTold ? [video(at, other.error)] : [] };
}

/** The drives that a folder itself is, without what lies in it. */
export async function drivesOfFolder(
  place: Place,
  siblings: ReadonlySet<string>,
  { readers = READERS, isAlone }: LookOptions & Pick<FolderContents, 'isAlone'>,
): Promise<Recording[]> {
  const known = await recognise(place, readers);
  if (!known || (known.reader.onlyAlone && !isAlone)) return [];
  return recordingsOf({ path: place.path, isFolder: true, siblings }, known);
}

/** The drives of a file. One that no reader knows is taken for a video, whatever its ending. */
export async function drivesOfFile(
  place: Place,
  readers: readonly DriveReader[] = READERS,
): Promise<Recording[]> {
  const at = await withSiblings(place);
  const known = await recognise(place, readers);
  if (known && known.reader !== VIDEO) return recordingsOf(at, known);
  const fault = await otherFile(place);
  return [video(at, fault?.error)];
}

function recordingsOf(at: RecordingPlace, { reader, entries }: Recognition): Recording[] {
  return entries.map((entry) => recordingOf(at, reader, entry));
}

function video(at: RecordingPlace, fault?: RoadgazeError): Recording {
  return recordingOf(at, VIDEO, { key: null, name: nameOf(at), ...(fault ? { fault } : {}) });
}

function notNamed(path: string): Recording {
  const shown = path.slice(dirname(path).length + 1);
  return video({ path, isFolder: false, siblings: new Set() }, nameFault(shown));
}

async function withSiblings({ path, isFolder }: Place): Promise<RecordingPlace> {
  const siblings = await readdir(dirname(resolve(path))).catch(() => []);
  return { path, isFolder, siblings: new Set(siblings) };
}
