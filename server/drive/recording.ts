import { basename, extname } from 'node:path';
import type { RoadgazeError } from '../../shared/errors.ts';
import { besideFile, besideFolder, type Beside } from '../files/beside.ts';
import { urlSafe } from '../files/names.ts';
import type { DriveEntry, DriveReader } from './source.ts';

/** A drive that is listed. `openRecording` opens it. */
export interface Recording {
  /**
   * Stable and safe in a URL: the name of file or folder, with a digest where that had to be changed
   * or a place holds several drives.
   */
  readonly id: string;
  /** As it is listed: the file's name without its ending, or what the reader calls the drive. */
  readonly name: string;
  /** Of the place, absolute. */
  readonly path: string;
  /** Of a drive that no reader knows it is that of videos, and `fault` says what is wrong. */
  readonly reader: DriveReader;
  /** Which drive of the place. */
  readonly key: string | null;
  readonly beside: Beside;
  /** `<name>.csv` or `<name>.parquet` of a video, where it is there. */
  readonly logPath: string | null;
  /** `<name>.truth.jsonl.gz`, where it is there. */
  readonly truthPath: string | null;
  /**
   * Why it cannot be opened, as far as that is known without decoding: by its name, or because it
   * is a drive of a format that is not read, or no recording.
   */
  readonly fault: RoadgazeError | null;
}

export interface RecordingPlace {
  /** Absolute. */
  readonly path: string;
  readonly isFolder: boolean;
  /** Names in the folder in which the place lies. */
  readonly siblings: ReadonlySet<string>;
}

/** One drive of a place, with what lies beside it. */
export function recordingOf(
  { path, isFolder, siblings }: RecordingPlace,
  reader: DriveReader,
  { key, name, fault }: DriveEntry,
): Recording {
  const file = basename(path);
  const beside = isFolder ? besideFolder(path, key) : besideFile(path, key);
  const there = (companion: string): string | null =>
    companion !== path && siblings.has(basename(companion)) ? companion : null;
  return {
    id: urlSafe(key === null ? file : `${file}/${key}`),
    name,
    path,
    reader,
    key,
    beside,
    logPath: there(beside.log) ?? there(beside.parquetLog),
    truthPath: there(beside.truth),
    fault: fault ?? null,
  };
}

/** What a place is called that is one drive. */
export function nameOf({ path, isFolder }: Pick<RecordingPlace, 'path' | 'isFolder'>): string {
  return isFolder ? basename(path) : basename(path, extname(path));
}
