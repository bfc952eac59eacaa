import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { besideFile, type Beside } from '../files/beside.ts';
import { nameFault, namesIn, urlSafe } from '../files/names.ts';
import { notFound } from './not-found.ts';
import { otherDrivesIn, recogniseOtherFile, recogniseOtherFolder } from './other-formats.ts';
import { hasVideoEnding, isVideo } from './readers/video.ts';

export interface Recording {
  /** Stable and safe in a URL: the file name, with a digest where that had to be changed. */
  readonly id: string;
  /** File name without its ending. */
  readonly name: string;
  readonly videoPath: string;
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

function notNamed(folder: string, shown: string): Recording {
  return {
    id: urlSafe(shown),
    name: shown.slice(0, shown.length - extname(shown).length),
    videoPath: join(folder, shown),
    beside: besideFile(join(folder, shown)),
    logPath: null,
    truthPath: null,
    fault: nameFault(shown),
  };
}

function describe(
  videoPath: string,
  beside: ReadonlySet<string>,
  fault: RoadgazeError | null = null,
): Recording {
  const file = basename(videoPath);
  const around = besideFile(videoPath);
  const there = (path: string): string | null =>
    path !== videoPath && beside.has(basename(path)) ? path : null;
  return {
    id: urlSafe(file),
    name: basename(file, extname(file)),
    videoPath,
    beside: around,
    logPath: there(around.log),
    truthPath: there(around.truth),
    fault,
  };
}
