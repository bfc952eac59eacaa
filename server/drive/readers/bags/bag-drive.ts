import { RoadgazeError } from '../../../../shared/errors.ts';
import { encodedTrack } from '../../../video/encoded-pictures.ts';
import { decodeTrack, trackIndex } from '../../../video/track-decoder.ts';
import type { PictureTrack } from '../../../video/picture-track.ts';
import { probeTrack } from '../../../video/probe-track.ts';
import { logFromSeries } from '../../log/series.ts';
import { once } from '../../once.ts';
import type { Place } from '../../place.ts';
import { sourceOfPictures, type Pictures } from '../../source-of-pictures.ts';
import type { Camera, DriveSource, OpenDrive } from '../../source.ts';
import { chosenCamera } from '../chosen-camera.ts';
import { filesVersion } from '../../../files/files-version.ts';
import type { BagCamera } from './bag-session.ts';
import { BagFault, BagThread } from './bag-thread.ts';
import type { BagIndex } from './pictures/camera-reader.ts';
import { laterStream } from '../../later-stream.ts';
import { driveSeries } from './signals/drive-series.ts';

const MEND =
  'Check that it was copied completely; `ros2 bag reindex`, `mcap recover` or `rosbag reindex` mends bags that were not closed.';

/** Opens a bag of any kind. Throws RoadgazeError. */
export async function openBag(
  title: string,
  place: Place,
  { camera, signal }: OpenDrive,
): Promise<DriveSource> {
  const thread = await BagThread.open(place.path);
  const stop = (): void => void thread.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await openCamera({ title, place, thread }, camera);
  } catch (error) {
    await thread.close();
    signal?.throwIfAborted();
    throw inPlainWords(place.name, error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

interface OpenedBag {
  readonly title: string;
  readonly place: Place;
  readonly thread: BagThread;
}

async function openCamera(bag: OpenedBag, wanted: string | undefined): Promise<DriveSource> {
  const { title, place, thread } = bag;
  const { cameras: topics, hasSignals, notes, paths } = await thread.contents();
  const cameras = camerasOf(topics);
  const version = () => filesVersion(paths);
  if (cameras.length === 0) throw noPictures(place.name);
  const id = chosenCamera(place.name, cameras, wanted);
  const number = cameras.findIndex((each) => each.id === id);
  const camera = cameras[number]!;
  const { key } = topics[number]!;

  // Of the first pictures only: to find all of them, the whole bag is read.
  const first = await thread.index(key, true);
  const video = await probeTrack(trackOf(bag, camera, key, first, { isBrief: true, version }));
  const told = [...notes, ...clockNotes(first)];
  let { origin } = first;
  const track = once(async () => {
    const index = await thread.index(key, false).catch((error: unknown) => {
      throw inPlainWords(place.name, error);
    });
    told.splice(0, told.length, ...(await thread.notes()), ...clockNotes(index));
    ({ origin } = index);
    return trackOf(bag, camera, key, index, { isBrief: false, version });
  });
  const pictures: Pictures = {
    // How long it lasts, only the index tells.
    video: { ...video, path: place.path, duration: 0 },
    index: async () => trackIndex(await track()),
    frames: (request) => laterStream(track, (opened) => decodeTrack(opened, request)),
    encoded: async () => encodedTrack(await track()),
    version,
  };
  return sourceOfPictures(pictures, {
    format: title,
    path: place.path,
    cameras,
    camera: camera.id,
    origin: () => Number(origin) / 1e9,
    assumptions: told,
    log: hasSignals
      ? async (choices) => {
          const signals = await thread.signals(key).catch((error: unknown) => {
            throw inPlainWords(place.name, error);
          });
          return logFromSeries(driveSeries(place.name, signals), choices);
        }
      : null,
    close: () => thread.close(),
  });
}

function trackOf(
  { place, thread }: OpenedBag,
  camera: Camera,
  key: string,
  { codec, pts, keyframes }: BagIndex,
  { isBrief, version }: { readonly isBrief: boolean; readonly version: () => Promise<string> },
): PictureTrack {
  return {
    name: `${place.path}, ${camera.id}`,
    codec,
    pts,
    keyframes,
    async read(packet) {
      const found = await thread.picture(key, isBrief, packet);
      return typeof found === 'string' ? { missing: found } : { bytes: found };
    },
    nameOf: (packet) => `picture ${packet} of ${camera.id}`,
    version,
  };
}

/** Topics by their names; by their types too where those do not tell them apart. */
function camerasOf(topics: readonly BagCamera[]): Camera[] {
  return topics.map(({ name, type, count }) => {
    const isAlone = topics.every((other) => other.name !== name || other.type === type);
    const id = isAlone ? name : `${name} (${type})`;
    return { id, title: id, frames: count };
  });
}

/** 1990; earlier ones are a simulator's, or of a machine that does not know the date. */
const EARLIEST_DATE = 631_152_000n * 1_000_000_000n;

function clockNotes({ origin, isStamped, notes }: BagIndex): string[] {
  const seconds = `${origin / 1_000_000_000n}.${(origin % 1_000_000_000n).toString().padStart(9, '0')}`;
  const date =
    origin >= EARLIEST_DATE
      ? `${new Date(Number(origin / 1_000_000_000n) * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC, `
      : '';
  return [
    `Times count from the first picture, which was ${isStamped ? 'taken' : 'written'} at ${date}${seconds} s of the recording's clock.`,
    ...notes.map((note) => `${note[0]!.toUpperCase()}${note.slice(1)}`),
  ];
}

function noPictures(name: string): RoadgazeError {
  return new RoadgazeError(
    'VIDEO_NO_PICTURE',
    `${name} has no topic with pictures.`,
    'Record a topic of sensor_msgs/Image, sensor_msgs/CompressedImage or compressed video too.',
  );
}

function inPlainWords(name: string, error: unknown): unknown {
  if (!(error instanceof BagFault)) return error;
  return new RoadgazeError('VIDEO_UNREADABLE', `${name} cannot be read: ${error.message}.`, MEND, {
    cause: error,
  });
}
