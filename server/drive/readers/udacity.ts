import { join } from 'node:path';
import { RoadgazeError } from '../../../shared/errors.ts';
import { lastLine, readFileTail } from '../../files/file-tail.ts';
import { pathInside } from '../../files/path-inside.ts';
import { readCsvColumns, type CsvTable } from '../log/csv-columns.ts';
import { planOfLog } from '../log/plan-of-log.ts';
import { planLog, type LogPlan } from '../log/plan.ts';
import type { TextCells } from '../log/text-column.ts';
import { readTextHead } from '../log/text.ts';
import { logFromSeries, type SeriesOfDrive } from '../log/series.ts';
import type { Place } from '../place.ts';
import type { DriveOutline, DriveReader, DriveSource, OpenDrive } from '../source.ts';
import { sourceOfTrack } from '../track-source.ts';
import { chosenCamera } from './chosen-camera.ts';
import { clockOfRows } from './clock-of-rows.ts';
import { filesVersion } from '../../files/files-version.ts';
import { pictureFilesTrack } from './picture-files.ts';
import { baseName, PICTURE_NAME, timesInNames } from './picture-names.ts';

export const UDACITY_LOG = 'driving_log.csv';
const LOG = UDACITY_LOG;
const CAMERAS = ['center', 'left', 'right'] as const;
/** Longer than a row is. */
const TAIL_BYTES = 16 << 10;
/** The first row holds paths of pictures; a header names the columns. */
const ROW = /center.*left.*right|\.(jpe?g|png)/i;

/**
 * A drive of the Udacity simulator: a CSV with or without header, and three pictures a row. Names of
 * pictures are the only times, and their paths are those of the recorder's machine. Steering is the
 * angle by 25°, positive to the right; speed in miles an hour.
 */
export const UDACITY: DriveReader = {
  id: 'udacity',
  title: 'a drive of the Udacity simulator',
  async recognises(place) {
    if (!place.isFolder || !place.names.has(LOG) || pictureFolder(place) === null) return null;
    const head = (await place.headOf(LOG)).toString('latin1').split(/[\r\n]/, 1)[0]!;
    return ROW.test(head.replaceAll('\0', '')) ? [{ key: null, name: place.name }] : null;
  },
  outline: outlineOf,
  open: openUdacity,
};

/** Where the pictures lie; '' is the drive's own folder. */
function pictureFolder({ names }: Place): string | null {
  const img = [...names].find((name) => name.toLowerCase() === 'img');
  if (img !== undefined) return img;
  return [...names].some((name) => PICTURE_NAME.test(name)) ? '' : null;
}

/** By the first row and the last one: names of pictures tell when they were taken. */
async function outlineOf(place: Place): Promise<DriveOutline | null> {
  const log = await pathInside(place.path, LOG);
  const tail = log === null ? null : await readFileTail(log, TAIL_BYTES);
  if (log === null || !tail) return null;
  const plan = await planOfLog(log);
  if (!plan?.tool?.timeIsName) return null;
  const { text } = await readTextHead(log);
  const first = text.split(/\r?\n/).filter(Boolean)[plan.headless ? 0 : 1] ?? '';
  const cellsOf = (line: string): string[] => line.split(',').map(baseName);
  const cells = cellsOf(first);
  const times = timesInNames([cells[0]!, cellsOf(lastLine(tail.toString('utf8')))[0]!]);
  return {
    durationSeconds: times && times[1]! >= 0 ? times[1]! : null,
    cameras: CAMERAS.filter((_, index) => cells[index]),
    signals: plan.columns.slice(CAMERAS.length).map(({ label }) => label),
    hasLog: true,
  };
}

