import { join } from 'node:path';
import { RoadgazeError } from '../../../../shared/errors.ts';
import { pathInside } from '../../../files/path-inside.ts';
import { probeTrack } from '../../../video/probe-track.ts';
import { encodedTrack } from '../../../video/encoded-pictures.ts';
import { decodeTrack, trackIndex } from '../../../video/track-decoder.ts';
import { joinedPictures } from '../../joined-pictures.ts';
import { laterStream } from '../../later-stream.ts';
import { once } from '../../once.ts';
import type { Place } from '../../place.ts';
import type { Pictures } from '../../source-of-pictures.ts';
import { filesVersion } from '../../../files/files-version.ts';
import { loggedTimes, type LoggedTimes } from '../logged-times.ts';
import { openRawHevc, rawHevcTrack, type RawHevc } from '../raw-hevc-track.ts';
import { videoPictures } from '../video.ts';
import type { LoggedFrames } from './event-reader.ts';
import { frameClock } from './frame-clock.ts';
import type { RouteLogs } from './route-logs.ts';
import { inSegment, type CameraKind, type Segment } from './segments.ts';

export interface OpenedRoute {
  readonly place: Place;
  readonly logs: RouteLogs;
  readonly camera: CameraKind;
  /** Those with a video of the camera, in their order. */
  readonly segments: readonly Segment[];
  readonly frameRate: number | undefined;
  /** What is told of the pictures, as far as it is known. */
  readonly told: string[];
}

export interface RoutePictures {
  readonly pictures: Pictures;
  /** Zero of their clock by that of the log (s); null: it does not tell when frames were taken. */
  readonly origin: () => Promise<number | null>;
}

/** The video of one segment, gone through. */
interface SegmentVideo {
  readonly segment: Segment;
  /** Relative to the place. */
  readonly name: string;
  readonly count: number;
  readonly content: RawHevc | { readonly pictures: Pictures; readonly own: Float64Array };
}

/** Videos of segments that are looked into at the same time. */
const OPENED_TOGETHER = 8;
/** Without a clock, what raw pictures are looked at with; not told to anybody. */
const ANY_RATE = 20;

/**
 * The pictures of a camera over all segments. At first only the first segment is looked at, and so
 * much of the logs as shows whether they have a clock. Throws VIDEO_*, INPUT_*.
 */
export async function routePictures(route: OpenedRoute): Promise<RoutePictures> {
  const { place, segments, camera, frameRate, logs } = route;
  const [first] = await openVideos(route, 1);
  const begin = await timesOf(route, [first!], frameRate ?? ANY_RATE);
  if (begin.origin === null && frameRate === undefined && isRaw(first!))
    await needClock(route, first!);
  const brief = await joinedAs(route, [first!], begin.times);
  const all = once(async () => {
    // Logs are read in a thread of their own, while videos are looked into here.
    const logged = Promise.allSettled(segments.map((each) => logs.frames(each, camera.clocks)));
    const videos = await openVideos(route, Infinity);
    await logged;
    const clock = await timesOf(route, videos, frameRate);
    route.told.push(...clock.notes);
    const pictures = await joinedAs(route, videos, clock.times);
    return { pictures, origin: clock.origin };
  });
  return {
    pictures: {
      // How long it lasts, only the index tells.
      video: { ...brief.video, path: place.path, startTime: 0, duration: 0 },
      index: async () => (await all()).pictures.index(),
      // The first picture needs no other segment.
      frames: (request) =>
        request.from === undefined && request.frames === 1
          ? brief.frames(request)
          : laterStream(all, ({ pictures }) => pictures.frames(request)),
      encoded: async () => (await (await all()).pictures.encoded?.()) ?? null,
      version: () =>
        filesVersion(segments.map((segment) => join(place.path, inSegment(segment, camera.file)))),
    },
    origin: async () => (await all()).origin,
  };
}

/**
 * Opens the videos of the segments, until there are so many. Those that cannot be opened are told
 * and left out; throws why where none can.
 */
async function openVideos(
  { place, segments, camera, told }: OpenedRoute,
  most: number,
): Promise<SegmentVideo[]> {
  const found: SegmentVideo[] = [];
  let fault: RoadgazeError | null = null;
  told.length = 0;
  const together = Math.min(most, OPENED_TOGETHER);
  for (let at = 0; at < segments.length && found.length < most; at += together) {
    const opened = segments.slice(at, at + together).map(async (segment) => {
      const name = inSegment(segment, camera.file);
      return openVideo(place, segment, name).catch((error: unknown) => {
        if (!(error instanceof RoadgazeError)) throw error;
        return { name, fault: error };
      });
    });
    for (const video of await Promise.all(opened)) {
      if ('count' in video) found.push(video);
      else {
        fault ??= video.fault;
        told.push(`${video.name} is left out: ${video.fault.message}`);
      }
    }
  }
  if (found.length === 0) throw fault!;
  return found;
}

