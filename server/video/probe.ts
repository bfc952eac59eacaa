import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { askFfprobe, clockwise, fraction, unreadable, type ProbeStream } from './ask-ffprobe.ts';
import type { VideoInfo } from './frame-source.ts';
import { checkPictureSize, tooLarge } from './picture-size.ts';
import { isShortMpegts } from './short-mpegts.ts';
import { findTools } from './tools.ts';
import { untoldRate } from './untold-rate.ts';

/** What seeking and export need beyond what everybody sees. Times in seconds. */
export interface ProbedVideo extends VideoInfo {
  /** Earliest time of all streams of the file: ffmpeg's `-ss` counts from it. */
  readonly containerStart: number;
  /** The first packet of the stream carries no time at all, though the container has times. */
  readonly untimedStart: boolean;
  /** What precedes `-i` where ffmpeg would not recognise the file. */
  readonly inputFormat: readonly string[];
}

/** Raw streams carry no timestamps: only counting from the beginning finds a frame. */
const WITHOUT_TIMESTAMPS = new Set([
  'h264',
  'hevc',
  'vvc',
  'm4v',
  'mpegvideo',
  'obu',
  'cavsvideo',
  'vc1',
  'dirac',
  'mjpeg',
]);

export function hasNoTimestamps(container: string): boolean {
  return container.split(',').some((name) => WITHOUT_TIMESTAMPS.has(name));
}

/** These only point elsewhere, or draw text as if it were a picture. */
const NOT_VIDEO = new Set([
  'hls',
  'dash',
  'concat',
  'imf',
  'sdp',
  'rtp',
  'rtsp',
  'tty',
  'lavfi',
  'vapoursynth',
  'avisynth',
]);
const FIRST_PACKETS = ['-show_packets', '-read_intervals', '%+#12'];
/**
 * Frames a second that no camera takes: a raw stream that is said to have so many, and agrees,
 * tells no rate of its own.
 */
const ODD_RATE = 37;
/**
 * Raw streams up to this size (bytes) are read to the end to count their frames; others keep a
 * viewer waiting.
 */
const LARGEST_COUNTED = 2 ** 30;

function rate(stream: ProbeStream): number {
  for (const { num, den } of [fraction(stream.avg_frame_rate), fraction(stream.r_frame_rate)])
    if (num > 0 && den > 0) return num / den;
  return 0;
}

function seconds(...texts: (string | undefined)[]): number {
  return (
    texts.map(Number.parseFloat as (text: string | undefined) => number).find(Number.isFinite) ?? 0
  );
}

function isPicture({ codec_type, disposition }: ProbeStream): boolean {
  return (
    codec_type === 'video' && !disposition?.['attached_pic'] && !disposition?.['timed_thumbnails']
  );
}

/**
 * Another one as soon as the file is written to or replaced. Throws INPUT_NOT_FOUND, INPUT_EMPTY.
 */
export async function fileVersion(path: string): Promise<string> {
  let file;
  try {
    file = await stat(path);
  } catch (cause) {
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `${path} cannot be opened.`,
      'Check the name, and that you may read it.',
      { cause },
    );
  }
  if (!file.isFile())
    throw new RoadgazeError('INPUT_NOT_FOUND', `${path} is not a file.`, 'Name a video file.');
  if (file.size === 0)
    throw new RoadgazeError('INPUT_EMPTY', `${path} is empty.`, 'Copy or record it again.');
  return `${resolve(path)}\0${file.size}\0${file.mtimeMs}\0${file.ino}`;
}

/** Whether the file is to blame, and nothing that may be otherwise in a moment. */
function isOfTheFile(error: unknown): boolean {
  if (!(error instanceof RoadgazeError) || !error.code.startsWith('VIDEO_')) return false;
  const { cause } = error as { cause?: { readonly code?: unknown } };
  // ffprobe's exit status.
  return cause === undefined || typeof cause.code === 'number';
}

/** What a file says of itself. */
interface Telling {
  readonly video: ProbedVideo;
  /** Frames of a stream without timestamps; 0: not counted. */
  readonly frames: number;
  /** Somebody else must say how many frames it has a second. */
  readonly asksForRate: boolean;
}