async function openUdacity(place: Place, request: OpenDrive): Promise<DriveSource> {
  const { path, name } = place;
  const log = await pathInside(path, LOG);
  if (log === null) throw withoutLog(name);
  // The names of a million pictures of one camera are enough.
  let { plan, table } = await rowsOf(log, request.camera ?? CAMERAS[0]);
  if (!plan?.tool?.timeIsName) throw otherColumns(name);
  const cameras = CAMERAS.flatMap((id, index) => {
    const frames = table.filled![index]!;
    return frames > 0 ? [{ id, title: id, frames }] : [];
  });
  if (cameras.length === 0) throw otherColumns(name);
  const camera = chosenCamera(path, cameras, request.camera);
  if (camera !== (request.camera ?? CAMERAS[0])) ({ plan, table } = await rowsOf(log, camera));
  const { times, notes } = clockOfRows(name, table.clock, table.lines.length, request.frameRate);
  const track = await pictureFilesTrack({
    name: path,
    folder: join(path, pictureFolder(place) ?? ''),
    files: table.texts[0]!,
    pts: times,
    version: () => filesVersion([log]),
  });
  const series = seriesOf(table, plan!, times);
  return sourceOfTrack({
    format: UDACITY.title,
    path,
    cameras,
    camera,
    track,
    assumptions: [
      ...notes,
      ...(typeof table.brokenOff !== 'number'
        ? []
        : [`${name}: line ${table.brokenOff} of ${LOG} breaks off, and is left out.`]),
    ],
    log: (choices) => logFromSeries(series, choices),
  });
}

/** The rows of a log, with the names of the pictures of one camera. */
async function rowsOf(log: string, camera: string) {
  let plan: LogPlan | undefined;
  const index = Math.max(0, (CAMERAS as readonly string[]).indexOf(camera));
  const table = await readCsvColumns(log, (lines, file) => {
    plan = planLog(lines, file, {});
    const counted = CAMERAS.map((_, each) => each);
    return { ...plan, texts: [index], textOf: baseName, counted, mayBreakOff: true };
  });
  return { plan, table };
}

export interface UdacityRows {
  /** Of the log itself. */
  readonly path: string;
  readonly encoding: string;
  /** Lines of the log, from 1, and names of pictures in them: one for each frame, in their order. */
  readonly lines: Float64Array;
  readonly names: TextCells;
}

/** Where the rows of a drive stand in its log. Throws INPUT_NOT_FOUND, LOG_INVALID. */
export async function udacityRows({ path, name }: Place): Promise<UdacityRows> {
  const log = await pathInside(path, LOG);
  if (log === null) throw withoutLog(name);
  const { lines, texts } = await readCsvColumns(log, (first, file) => ({
    ...planLog(first, file, {}),
    texts: [0],
    mayBreakOff: true,
  }));
  const { encoding } = await readTextHead(log);
  return { path: log, encoding, lines, names: texts[0]! };
}

function seriesOf({ columns }: CsvTable, plan: LogPlan, times: Float64Array): SeriesOfDrive {
  const named = plan.columns.flatMap(({ label }, index) => {
    const values = columns[index];
    return values ? [{ index, name: label, unit: null, times, values }] : [];
  });
  const speed = named.find(({ index }) => index === plan.speed);
  return {
    file: LOG,
    steering: named
      .filter(({ index }) => index === plan.steering)
      .map((series) => ({
        ...series,
        unit: 'normalized',
        kind: 'normalized',
        positive: plan.tool!.positive,
        ...(plan.tool!.fullLockDegrees === null
          ? {}
          : { fullLockDegrees: plan.tool!.fullLockDegrees, fullLockOf: 'tyre' as const }),
      })),
    speed: speed ? { ...speed, unit: plan.tool!.speedUnit } : null,
    others: named.filter(({ index }) => index !== plan.steering && index !== plan.speed),
  };
}

function withoutLog(name: string): RoadgazeError {
  return new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${LOG} of ${name} is not there, or leads out of its folder.`,
    'Copy the file itself into the folder.',
  );
}

function otherColumns(name: string): RoadgazeError {
  return new RoadgazeError(
    'LOG_INVALID',
    `${LOG} of ${name} has not the columns that the Udacity simulator writes.`,
    'Its columns are center, left, right, steering, throttle, brake, speed.',
  );
}
