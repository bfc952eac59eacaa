import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { besideFile, type Beside } from '../files/beside.ts';
import { nameFault, namesIn, urlSafe } from '../files/names.ts';
import { notFound } from './not-found.ts';
import { otherDrivesIn, recogniseOtherFile, recogniseOtherFolder } from './other-formats.ts';
import { hasVideoEnding, isVideo, VIDEO } from './readers/video.ts';
import type { DriveReader } from './source.ts';

export interface Recording {
  /** Stable and safe in a URL: the file name, with a digest where that had to be changed. */
  readonly id: string;
  /** File name without its ending. */
  readonly name: string;
  /** Absolute; of a file or folder. */
  readonly path: string;
  readonly reader: DriveReader;
  /** Which drive of the place. */
  readonly key: string | null;
  readonly beside: Beside;
  /** `<name>.csv` beside the video. */
  readonly logPath: string | null;
  /** `<name>.truth.jsonl.gz` beside the video. */
  readonly truthPath: string | null;
  /**
   * Why it cannot be opened, as far as that is known without decoding: by its name, or because it
   * is a drive of a format that is not read, or no recording.
   */
  readonly fault: RoadgazeError | null;
}

/**
 * The recordings of a folder (not of its subfolders), in natural order of their names; or the one
 * recording of a file, whatever its ending. Nothing is decoded: whether a file really is video
 * shows when it is opened. After them come drives of other formats, with the reason why they cannot
 * be opened. Throws INPUT_NOT_FOUND.
 */
export async function listRecordings(path: string): Promise<Recording[]> {
  const absolute = resolve(path);
  try {
    const info = await stat(absolute);
    if (!info.isDirectory())
      return [
        describe(
          absolute,
          new Set(await readdir(dirname(absolute)).catch(() => [])),
          await recogniseOtherFile(absolute),
        ),
      ];
    const { names, unnameable } = await namesIn(absolute);
    const beside = new Set(names);
    const videos = await Promise.all(
      names.map(async (name) => ((await isVideo(join(absolute, name))) ? [name] : [])),
    );
    const found = videos.flat();
    const { compare } = new Intl.Collator('en', { numeric: true });
    const own = await recogniseOtherFolder(absolute, found.length === 0);
    const others = own
      ? [{ path: absolute, fault: own }]
      : await otherDrivesIn(
          absolute,
          names.filter((name) => !found.includes(name)),
          found.length === 0,
        );
    return [
      ...found.sort(compare).map((name) => describe(join(absolute, name), beside)),
      ...others
        .sort((a, b) => compare(a.path, b.path))
        .map(({ path: other, fault }) => describe(other, new Set(), fault)),
      ...unnameable.filter(hasVideoEnding).map((name) => notNamed(absolute, name)),
    ];
  } catch (error) {
    throw notFound(path, error);
  }
}

/**
 * The one recording that a path is, of a file or folder. Throws INPUT_NOT_FOUND, also of a folder
 * that holds none or several.
 */
export async function recordingAt(path: string): Promise<Recording> {
  const [recording, ...others] = await listRecordings(path);
  if (recording && others.length === 0) return recording;
  throw new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${path} is a folder that holds ${recording ? `${1 + others.length} recordings` : 'no recording'}.`,
    recording ? 'Name one of them.' : 'Name a video file.',
  );
}

function notNamed(folder: string, shown: string): Recording {
  return {
    id: urlSafe(shown),
    name: shown.slice(0, shown.length - extname(shown).length),
    path: join(folder, shown),
    reader: VIDEO,
    key: null,
    beside: besideFile(join(folder, shown)),
    logPath: null,
    truthPath: null,
    fault: nameFault(shown),
  };
}

function describe(
  path: string,
  beside: ReadonlySet<string>,
  fault: RoadgazeError | null = null,
): Recording {
  const file = basename(path);
  const around = besideFile(path);
  const there = (companion: string): string | null =>
    companion !== path && beside.has(basename(companion)) ? companion : null;
  return {
    id: urlSafe(file),
    name: basename(file, extname(file)),
    path,
    reader: VIDEO,
    key: null,
    beside: around,
    logPath: there(around.log),
    truthPath: there(around.truth),
    fault,
  };
}