async function openVideo(place: Place, segment: Segment, name: string): Promise<SegmentVideo> {
  const path = await pathInside(place.path, name);
  if (path === null)
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `${name} is a link that leads out of the folder, or to nothing.`,
      'Copy the file itself into the folder.',
    );
  if (name.endsWith('.hevc')) {
    const content = await openRawHevc(path);
    return { segment, name, count: content.listing.begins.length, content };
  }
  const pictures = await videoPictures(path);
  const { pts: own } = await pictures.index();
  return { segment, name, count: own.length, content: { pictures, own } };
}

function isRaw({ content }: SegmentVideo): boolean {
  return 'listing' in content;
}

/** Throws VIDEO_RATE_UNKNOWN where no segment's log tells when its frames were taken. */
async function needClock(
  { place, logs, segments, camera }: OpenedRoute,
  { segment: first }: SegmentVideo,
): Promise<void> {
  for (const segment of segments)
    if (segment !== first && (await logs.frames(segment, camera.clocks))) return;
  loggedTimes(place.name, new Float64Array(), 1, undefined);
}

/** Times of all frames of the videos, one behind the other. Throws VIDEO_RATE_UNKNOWN. */
async function timesOf(
  { place, logs, camera }: OpenedRoute,
  videos: readonly SegmentVideo[],
  frameRate: number | undefined,
): Promise<LoggedTimes> {
  const logged: (LoggedFrames | null)[] = [];
  for (const { segment } of videos) logged.push(await logs.frames(segment, camera.clocks));
  const notes: string[] = [];
  const clock = joinedArrays(
    videos.map(({ name, count }, i) => {
      const own = logged[i]!;
      const beside = [logged[i - 1] ?? null, logged[i + 1] ?? null];
      const { times, logged: told } = frameClock(own, beside, count);
      const isWhole = told === count && !times.some(Number.isNaN);
      if (own === null) notes.push(`${name} has no log that tells when its frames were taken.`);
      else if (!isWhole) notes.push(`${name} has ${count} frames, and its log tells of ${told}.`);
      return times;
    }),
  );
  const isKnown = clock.some((time) => !Number.isNaN(time));
  const own = videos.map(({ content }) => ('own' in content ? content.own : null));
  if (!isKnown && own.every((times) => times !== null))
    return {
      times: oneBehindTheOther(own),
      notes: [`${place.name}: the video's own times are taken.`],
      origin: null,
    };
  const { times, notes: more, origin } = loggedTimes(place.name, clock, clock.length, frameRate);
  return { times, notes: [...clockNotes(place, origin), ...notes, ...more], origin };
}

function clockNotes({ name }: Place, origin: number | null): string[] {
  return origin === null
    ? []
    : [
        `${name}: frames are shown when their exposure began by the log, where it tells; times count from the first frame, ${origin.toFixed(3)} s after the device was started.`,
      ];
}

function joinedArrays(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part]));
}

/** The times of videos that each have a clock of their own, moved behind those before. */
function oneBehindTheOther(parts: readonly Float64Array[]): Float64Array {
  let begin = 0;
  return joinedArrays(
    parts.map((own) => {
      const moved = own.map((time) => time - own[0]! + begin);
      const step = own.length > 1 ? (own.at(-1)! - own[0]!) / (own.length - 1) : 1 / ANY_RATE;
      begin = (moved.at(-1) ?? begin) + step;
      return moved;
    }),
  );
}

/** Videos as pictures with these times, one for each of their frames. */
async function joinedAs(
  { place, camera }: OpenedRoute,
  videos: readonly SegmentVideo[],
  times: Float64Array,
): Promise<Pictures> {
  const raw = videos.flatMap(({ content }) => ('listing' in content ? [content] : []));
  if (raw.length > 0) {
    const track = rawHevcTrack({ name: `${place.path}, ${camera.file}`, files: raw, pts: times });
    return {
      video: await probeTrack(track),
      index: async () => trackIndex(track),
      frames: (request) => decodeTrack(track, request),
      encoded: () => encodedTrack(track),
      version: () => track.version(),
    };
  }
  let at = 0;
  const parts = videos.flatMap(({ name, count, content }) => {
    if ('listing' in content) return [];
    const own = times.subarray(at, at + count);
    at += count;
    return [{ name, pictures: content.pictures, own: content.own, times: own }];
  });
  return joinedPictures(place.path, parts);
}
