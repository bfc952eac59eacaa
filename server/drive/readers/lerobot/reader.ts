import { RoadgazeError } from '../../../../shared/errors.ts';
import { pathInside } from '../../../files/path-inside.ts';
import type { ParquetColumn } from '../../log/parquet/parquet-table.ts';
import { readParquet } from '../../log/parquet/read-parquet.ts';
import { logFromSeries } from '../../log/series.ts';
import type { Place } from '../../place.ts';
import { sourceOfPictures } from '../../source-of-pictures.ts';
import type { DriveEntry, DriveReader, DriveSource, OpenDrive } from '../../source.ts';
import { videoWindow } from '../../video-window.ts';
import { chosenCamera } from '../chosen-camera.ts';
import { filesVersion } from '../../../files/files-version.ts';
import { videoPictures } from '../video.ts';
import { findEpisode } from './episode.ts';
import { camerasOf, parseInfo, type LeRobotInfo } from './info.ts';
import { outlineOfEpisode } from './outline.ts';
import { seriesOfEpisode } from './signals.ts';

const INFO = 'meta/info.json';
/** More are not listed. */
const MOST_EPISODES = 10_000;

/**
 * A LeRobot data set, versions 2 and 3: each episode is a drive. Its frames are those of a video
 * from the episode's start on, at the video's own times; row i of its numbers belongs to frame i.
 */
export const LEROBOT: DriveReader = {
  id: 'lerobot',
  title: 'a LeRobot data set',
  ownsVideos: true,
  recognises,
  outline: async (place, key) => outlineOfEpisode(place, await infoOf(place), Number(key)),
  open: openEpisode,
};

async function recognises(place: Place): Promise<readonly DriveEntry[] | null> {
  if (!place.isFolder || !place.names.has('meta')) return null;
  const meta = await place.namesOf('meta');
  const isOne = meta.has('episodes.jsonl') || (meta.has('episodes') && place.names.has('data'));
  if (!meta.has('info.json') && !isOne) return null;
  try {
    const { total_episodes: total } = await infoOf(place);
    return Array.from({ length: Math.min(total, MOST_EPISODES) }, (_, number) => ({
      key: String(number),
      name: `${place.name}, episode ${number}`,
    }));
  } catch (error) {
    if (!(error instanceof RoadgazeError)) throw error;
    return [{ key: null, name: place.name, fault: error }];
  }
}

/** Numbers of all episodes of a data set. Throws DRIVE_INVALID. */
export async function lerobotEpisodes(place: Place): Promise<number[]> {
  const { total_episodes: total } = await infoOf(place);
  return Array.from({ length: Math.min(total, MOST_EPISODES) }, (_, number) => number);
}

async function infoOf(place: Place): Promise<LeRobotInfo> {
  return parseInfo(place.name, (await place.headOf(INFO)).toString('utf8'));
}

async function openEpisode(place: Place, request: OpenDrive): Promise<DriveSource> {
  const { path, name } = place;
  const info = await infoOf(place);
  const episode = await findEpisode(place, info, Number(request.key));
  const cameras = camerasOf(info).map((id) => ({
    id,
    title: id.replace(/^observation\.images?\./, ''),
    frames: null,
  }));
  if (cameras.length === 0)
    throw new RoadgazeError(
      'VIDEO_NO_PICTURE',
      `The data set ${name} has no videos.`,
      'Data sets whose pictures lie in Parquet files are not read.',
    );
  const camera = chosenCamera(path, cameras, request.camera);
  const { file, from } = episode.videos.get(camera)!;
  const video = await inside(place, file);
  const data = await inside(place, episode.dataFile);
  const { timestamps, columns } = await rowsOf(data, episode.number);
  const window = { from, frames: timestamps.length };
  const pictures = await videoWindow(await videoPictures(video), window);
  const { pts } = await pictures.index();
  // Rows behind the last frame follow it by the rate: their own clock may be set back, or be none.
  const last = pts.length - 1;
  const times = timestamps.map((_, i) => pts[i] ?? (pts[last] ?? 0) + (i - last) / info.fps);
  const series = seriesOfEpisode(`episode ${episode.number}`, info, columns, times);
  return sourceOfPictures(pictures, {
    format: LEROBOT.title,
    path,
    cameras,
    camera,
    assumptions: differences(timestamps, pts, info.fps).map((note) => `${file}: ${note}`),
    log: (choices) => logFromSeries(series, choices),
    version: () => filesVersion([data]),
  });
}

/** Throws INPUT_NOT_FOUND. */
async function inside(place: Place, file: string): Promise<string> {
  const path = await pathInside(place.path, file);
  if (path !== null) return path;
  throw new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${file} of the data set ${place.name} is not there, or leads out of its folder.`,
    'Copy the data set again, with all of its files.',
  );
}

interface Rows {
  /** Seconds from the episode's start. */
  readonly timestamps: Float64Array;
  readonly columns: ReadonlyMap<string, ParquetColumn>;
}

/** The rows of one episode in a file that may hold several. */
async function rowsOf(path: string, episode: number): Promise<Rows> {
  const { rows, columns } = await readParquet({ path });
  const episodes = columns.get('episode_index');
  const kept: number[] = [];
  for (let row = 0; row < rows; row++)
    if (episodes?.kind !== 'numbers' || episodes.values[row] === episode) kept.push(row);
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(kept, (row) => values[row]!);
  const own = new Map(
    [...columns].flatMap(([name, column]): [string, ParquetColumn][] => {
      if (column.kind === 'numbers')
        return [[name, { kind: 'numbers', values: pick(column.values) }]];
      if (column.kind === 'vectors')
        return [[name, { kind: 'vectors', elements: column.elements.map(pick) }]];
      return [];
    }),
  );
  const timestamps = own.get('timestamp');
  return {
    timestamps: timestamps?.kind === 'numbers' ? timestamps.values : new Float64Array(kept.length),
    columns: own,
  };
}

/** What the rows' times and the video's do not agree in. */
function differences(timestamps: Float64Array, pts: Float64Array, fps: number): string[] {
  const notes: string[] = [];
  if (timestamps.length !== pts.length)
    notes.push(
      `it has ${pts.length} frames for the ${timestamps.length} rows of the episode; the others are without a counterpart.`,
    );
  const half = 0.5 / fps;
  const apart = timestamps
    .subarray(0, pts.length)
    .reduce((count, time, i) => count + Number(!(Math.abs(time - pts[i]!) <= half)), 0);
  if (apart > 0)
    notes.push(
      `${apart} frames lie more than half a frame from the times of their rows; the video's times count.`,
    );
  return notes;
}
