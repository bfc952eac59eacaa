import { basename, dirname, extname, join } from 'node:path';
import { urlSafe } from './names.ts';

/**
 * What lies beside a recording, each by its path; none of them need be there. All of them begin
 * with the recording's name, except for the road of its camera.
 */
export interface Beside {
  /** `<name>.csv`: the drive log of a video. */
  readonly log: string;
  /** `<name>.parquet`: the same as Parquet, where there is no CSV. */
  readonly parquetLog: string;
  /** `<name>.log.json`: what a person said of the log. */
  readonly logChoices: string;
  /** `<name>.truth.jsonl.gz`: where the road is, of a rendered drive. */
  readonly truth: string;
  /** `<name>.causal.csv`: what moved the networks, of a rendered drive. */
  readonly causes: string;
  /** `<name>.road.json`: the road that was drawn for this recording. */
  readonly road: string;
  /** `roadgaze.road.json`: the road of all recordings of the folder, which one camera took. */
  readonly cameraRoad: string;
}

/**
 * Of a recording that is one file, or one of several in a file (`key`): its name is that of the file
 * without the ending.
 */
export function besideFile(path: string, key: string | null = null): Beside {
  return beside(dirname(path), basename(path, extname(path)), key);
}

/**
 * Of a recording that is a folder, or one of several in a folder (`key`). Nothing is written into a
 * drive's folder: all of it lies beside that, under its whole name.
 */
export function besideFolder(path: string, key: string | null = null): Beside {
  return beside(dirname(path), basename(path), key);
}

/**
 * The same with the roads of one of a drive's cameras, but for its first one: that has the names
 * that a recording of one camera has.
 */
export function besideCamera(all: Beside, camera: string): Beside {
  const own = (path: string): string =>
    path.replace(/\.road\.json$/, `.camera-${urlSafe(camera)}.road.json`);
  return { ...all, road: own(all.road), cameraRoad: own(all.cameraRoad) };
}

function beside(folder: string, place: string, key: string | null): Beside {
  const name = key === null ? place : `${place}.${urlSafe(key)}`;
  const path = (end: string): string => join(folder, `${name}${end}`);
  return {
    log: path('.csv'),
    parquetLog: path('.parquet'),
    logChoices: path('.log.json'),
    truth: path('.truth.jsonl.gz'),
    causes: path('.causal.csv'),
    road: path('.road.json'),
    cameraRoad: join(folder, 'roadgaze.road.json'),
  };
}
