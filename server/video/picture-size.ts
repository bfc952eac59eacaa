import { availableParallelism } from 'node:os';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';

/**
 * Pixels of a picture that is decoded: 8192×4320 and a little more. A decoder holds a dozen of
 * them, which then take a gigabyte at most.
 */
const MOST_PIXELS = 36_000_000;
/**
 * Pixels that the threads of a decoder work on at the same time, and those that wait behind it:
 * sixteen pictures of 4096×2160.
 */
const PIXELS_AT_ONCE = 16 * 9_000_000;
const MOST_THREADS = 16;
/**
 * Pictures on their way from the decoder to the one who asked: in the filter, in the stream, and
 * received.
 */
const ON_THE_WAY = 3;

/**
 * Before a file of which nothing is known yet: a larger picture is an error to ffmpeg and ffprobe.
 */
export const PIXEL_LIMIT = ['-max_pixels', String(MOST_PIXELS)] as const;

/**
 * Options of a decoder of such pictures, which bound what it holds in memory, also where pictures
 * become larger under way. `threads`: as many as would be best; null: ffmpeg's own choice.
 * `handedOver`: pixels of all that is made of one picture.
 */
export function decoderLimits(
  { width, height }: Size,
  threads: number | null,
  handedOver = 0,
): string[] {
  const pixels = width * height;
  const wish = Math.min(MOST_THREADS, threads ?? availableParallelism() + 1);
  const left = PIXELS_AT_ONCE - ON_THE_WAY * handedOver;
  const allowed = Math.max(1, Math.min(wish, Math.floor(left / pixels)));
  const largest = Math.min(MOST_PIXELS, Math.max(pixels, Math.floor(left / allowed)));
  return [
    ...(threads === null && allowed === wish ? [] : ['-threads', String(allowed)]),
    '-max_pixels',
    String(largest),
  ];
}

/** Whether pictures are so large that what is made of them is made with little memory. */
export function isLarge({ width, height }: Size): boolean {
  return width * height > PIXELS_AT_ONCE / MOST_THREADS;
}

const FEW_PICTURES = 'rc-lookahead=0:sync-lookahead=0:mbtree=0';

/** Options of an H.264 encoder, which otherwise holds twenty pictures whatever their size. */
export function encoderLimits(size: Size): string[] {
  return isLarge(size) ? ['-threads', '1', '-bf', '0', '-x264-params', FEW_PICTURES] : [];
}

/**
 * Options of an H.264 encoder of pictures that are only looked at. Large ones get a fixed quality
 * and no search for half pixels, each of which takes five pictures' memory for one.
 */
export function encoderQuality(size: Size): string[] {
  if (!isLarge(size)) return ['-crf', '20'];
  const search = `${FEW_PICTURES}:scenecut=0:weightp=0:ref=1:subme=0`;
  return ['-qp', '22', '-threads', '1', '-bf', '0', '-x264-params', search];
}

/** Throws VIDEO_TOO_LARGE. */
export function checkPictureSize(path: string, size: Size): void {
  if (size.width * size.height > MOST_PIXELS) throw tooLarge(path, size);
}

/** The size that a line of ffmpeg or ffprobe refuses. */
export function refusedSize(text: string): Size | null {
  const [, width, height] =
    /Picture size (\d+)x(\d+) exceeds specified max pixel count/.exec(text) ?? [];
  return width === undefined ? null : { width: Number(width), height: Number(height) };
}

export function tooLarge(path: string, { width, height }: Size): RoadgazeError {
  return new RoadgazeError(
    'VIDEO_TOO_LARGE',
    `${path} has pictures of ${width}×${height} (${millions(width * height)} million pixels); up to ${millions(MOST_PIXELS)} million are read.`,
    SCALE_DOWN,
  );
}

/** Of a video whose pictures grow under way. */
export function becameTooLarge(path: string, { width, height }: Size, known: Size): RoadgazeError {
  return new RoadgazeError(
    'VIDEO_TOO_LARGE',
    `The pictures of ${path} change from ${known.width}×${known.height} to ${width}×${height} under way, which is too large to go on with.`,
    SCALE_DOWN,
  );
}

const SCALE_DOWN =
  'Make it smaller, for example with `ffmpeg -i large.mp4 -vf scale=1920:-2 small.mp4`.';

function millions(pixels: number): string {
  return String(Math.round(pixels / 1e6));
}
