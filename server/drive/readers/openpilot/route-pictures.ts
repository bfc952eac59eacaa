import { join } from 'node:path';
import { RoadgazeError } from '../../../../shared/errors.ts';
import { pathInside } from '../../../files/path-inside.ts';
import { encodedTrack } from '../../../video/encoded-pictures.ts';
import { readFrameIndex } from '../../../video/frame-index.ts';
import type { VideoInfo } from '../../../video/frame-source.ts';
import { probeVideo } from '../../../video/probe.ts';
import { probeTrack } from '../../../video/probe-track.ts';
import { decodeTrack, trackIndex } from '../../../video/track-decoder.ts';
import { transportTimes } from '../../../video/transport-times.ts';
import { joinedPictures, type PartOfPictures } from '../../joined-pictures.ts';
import { laterStream } from '../../later-stream.ts';
import { once } from '../../once.ts';
import type { Place } from '../../place.ts';
import type { Pictures } from '../../source-of-pictures.ts';
import { filesVersion } from '../../../files/files-version.ts';
import { loggedTimes, type LoggedTimes } from '../logged-times.ts';
import { openRawHevc, rawHevcTrack, type RawHevc } from '../raw-hevc-track.ts';
import { uncheckedPictures } from '../video.ts';
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
  readonly content: RawHevc | { readonly pictures: PartOfPictures; readonly own: Float64Array };
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
  const { first, info, behind, leftOut } = await firstVideo(route);
  route.told.push(...leftOut);
  const begin = await timesOf(route, [first], frameRate ?? ANY_RATE);
  if (begin.origin === null && frameRate === undefined && isRaw(first))
    await needClock(route, first);
  const brief = await joinedAs(route, info, [first], begin.times);
  const all = once(async () => {
    // Logs are read in a thread of their own, while videos are looked into here.
    const logged = Promise.allSettled(segments.map((each) => logs.frames(each, camera.clocks)));
    const others = await otherVideos(route, behind);
    await logged;
    const videos = [first, ...others.videos];
    const clock = await timesOf(route, videos, frameRate);
    const pictures = await joinedAs(route, info, videos, clock.times);
    route.told.push(...others.leftOut, ...clock.notes);
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

interface FirstVideo {
  readonly first: SegmentVideo;
  /** What it tells of its pictures; null: nothing, as it is raw. */
  readonly info: VideoInfo | null;
  /** Segments that come behind it. */
  readonly behind: readonly Segment[];
  /** What was left out before it, a sentence each. */
  readonly leftOut: readonly string[];
}

/** The first video that can be opened; throws why the first one cannot where none can. */
async function firstVideo({ place, segments, camera }: OpenedRoute): Promise<FirstVideo> {
  const leftOut: string[] = [];
  let fault: RoadgazeError | null = null;
  for (const [at, segment] of segments.entries()) {
    const name = inSegment(segment, camera.file);
    try {
      const path = await videoPath(place, name);
      const info = isRawName(name) ? null : await probeVideo(path);
      const first = await openVideo(path, segment, name);
      return { first, info, behind: segments.slice(at + 1), leftOut };
    } catch (error) {
      if (!(error instanceof RoadgazeError)) throw error;
      fault ??= error;
      leftOut.push(leftOutFor(name, error));
    }
  }
  throw fault!;
}

/** Videos of segments; those that cannot be opened are told and left out. */
async function otherVideos(
  { place, camera }: OpenedRoute,
  segments: readonly Segment[],
): Promise<{ readonly videos: SegmentVideo[]; readonly leftOut: string[] }> {
  const videos: SegmentVideo[] = [];
  const leftOut: string[] = [];
  for (let at = 0; at < segments.length; at += OPENED_TOGETHER) {
    const opened = segments.slice(at, at + OPENED_TOGETHER).map(async (segment) => {
      const name = inSegment(segment, camera.file);
      try {
        return await openVideo(await videoPath(place, name), segment, name);
      } catch (error) {
        if (!(error instanceof RoadgazeError)) throw error;
        return leftOutFor(name, error);
      }
    });
    for (const video of await Promise.all(opened))
      if (typeof video === 'string') leftOut.push(video);
      else videos.push(video);
  }
  return { videos, leftOut };
}

function leftOutFor(name: string, { message }: RoadgazeError): string {
  return `${name} is left out: ${message}`;
}

async function videoPath(place: Place, name: string): Promise<string> {
  const path = await pathInside(place.path, name);
  if (path !== null) return path;
  throw new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${name} is a link that leads out of the folder, or to nothing.`,
    'Copy the file itself into the folder.',
  );
}

function isRawName(name: string): boolean {
  return name.endsWith('.hevc');
}

async function openVideo(path: string, segment: Segment, name: string): Promise<SegmentVideo> {
  if (isRawName(name)) {
    const content = await openRawHevc(path);
    return { segment, name, count: content.listing.begins.length, content };
  }
  // Each program that is started takes far longer than to read a minute of a small camera.
  const own = (await transportTimes(path))?.sort() ?? (await readFrameIndex(path)).pts;
  return { segment, name, count: own.length, content: { pictures: uncheckedPictures(path), own } };
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
  info: VideoInfo | null,
  videos: readonly SegmentVideo[],
  times: Float64Array,
): Promise<Pictures> {
  if (info === null) {
    const raw = videos.flatMap(({ content }) => ('listing' in content ? [content] : []));
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
  return joinedPictures(place.path, info, parts);
}
