import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { nameFault, namesIn } from '../files/names.ts';
import { notFound } from './not-found.ts';
import { otherFile } from './other-formats.ts';
import { placeAt, type Place } from './place.ts';
import { READERS, recognise, type Recognition } from './readers/index.ts';
import { hasVideoEnding, isVideo, VIDEO } from './readers/video.ts';
import { nameOf, recordingOf, type Recording, type RecordingPlace } from './recording.ts';
import type { DriveReader } from './source.ts';

/** Files and folders of a folder that are looked into, beside its videos. */
const MOST_LOOKED_INTO = 500;
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

/**
 * The drives of a folder: its videos, in natural order of their names, then those of other formats,
 * which may be the folder itself or lie one level deep. Or the drives of a file; one that no reader
 * knows is taken for a video, whatever its ending. Nothing is decoded: whether a file really is
 * video shows when it is opened. Formats that are not read are listed with the reason. Throws
 * INPUT_NOT_FOUND.
 */
export async function drivesAt(
  path: string,
  readers: readonly DriveReader[] = READERS,
): Promise<Recording[]> {
  const place = await placeAt(path);
  return place.isFolder ? drivesIn(place, readers) : drivesOfFile(place, readers);
}

/**
 * The one drive that a path is. Throws INPUT_NOT_FOUND, also of a folder that holds none or several.
 */
export async function driveAt(
  path: string,
  readers: readonly DriveReader[] = READERS,
): Promise<Recording> {
  const [drive, ...others] = await drivesAt(path, readers);
  if (drive && others.length === 0) return drive;
  throw new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${path} ${drive ? `holds ${1 + others.length} recordings` : 'is a folder without a recording'}.`,
    drive ? 'Name one of them.' : 'Name a recording.',
  );
}

async function drivesOfFile(place: Place, readers: readonly DriveReader[]): Promise<Recording[]> {
  const at = await withSiblings(place);
  const known = await recognise(place, readers);
  if (known && known.reader !== VIDEO) return recordingsOf(at, known);
  const fault = await otherFile(place);
  return [video(at, fault?.error)];
}

async function drivesIn(place: Place, readers: readonly DriveReader[]): Promise<Recording[]> {
  const { path } = place;
  const own = await recognise(place, readers);
  if (own?.reader.ownsVideos) return recordingsOf(await withSiblings(place), own);
  const { names, unnameable } = await namesIn(path).catch((error: unknown) => {
    throw notFound(path, error);
  });
  const siblings = new Set(names);
  const { compare } = new Intl.Collator('en', { numeric: true });
  const isListed = await Promise.all(names.map((name) => isVideo(join(path, name))));
  const videos = names.filter((_, index) => isListed[index]).sort(compare);
  const isAlone = videos.length === 0;
  const ofPlace = await ofFolder(place, own, { isAlone: false });
  const parts = await own?.reader.partsOf?.(place);
  const known = new Set([...videos, ...(parts ?? [])]);
  const others =
    ofPlace && !parts
      ? ofPlace
      : [
          ...(ofPlace ?? []),
          ...(await otherDrivesIn(path, siblings, {
            isAlone: isAlone && !ofPlace,
            known,
            readers,
          })),
        ];
  return [
    ...videos.map((name) => video({ path: join(path, name), isFolder: false, siblings })),
    ...(others.length > 0 ? others : ((await ofFolder(place, own, { isAlone })) ?? [])).sort(
      (a, b) => compare(a.path, b.path),
    ),
    ...unnameable.filter(hasVideoEnding).map((name) => notNamed(join(path, name))),
  ];
}

interface Surroundings {
  /** Nothing else is there, so that a folder of pictures is meant as a drive. */
  readonly isAlone: boolean;
}

/** The drives that a folder itself is; null: none. */
async function ofFolder(
  place: Place,
  known: Recognition | null,
  { isAlone }: Surroundings,
  siblings?: ReadonlySet<string>,
): Promise<Recording[] | null> {
  if (!known || (known.reader.onlyAlone && !isAlone)) return null;
  const at = siblings ? { path: place.path, isFolder: true, siblings } : await withSiblings(place);
  return recordingsOf(at, known);
}

/** Drives of other formats that lie in a folder, one level deep, in no order. */
async function otherDrivesIn(
  folder: string,
  siblings: ReadonlySet<string>,
  {
    isAlone,
    known: listed,
    readers,
  }: Surroundings & {
    /** What is listed already. */
    readonly known: ReadonlySet<string>;
    readonly readers: readonly DriveReader[];
  },
): Promise<Recording[]> {
  const found: Recording[] = [];
  const looked = [...siblings].filter((name) => !name.startsWith('.') && !listed.has(name));
  for (const name of looked.slice(0, MOST_LOOKED_INTO)) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    const isFile = info?.isFile() && !NEVER_A_DRIVE.has(extname(name).slice(1).toLowerCase());
    if (!isFile && !info?.isDirectory()) continue;
    const place = await placeAt(path).catch(() => null);
    if (!place) continue;
    const known = await recognise(place, readers);
    if (place.isFolder)
      found.push(...((await ofFolder(place, known, { isAlone }, siblings)) ?? []));
    else if (known) found.push(...recordingsOf({ path, isFolder: false, siblings }, known));
    else {
      const other = await otherFile(place);
      if (other?.isDrive || (isAlone && other?.isMaybe))
        found.push(video({ path, isFolder: false, siblings }, other.error));
    }
  }
  return found;
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