async function probe(path: string): Promise<Telling> {
  const { ffprobe } = await findTools();
  const inputFormat = (await isShortMpegts(path)) ? ['-f', 'mpegts'] : [];
  const {
    streams = [],
    format = {},
    packets = [],
    refused,
  } = await askFfprobe(ffprobe, { name: path }, [...inputFormat, ...FIRST_PACKETS]);
  const container = format.format_name ?? '';
  if (streams.length === 0 || container.split(',').some((name) => NOT_VIDEO.has(name)))
    throw unreadable(path);
  const stream = streams.find(isPicture);
  if (!stream)
    throw new RoadgazeError(
      'VIDEO_NO_PICTURE',
      `${path} has no video stream.`,
      'Name a file with moving pictures.',
    );
  const { width = 0, height = 0 } = stream;
  if (!(width > 0 && height > 0)) throw refused ? tooLarge(path, refused) : unreadable(path);
  checkPictureSize(path, { width, height });
  const rotation = clockwise(stream);
  const first = packets.find(({ stream_index }) => stream_index === stream.index);
  const turned = rotation === 90 || rotation === 270;
  const video = {
    path,
    width: turned ? height : width,
    height: turned ? width : height,
    codec: stream.codec_name ?? 'unknown',
    pixelFormat: stream.pix_fmt ?? 'unknown',
    colorSpace: stream.color_space ?? 'unknown',
    rotation,
    averageFrameRate: rate(stream),
    startTime: seconds(stream.start_time, format.start_time),
    duration: seconds(stream.duration, format.duration),
    container,
    containerStart: seconds(format.start_time),
    timeBase: fraction(stream.time_base),
    untimedStart:
      first !== undefined &&
      first.pts === undefined &&
      first.dts === undefined &&
      !hasNoTimestamps(container),
    inputFormat,
  };
  return hasNoTimestamps(container)
    ? counted(ffprobe, video, stream.index)
    : { video, frames: 0, asksForRate: false };
}

/**
 * Of a stream without timestamps: its frames, and whether their rate is its own or only ffmpeg's
 * guess.
 */
async function counted(
  ffprobe: string,
  video: ProbedVideo,
  index: number | undefined,
): Promise<Telling> {
  const isSmall = (await stat(video.path)).size <= LARGEST_COUNTED;
  const { streams = [] } = await askFfprobe(ffprobe, { name: video.path }, [
    ...video.inputFormat,
    '-framerate',
    String(ODD_RATE),
    ...(isSmall ? ['-count_packets'] : []),
  ]);
  const stream = streams.find((each) => each.index === index) ?? {};
  const frames = Number.parseInt(stream.nb_read_packets ?? '', 10) || 0;
  const asksForRate = frames !== 1 && Math.abs(rate(stream) - ODD_RATE) < 0.01;
  return {
    video: {
      ...video,
      duration: asksForRate || !(video.averageFrameRate > 0) ? 0 : frames / video.averageFrameRate,
    },
    frames,
    asksForRate,
  };
}

const recent = new Map<string, Promise<Telling>>();
/**
 * Every viewer who comes is told of every recording of the folder. An answer takes less than a
 * kilobyte.
 */
const RECENT = 4096;

/**
 * What the file says about its first video stream that is not cover art. Rates and durations that
 * the file does not tell are 0; the rate of a raw stream that tells none is as `untoldRate` has it.
 * The last answers are kept as long as their files do not change. Throws INPUT_NOT_FOUND,
 * INPUT_EMPTY, VIDEO_UNREADABLE, VIDEO_NO_PICTURE, VIDEO_TOO_LARGE, VIDEO_RATE_UNKNOWN,
 * LOG_INVALID, FFMPEG_MISSING.
 */
export async function probeVideo(path: string): Promise<ProbedVideo> {
  const { video, frames, asksForRate } = await told(path);
  if (!asksForRate) return video;
  const { rate: taken, because } = await untoldRate(path, frames);
  return {
    ...video,
    averageFrameRate: taken,
    duration: frames / taken,
    inputFormat: [...video.inputFormat, '-framerate', String(taken)],
    assumptions: [because],
  };
}

/**
 * Whether somebody else must say how many frames the recording has a second. Throws as `probeVideo`
 * does, but not for want of the rate.
 */
export async function asksForRate(path: string): Promise<boolean> {
  return (await told(path)).asksForRate;
}

async function told(path: string): Promise<Telling> {
  const version = await fileVersion(path);
  let answer = recent.get(version);
  recent.delete(version);
  answer ??= probe(path);
  recent.set(version, answer);
  if (recent.size > RECENT) recent.delete(recent.keys().next().value!);
  // What is wrong with a file stays so until it changes; every viewer would have it looked into
  // anew.
  answer.catch((error: unknown) => isOfTheFile(error) || recent.delete(version));
  return answer;
}
