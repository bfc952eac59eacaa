import { join } from 'node:path';
import { RoadgazeError } from '../../../../shared/errors.ts';
import { logFromSeries, type SteeringSeries } from '../../log/series.ts';
import type { Place } from '../../place.ts';
import type { DriveReader, DriveSource, OpenDrive } from '../../source.ts';
import { sourceOfTrack } from '../../track-source.ts';
import { chosenCamera } from '../chosen-camera.ts';
import { filesVersion } from '../../../files/files-version.ts';
import { pictureFilesTrack } from '../picture-files.ts';
import { risingTimes } from '../rising-times.ts';
import { outlineOfTub } from './outline.ts';
import { PILOT_FIELD, STEERING_FIELD, type Tub } from './tub.ts';
import { readTubVersion1 } from './version-1.ts';
import { readTubVersion2 } from './version-2.ts';

/** The rate at which a car drives where nobody has set another. */
const USUAL_RATE = 20;
const MILLISECOND = 1e-3;

/**
 * A tub of Donkeycar: pictures of 160 by 120, with the steering of the same instant in −1…1,
 * positive to the right. Its clock begins with the first picture.
 */
export const DONKEYCAR_TUB: DriveReader = {
  id: 'donkeycar-tub',
  title: 'a Donkeycar tub',
  ownsVideos: true,
  async recognises(place) {
    return versionOf(place) === null ? null : [{ key: null, name: place.name }];
  },
  outline: (place) => outlineOfTub(place, versionOf(place) === 2),
  open: openTub,
};

function versionOf({ isFolder, names }: Place): 1 | 2 | null {
  if (!isFolder) return null;
  const some = (pattern: RegExp): boolean => [...names].some((name) => pattern.test(name));
  if (names.has('manifest.json') && some(/^catalog_\d+\.catalog$/)) return 2;
  return names.has('meta.json') && some(/^record_\d+\.json$/) ? 1 : null;
}

async function openTub(place: Place, request: OpenDrive): Promise<DriveSource> {
  const { path, name } = place;
  const isVersion2 = versionOf(place) === 2;
  const tub = isVersion2 ? await readTubVersion2(path) : await readTubVersion1(path);
  if (tub.cameras.length === 0)
    throw new RoadgazeError(
      'VIDEO_NO_PICTURE',
      `The tub ${name} has no records with pictures${tub.notes.length > 0 ? `: ${tub.notes[0]}` : '.'}`,
      'Check that all of the tub was copied.',
    );
  const cameras = tub.cameras.map(({ field, files }) => ({
    id: field,
    title: field.replace(/^cam\//, ''),
    frames: files.length,
  }));
  const camera = chosenCamera(path, cameras, request.camera);
  const { files } = tub.cameras.find(({ field }) => field === camera)!;
  const clock = clockOf(tub, request.frameRate);
  const track = await pictureFilesTrack({
    name: path,
    folder: tub.pictureFolder,
    files,
    pts: clock.times,
    version: () => filesVersion(tub.files.map((file) => join(path, file))),
  });
  return sourceOfTrack({
    format: DONKEYCAR_TUB.title,
    path,
    cameras,
    camera,
    track,
    assumptions: [...tub.notes, ...clock.notes].map((note) => `${name}: ${note}`),
    log: hasNumbers(tub)
      ? (choices) => logFromSeries(seriesOf(name, tub, clock.times), choices)
      : null,
  });
}

/** Seconds since the first picture. */
function clockOf(
  { milliseconds }: Tub,
  frameRate: number | undefined,
): {
  readonly times: Float64Array;
  readonly notes: readonly string[];
} {
  const first = milliseconds.find((time) => !Number.isNaN(time));
  if (first !== undefined)
    return risingTimes(
      milliseconds.map((time) => (time - first) * MILLISECOND),
      'records',
    );
  const rate = frameRate ?? USUAL_RATE;
  const because =
    frameRate === undefined ? 'as Donkeycar does unless told otherwise' : 'as asked for';
  return {
    times: milliseconds.map((_, i) => i / rate),
    notes: [`its records have no times; ${rate} a second are taken, ${because}.`],
  };
}

function hasNumbers({ series }: Tub): boolean {
  return series.size > 0;
}

function seriesOf(file: string, { series }: Tub, times: Float64Array) {
  const steering = (name: string, because: string): SteeringSeries[] => {
    const values = series.get(name);
    if (!values) return [];
    const unit = 'normalized';
    const isCommand = name === PILOT_FIELD;
    return [{ name, unit, kind: unit, positive: 'right', isCommand, because, times, values }];
  };
  return {
    file,
    steering: [
      ...steering(STEERING_FIELD, 'it is what the driver steered'),
      ...steering(PILOT_FIELD, 'it is what a network steered'),
    ],
    speed: null,
    others: [...series]
      .filter(([name]) => name !== STEERING_FIELD && name !== PILOT_FIELD)
      .map(([name, values]) => ({ name, unit: null, times, values })),
  };
}
