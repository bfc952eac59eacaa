import { Readable } from 'node:stream';
import type { Size } from '../../shared/geometry.ts';
import { parameterSets } from './keyframes.ts';
import type { TimeBase } from './nut-demuxer.ts';
import { nutFrameHead, nutHead } from './nut-muxer.ts';
import { pictureName, type PictureLosses } from './picture-losses.ts';
import type { PictureBytes, PictureTrack } from './picture-track.ts';
import { rawFormat } from './raw-pictures.ts';
import { SAME_TIME } from './timestamps.ts';

/** Pictures that are read before ffmpeg takes them, so that it never waits for the disk. */
const READ_AHEAD = 4;
/** Of large ones fewer, but one. */
const BYTES_AHEAD = 64 << 20;
/** Smaller pictures are copied behind their head: one write is cheaper than two. */
const SMALL = 32 << 10;

/**
 * Ticks a second: as fine as the clocks that drives are recorded with, and coarser where years lie
 * between the sessions of one.
 */
const TICKS = [1e9, 1e7, 1e6, 1e3, 1];
/** ffmpeg computes with timestamps as if they were no whole numbers. */
const MOST_TICKS = 2 ** 52;
/** Ticks are moved by this many seconds on their way through ffmpeg, and more. */
const ROOM = 2 ** 18;

/** Four characters each, as ffmpeg abbreviates codecs for NUT. */
const FOURCC = {
  mjpeg: 'MJPG',
  png: 'MPNG',
  // NUT has none for it: the decoder is named on the command line, whatever stands here.
  webp: 'MPNG',
  h264: 'H264',
  hevc: 'HEVC',
  vp9: 'VP90',
  av1: 'AV01',
} as const;

/** Where ffmpeg finds the size in the pictures themselves. */
const ANY_SIZE: Size = { width: 16, height: 16 };

/** Of the stream that is made of a track. */
export function trackTimeBase({ pts }: PictureTrack): TimeBase {
  const seconds = pts.length > 0 ? pts.at(-1)! - pts[0]! : 0;
  return { num: 1, den: TICKS.find((ticks) => (seconds + ROOM) * ticks < MOST_TICKS) ?? 1 };
}

/** What stands before the pictures. Throws VIDEO_UNREADABLE. */
export function trackHead(track: PictureTrack): Buffer {
  const { name, codec } = track;
  const stream =
    typeof codec === 'string'
      ? { fourcc: FOURCC[codec], ...ANY_SIZE }
      : { fourcc: rawFormat(name, codec).fourcc, width: codec.width, height: codec.height };
  return nutHead([stream], trackTimeBase(track));
}

/** What stands before a packet, with its time after the first one of the track. */
export function packetHead(track: PictureTrack, packet: number, size: number): Buffer {
  const seconds = track.pts[packet]! - track.pts[0]!;
  const ticks = Math.round(seconds * trackTimeBase(track).den);
  return nutFrameHead(0, ticks, size);
}

export interface Feed {
  /** The packet to begin with. */
  readonly begin: number;
  /** Leaves out packets that are closer (s) to the one before. */
  readonly spacing?: number | undefined;
  /** Losses before this packet are not told: nobody asked for those frames. */
  readonly wanted: number;
  readonly losses: PictureLosses;
}

/**
 * The packets of a track as one NUT stream, read as fast as they are taken. Its error is what the
 * track throws.
 */
export function feedTrack(track: PictureTrack, feed: Feed): Readable {
  const stop = new AbortController();
  const stream = Readable.from(written(track, feed, stop.signal), { highWaterMark: 1 });
  stream.once('close', () => stop.abort());
  return stream;
}

async function* written(
  track: PictureTrack,
  { begin, spacing, wanted, losses }: Feed,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield trackHead(track);
  let isFirst = true;
  const numbers = spaced(track.pts, begin, spacing);
  for await (const [packet, picture] of readAhead(track, numbers, signal)) {
    if ('missing' in picture) {
      if (packet >= wanted) losses.missing(picture.missing);
      continue;
    }
    if (packet >= wanted) losses.fed(packet);
    const sets = isFirst && begin > 0 ? await setsBefore(track, picture.bytes, signal) : [];
    isFirst = false;
    const parts = [...sets, picture.bytes];
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    const head = packetHead(track, packet, size);
    if (size < SMALL) yield Buffer.concat([head, ...parts]);
    else yield* [head, ...parts];
  }
}

function* spaced(
  pts: Float64Array,
  begin: number,
  spacing: number | undefined,
): Generator<number, void, undefined> {
  let before = -Infinity;
  for (let packet = begin; packet < pts.length; packet++) {
    if (spacing !== undefined && pts[packet]! - before < spacing - SAME_TIME) continue;
    before = pts[packet]!;
    yield packet;
  }
}

/** Packets in their order, the next ones already on their way. */
export async function* readAhead(
  track: PictureTrack,
  numbers: Iterator<number, void, undefined>,
  signal: AbortSignal,
): AsyncGenerator<[packet: number, picture: PictureBytes], void, undefined> {
  const waiting: [number, Promise<PictureBytes>][] = [];
  let largest = 0;
  for (;;) {
    while (
      waiting.length === 0 ||
      (waiting.length < READ_AHEAD && (waiting.length + 1) * largest <= BYTES_AHEAD)
    ) {
      const next = numbers.next();
      if (next.done) break;
      const reading = readPicture(track, next.value, signal);
      // Whoever awaits it is told.
      reading.catch(() => {});
      waiting.push([next.value, reading]);
    }
    const first = waiting.shift();
    if (!first || signal.aborted) return;
    const picture = await first[1];
    if (signal.aborted) return;
    if ('bytes' in picture) largest = Math.max(largest, picture.bytes.length);
    yield [first[0], picture];
  }
}

/** As the track reads it; too few bytes are none. */
export async function readPicture(
  track: PictureTrack,
  packet: number,
  signal?: AbortSignal,
): Promise<PictureBytes> {
  const picture = await track.read(packet, signal);
  if ('missing' in picture) return picture;
  const { length } = picture.bytes;
  if (length === 0) return { missing: `${pictureName(track, packet)} is empty` };
  if (typeof track.codec === 'string') return picture;
  const { bytes } = rawFormat(track.name, track.codec);
  return length === bytes
    ? picture
    : { missing: `${pictureName(track, packet)} has ${length} instead of ${bytes} bytes` };
}

/** Packets among which the parameter sets of a stream are looked for that has them once. */
const FIRST_PACKETS = 8;

/** The parameter sets that a packet lacks in the middle of a stream. */
async function setsBefore(
  track: PictureTrack,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const { codec } = track;
  if ((codec !== 'h264' && codec !== 'hevc') || parameterSets(codec, bytes).length > 0) return [];
  const last = Math.min(track.pts.length, (track.keyframes?.[0] ?? 0) + FIRST_PACKETS);
  const sets: Uint8Array[] = [];
  for (let packet = 0; packet < last; packet++) {
    const picture = await track.read(packet, signal);
    if ('bytes' in picture) sets.push(...parameterSets(codec, picture.bytes));
    if (sets.length > 1 && packet >= (track.keyframes?.[0] ?? 0)) break;
  }
  return sets;
}
