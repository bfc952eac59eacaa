import { RoadgazeError } from '../../../../shared/errors.ts';
import { readParquet } from '../../log/parquet/read-parquet.ts';
import { pathInside } from '../../../files/path-inside.ts';
import type { Place } from '../../place.ts';
import { camerasOf, filled, type LeRobotInfo } from './info.ts';

/** Where an episode lies. */
export interface Episode {
  readonly number: number;
  /** Relative to the data set. */
  readonly dataFile: string;
  /** By camera. */
  readonly videos: ReadonlyMap<string, EpisodeVideo>;
}

export interface EpisodeVideo {
  /** Relative to the data set. */
  readonly file: string;
  /** Seconds of the file's clock at which the episode begins. */
  readonly from: number;
}

const CHUNK = /^chunk-\d+$/;
const FILE = /^file-\d+\.parquet$/;
const USUAL_CHUNK = 1000;

/** Throws DRIVE_INVALID, LOG_INVALID. */
export async function findEpisode(
  place: Place,
  info: LeRobotInfo,
  number: number,
): Promise<Episode> {
  return info.codebase_version.startsWith('v3')
    ? sharedFiles(place, info, number)
    : ownFiles(info, number);
}

/** Up to version 2.1 an episode has files of its own. */
function ownFiles(info: LeRobotInfo, number: number): Episode {
  const values = {
    episode_index: number,
    episode_chunk: Math.floor(number / (info.chunks_size ?? USUAL_CHUNK)),
  };
  const video = (camera: string): EpisodeVideo => ({
    file: filled(info.video_path ?? '', { ...values, video_key: camera }),
    from: 0,
  });
  return {
    number,
    dataFile: filled(info.data_path, values),
    videos: new Map(camerasOf(info).map((camera) => [camera, video(camera)])),
  };
}

/** From version 3 on episodes share files; a table says which, for each camera by itself. */
async function sharedFiles(place: Place, info: LeRobotInfo, number: number): Promise<Episode> {
  const cameras = camerasOf(info);
  const field = (camera: string, name: string): string => `videos/${camera}/${name}`;
  const columns = [
    'episode_index',
    'data/chunk_index',
    'data/file_index',
    ...cameras.flatMap((camera) =>
      ['chunk_index', 'file_index', 'from_timestamp'].map((name) => field(camera, name)),
    ),
  ];
  for (const path of await tablesOf(place)) {
    const table = await readParquet({ path, columns });
    const numbers = (name: string): Float64Array | null => {
      const column = table.columns.get(name);
      return column?.kind === 'numbers' ? column.values : null;
    };
    const row = numbers('episode_index')?.indexOf(number) ?? -1;
    if (row < 0) continue;
    const at = (name: string): number => {
      const value = numbers(name)?.[row];
      if (value === undefined || !Number.isFinite(value)) throw without(place.name, number, name);
      return value;
    };
    const placed = (prefix: string) => ({
      chunk_index: at(`${prefix}/chunk_index`),
      file_index: at(`${prefix}/file_index`),
    });
    return {
      number,
      dataFile: filled(info.data_path, placed('data')),
      videos: new Map(
        cameras.map((camera) => [
          camera,
          {
            file: filled(info.video_path ?? '', {
              ...placed(`videos/${camera}`),
              video_key: camera,
            }),
            from: at(field(camera, 'from_timestamp')),
          },
        ]),
      ),
    };
  }
  throw without(place.name, number, 'entry');
}

export async function tablesOf(place: Place): Promise<string[]> {
  const paths: string[] = [];
  for (const chunk of [...(await place.namesOf('meta/episodes'))].sort()) {
    if (!CHUNK.test(chunk)) continue;
    for (const file of [...(await place.namesOf(`meta/episodes/${chunk}`))].sort()) {
      const path = FILE.test(file)
        ? await pathInside(place.path, `meta/episodes/${chunk}/${file}`)
        : null;
      if (path !== null) paths.push(path);
    }
  }
  return paths;
}

function without(folder: string, number: number, what: string): RoadgazeError {
  return new RoadgazeError(
    'DRIVE_INVALID',
    `meta/episodes of ${folder} has no ${what} of episode ${number}.`,
    'Copy the data set again, with all of its folder meta.',
  );
}
