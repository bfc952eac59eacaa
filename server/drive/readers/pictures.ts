import { access } from 'node:fs/promises';
import { RoadgazeError } from '../../../shared/errors.ts';
import { besideFolder } from '../../files/beside.ts';
import { pathInside } from '../../files/path-inside.ts';
import { readDriveLog } from '../log/csv-log.ts';
import { logBeside } from '../log/log-beside.ts';
import { readLogColumns } from '../log/log-columns.ts';
import type { VideoSpan } from '../log/drive-log.ts';
import { planLog } from '../log/plan.ts';
import type { TextCells } from '../log/text-column.ts';
import type { Place } from '../place.ts';
import type { DriveReader, DriveSource, OpenDrive } from '../source.ts';
import { sourceOfTrack } from '../track-source.ts';
import { chosenCamera } from './chosen-camera.ts';
import { clockOfRows } from './clock-of-rows.ts';
import { filesVersion } from '../../files/files-version.ts';
import { pictureFilesTrack } from './picture-files.ts';
import { baseName, PICTURE_NAME, timesInNames } from './picture-names.ts';
import { hasVideoEnding } from './video.ts';

const FEWEST = 2;
/** Logs that lie in the folder itself. */
const LOG_NAME = /\.(csv|parquet)$|^data\.txt$/i;

/**
 * A folder of pictures in natural order of their names, with a CSV in it or beside it. A column of
 * the CSV that names pictures says which of them count, and in which order; otherwise a CSV of as
 * many rows as pictures tells their times, else their names do, else a person says the rate.
 */
export const PICTURES: DriveReader = {
  id: 'pictures',
  title: 'a folder of pictures',
  onlyAlone: true,
  async recognises({ isFolder, names, name }) {
    if (!isFolder || [...names].some(hasVideoEnding)) return null;
    let count = 0;
    for (const each of names) if (isPicture(each) && ++count === FEWEST) break;
    return count < FEWEST ? null : [{ key: null, name }];
  },
  open: openPictures,
};

function picturesIn(names: Iterable<string>): string[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...names].filter(isPicture).sort(compare);
}

function isPicture(name: string): boolean {
  return PICTURE_NAME.test(name) && !name.startsWith('.');
}

async function openPictures(place: Place, request: OpenDrive): Promise<DriveSource> {
  const { path, name, names } = place;
  const logs = [...names].filter((each) => LOG_NAME.test(each)).sort();
  const own = logs[0] === undefined ? null : await pathInside(path, logs[0]);
  const log = own ?? (await logBeside(path, besideFolder(path))) ?? besideFolder(path).log;
  const { named, hasTimes } = await namedPictures(log);
  const files = named ?? picturesIn(names);
  const rate = request.frameRate;
  const { times, notes, isOfLog } = await clockOf({ name, files, log, hasTimes, rate });
  const cameras = [{ id: 'pictures', title: name, frames: files.length }];
  const camera = chosenCamera(path, cameras, request.camera);
  const track = await pictureFilesTrack({
    name: path,
    folder: path,
    files,
    pts: times,
    version: () => filesVersion([path, log]),
  });
  const hasLog = await access(log).then(
    () => true,
    () => false,
  );
  const rowTimes = named || isOfLog ? times : null;
  return sourceOfTrack({
    format: PICTURES.title,
    path,
    cameras,
    camera,
    track,
    assumptions: [
      ...notes,
      ...(logs[0] !== undefined && own === null
        ? [`${logs[0]} leads out of ${name}, and is not read.`]
        : []),
      ...(logs.length > 1
        ? [`${name} holds ${logs.length} logs; ${logs[0]} is taken, the first by name.`]
        : []),
    ],
    log: hasLog ? (choices) => readDriveLog(log, spanOf(times), choices, rowTimes) : null,
  });
}

function spanOf(times: Float64Array): VideoSpan {
  const duration = times.at(-1)! - times[0]!;
  return {
    startTime: times[0]!,
    duration,
    averageFrameRate: duration > 0 ? (times.length - 1) / duration : 0,
  };
}

interface ClockRequest {
  readonly name: string;
  readonly files: TextCells;
  readonly log: string;
  /** The log has a column of times. */
  readonly hasTimes: boolean;
  /** Pictures a second, as a person says. */
  readonly rate: number | undefined;
}

/** Throws VIDEO_RATE_UNKNOWN; LOG_INVALID where only a log that cannot be read tells the times. */
async function clockOf({ name, files, log, hasTimes, rate }: ClockRequest) {
  const logged = rate === undefined ? await timesOfLog(log, files.length) : null;
  const isBroken = logged instanceof RoadgazeError;
  const times = logged && !isBroken ? logged : rate === undefined ? timesInNames(files) : null;
  if (isBroken && !times && hasTimes) throw logged;
  const clock = times && { values: () => times };
  return {
    ...clockOfRows(name, clock, files.length, rate),
    isOfLog: times !== null && times === logged,
  };
}

/**
 * Seconds since the first row of a log of so many rows; null where it is of another length, or none
 * is there. Otherwise what is wrong with it.
 */
async function timesOfLog(
  path: string,
  count: number,
): Promise<Float64Array | RoadgazeError | null> {
  try {
    const { times } = await readDriveLog(path);
    return times.length === count ? times.map((time) => time - times[0]!) : null;
  } catch (error) {
    return error instanceof RoadgazeError && error.code === 'LOG_INVALID' ? error : null;
  }
}

interface NamedPictures {
  /** One in each row of a log; null where that names none, or cannot be read. */
  readonly named: TextCells | null;
  readonly hasTimes: boolean;
}

async function namedPictures(path: string): Promise<NamedPictures> {
  let column = -1;
  try {
    const { texts, clock } = await readLogColumns(path, (lines, file) => {
      const plan = planLog(lines, file, {}, false);
      const row = (plan.headless ? lines.first : lines.second) ?? [];
      const cells = plan.split ? plan.split([...row]) : row;
      column = cells.findIndex((cell) => PICTURE_NAME.test(cell));
      return { ...plan, texts: column < 0 ? [] : [column], textOf: baseName };
    });
    return { named: column < 0 ? null : texts[0]!, hasTimes: clock !== null };
  } catch {
    // Told when it is read for itself.
    return { named: null, hasTimes: true };
  }
}
