import { RoadgazeError } from '../../../../shared/errors.ts';
import { pathInside } from '../../../files/path-inside.ts';
import { joinedPictures } from '../../joined-pictures.ts';
import { logFromSeries } from '../../log/series.ts';
import type { Place } from '../../place.ts';
import { sourceOfPictures, type DriveParts } from '../../source-of-pictures.ts';
import type { DriveOutline, DriveReader, DriveSource, OpenDrive } from '../../source.ts';
import { sourceOfTrack } from '../../track-source.ts';
import { filesVersion } from '../../../files/files-version.ts';
import { loggedTimes, type LoggedTimes } from '../logged-times.ts';
import { openRawHevc, rawHevcTrack } from '../raw-hevc-track.ts';
import { hasVideoEnding, videoPictures } from '../video.ts';
import { arrayPaths, readArray } from './arrays.ts';
import { readSignals, signalFolders } from './signals.ts';

const VIDEO = 'video.hevc';
const FRAME_TIMES = 'global_pose/frame_times';
const CAMERA = 'video';

/**
 * A minute of comma2k19: raw H.265, and NumPy arrays with the clock of its frames and what was
 * driven. Steering is the angle of the wheel in degrees, positive to the left.
 */
export const COMMA2K19: DriveReader = {
  id: 'comma2k19',
  title: 'a segment of comma2k19',
  ownsVideos: true,
  async recognises(place) {
    if (!place.isFolder || !(await isSegment(place))) return null;
    const video = videoOf(place);
    const fault = video === null ? withoutVideo(place) : null;
    return [{ key: null, name: place.name, ...(fault ? { fault } : {}) }];
  },
  outline: outlineOfSegment,
  open: openSegment,
};

async function isSegment(place: Place): Promise<boolean> {
  const { names } = place;
  if (names.has('processed_log')) {
    const groups = await place.namesOf('processed_log');
    if (['CAN', 'GNSS', 'IMU'].some((group) => groups.has(group))) return true;
  }
  return names.has('global_pose') && (await place.namesOf('global_pose')).has('frame_times');
}

/** `video.hevc`, as the data set has it, or the only video that somebody made of it. */
function videoOf({ names }: Place): string | null {
  if (names.has(VIDEO)) return VIDEO;
  const others = [...names].filter((name) => !name.startsWith('.') && hasVideoEnding(name));
  return others.length === 1 ? others[0]! : null;
}

function withoutVideo({ name, names }: Place): RoadgazeError {
  const others = [...names].filter(hasVideoEnding);
  return new RoadgazeError(
    'VIDEO_NO_PICTURE',
    others.length > 1
      ? `${name} is a segment of comma2k19 without ${VIDEO}, and has ${others.length} other videos.`
      : `${name} is a segment of comma2k19 without its ${VIDEO}.`,
    others.length > 1
      ? `Name the one that belongs to it ${VIDEO.replace('.hevc', '')}, and take the others away.`
      : `Copy ${VIDEO} of the data set, or a video with the same frames, into the folder.`,
  );
}

/** By the clock of its frames; null where that is missing. */
async function outlineOfSegment(place: Place): Promise<DriveOutline | null> {
  const file = videoOf(place);
  const clock = await readArray(place.path, FRAME_TIMES);
  if (file === null || typeof clock === 'string') return null;
  const duration = clock.values.at(-1)! - clock.values[0]!;
  const signals = await signalFolders(place);
  return {
    durationSeconds: duration >= 0 ? duration : null,
    cameras: [file],
    signals: signals.map((folder) => folder.slice(folder.lastIndexOf('/') + 1)),
    hasLog: signals.length > 0,
  };
}

async function openSegment(place: Place, request: OpenDrive): Promise<DriveSource> {
  const { path, name } = place;
  const file = videoOf(place);
  if (file === null) throw withoutVideo(place);
  const video = await pathInside(path, file);
  if (video === null)
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `${file} of ${name} is a link that leads out of the folder, or to nothing.`,
      'Copy the file itself into the folder.',
    );
  const folders = await signalFolders(place);
  const parts = (clock: LoggedTimes, notes: readonly string[]): DriveParts => ({
    format: COMMA2K19.title,
    path,
    cameras: [{ id: CAMERA, title: file, frames: clock.times.length }],
    camera: CAMERA,
    assumptions: [...notes, ...clock.notes],
    log:
      folders.length > 0
        ? async (choices) => logFromSeries(await readSignals(place, folders, clock.origin), choices)
        : null,
    version: () =>
      filesVersion(
        arrayPaths(path, [
          FRAME_TIMES,
          ...folders.flatMap((each) => [`${each}/t`, `${each}/value`]),
        ]),
      ),
  });
  if (/\.(hevc|h265|265)$/i.test(file)) {
    const hevc = await openRawHevc(video);
    const count = hevc.listing.begins.length;
    const notes = hevc.listing.leftOut > 0 ? [leaning(file, hevc.listing.leftOut)] : [];
    const clock = await frameClock(place, file, count, request.frameRate);
    const track = rawHevcTrack({ name: video, files: [hevc], pts: clock.times });
    return sourceOfTrack({ track, ...parts(clock, [...notes, ...clock.told]) });
  }
  const pictures = await videoPictures(video);
  const { pts } = await pictures.index();
  const clock = await frameClock(place, file, pts.length, request.frameRate ?? 'own');
  if (clock.origin === null) return sourceOfPictures(pictures, parts(clock, clock.told));
  const part = { name: file, pictures, own: pts, times: clock.times };
  return sourceOfPictures(joinedPictures(video, pictures.video, [part]), parts(clock, clock.told));
}

interface FrameClock extends LoggedTimes {
  readonly told: readonly string[];
}

/** `own`: without a logged clock, the video has times of its own. */
async function frameClock(
  { path, name }: Place,
  file: string,
  count: number,
  frameRate: number | 'own' | undefined,
): Promise<FrameClock> {
  const array = await readArray(path, FRAME_TIMES);
  if (typeof array === 'string') {
    const why = `${name}: ${FRAME_TIMES} ${array}, so the log does not tell when frames were taken.`;
    if (frameRate !== 'own')
      return { ...loggedTimes(name, new Float64Array(), count, frameRate), told: [why] };
    return { times: new Float64Array(count), notes: [], origin: null, told: [why] };
  }
  const { values } = array;
  const told = [
    `${name}: frame i of ${file} was taken at ${FRAME_TIMES}[i]; times count from the first frame, ${(values[0] ?? NaN).toFixed(3)} s after the device was started.`,
  ];
  if (values.length !== count)
    told.push(
      `${name}: ${file} has ${count} frames, and ${FRAME_TIMES} ${values.length} times; ${
        values.length > count ? 'those at the end are left out' : 'the last frames have none'
      }.`,
    );
  return { ...loggedTimes(name, values, count, frameRate === 'own' ? undefined : frameRate), told };
}

function leaning(file: string, count: number): string {
  return `${file} begins with ${count} pictures that lean on ones before it, and are never shown.`;
}
