import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { lanes } from '../resources/limits.ts';
import type { TimeBase } from './nut-demuxer.ts';
import type { VideoInfo } from './frame-source.ts';
import { isShortMpegts } from './short-mpegts.ts';
import { findTools, PROBE_ENVIRONMENT } from './tools.ts';

/** What seeking and export need beyond what everybody sees. Times in seconds. */
export interface ProbedVideo extends VideoInfo {
  /** Earliest time of all streams of the file: ffmpeg's `-ss` counts from it. */
  readonly containerStart: number;
  readonly timeBase: TimeBase;
  /** The first packet of the stream carries no time at all, though the container has times. */
  readonly untimedStart: boolean;
  /** What precedes `-i` where ffmpeg would not recognise the file. */
  readonly inputFormat: readonly string[];
}

interface ProbeStream {
  index?: number;
  codec_type?: string;
  codec_name?: string;
  width?: number;
  height?: number;
  pix_fmt?: string;
  color_space?: string;
  avg_frame_rate?: string;
  r_frame_rate?: string;
  time_base?: string;
  start_time?: string;
  duration?: string;
  disposition?: Record<string, number>;
  side_data_list?: { rotation?: number }[];
}

interface ProbeAnswer {
  streams?: ProbeStream[];
  packets?: { stream_index?: number; pts?: number; dts?: number }[];
  format?: { format_name?: string; start_time?: string; duration?: string };
}

/** Opens nothing but the named file, whatever a playlist or a reference inside it says. */
export const LOCAL_ONLY = ['-protocol_whitelist', 'file'] as const;

/** Raw streams carry no timestamps: only counting from the beginning finds a frame. */
const WITHOUT_TIMESTAMPS = new Set(['h264', 'hevc', 'vvc', 'm4v', 'mpegvideo', 'obu', 'cavsvideo', 'vc1', 'dirac', 'mjpeg']);

export function hasNoTimestamps(container: string): boolean {
  return container.split(',').some((name) => WITHOUT_TIMESTAMPS.has(name));
}

/** These only point elsewhere, or draw text as if it were a picture. */
const NOT_VIDEO = new Set(['hls', 'dash', 'concat', 'imf', 'sdp', 'rtp', 'rtsp', 'tty', 'lavfi', 'vapoursynth', 'avisynth']);
const LONGEST_ANSWER = 8 << 20;
/** ms */
const LONGEST_LOOK = 30_000;
const FIRST_PACKETS = 12;

/** A local path as ffmpeg takes it, whatever characters it holds. */
export function fileUrl(path: string): string {
  return `file:${resolve(path)}`;
}

function fraction(text: string | undefined): TimeBase {
  const [num = 0, den = 0] = (text ?? '').split('/').map(Number);
  return { num, den };
}

function rate(stream: ProbeStream): number {
  for (const { num, den } of [fraction(stream.avg_frame_rate), fraction(stream.r_frame_rate)]) if (num > 0 && den > 0) return num / den;
  return 0;
}

function seconds(...texts: (string | undefined)[]): number {
  return texts.map(Number.parseFloat as (text: string | undefined) => number).find(Number.isFinite) ?? 0;
}

/** ffprobe tells the turn counter-clockwise. Turns that are no multiple of 90° leave the size alone. */
function clockwise(stream: ProbeStream): VideoInfo['rotation'] {
  const turn = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  const rotation = (((-turn % 360) + 360) % 360) as VideoInfo['rotation'];
  return rotation === 90 || rotation === 180 || rotation === 270 ? rotation : 0;
}

function isPicture({ codec_type, disposition }: ProbeStream): boolean {
  return codec_type === 'video' && !disposition?.['attached_pic'] && !disposition?.['timed_thumbnails'];
}

function unreadable(path: string, cause?: unknown): RoadgazeError {
  return new RoadgazeError('VIDEO_UNREADABLE', `${path} cannot be read as video.`, 'Check that it is a complete video file; `ffprobe` on it tells more.', { cause });
}

/** Another one as soon as the file is written to or replaced. Throws INPUT_NOT_FOUND, INPUT_EMPTY. */
export async function fileVersion(path: string): Promise<string> {
  let file;
  try {
    file = await stat(path);
  } catch (cause) {
    throw new RoadgazeError('INPUT_NOT_FOUND', `${path} cannot be opened.`, 'Check the name, and that you may read it.', { cause });
  }
  if (!file.isFile()) throw new RoadgazeError('INPUT_NOT_FOUND', `${path} is not a file.`, 'Name a video file.');
  if (file.size === 0) throw new RoadgazeError('INPUT_EMPTY', `${path} is empty.`, 'Copy or record it again.');
  return `${resolve(path)}\0${file.size}\0${file.mtimeMs}\0${file.ino}`;
}

function ask(ffprobe: string, path: string, inputFormat: readonly string[]): Promise<ProbeAnswer> {
  const options = ['-v', 'error', ...LOCAL_ONLY, ...inputFormat, '-show_streams', '-show_format', '-show_packets', '-read_intervals', `%+#${FIRST_PACKETS}`, '-of', 'json', fileUrl(path)];
  return lanes.probes.run(() => new Promise((answer, fail) => {
    execFile(ffprobe, options, { maxBuffer: LONGEST_ANSWER, env: PROBE_ENVIRONMENT, timeout: LONGEST_LOOK, killSignal: 'SIGKILL' }, (error, stdout) => {
      if (error) return fail(unreadable(path, error));
      try {
        answer(JSON.parse(stdout) as ProbeAnswer);
      } catch (cause) {
        fail(unreadable(path, cause));
      }
    });
  }));
}

/** Whether the file is to blame, and nothing that may be otherwise in a moment. */
function isOfTheFile(error: unknown): boolean {
  if (!(error instanceof RoadgazeError) || !error.code.startsWith('VIDEO_')) return false;
  const { cause } = error as { cause?: { readonly code?: unknown } };
  // ffprobe's exit status.
  return cause === undefined || typeof cause.code === 'number';
}

async function probe(path: string): Promise<ProbedVideo> {
  const { ffprobe } = await findTools();
  const inputFormat = (await isShortMpegts(path)) ? ['-f', 'mpegts'] : [];
  const { streams = [], format = {}, packets = [] } = await ask(ffprobe, path, inputFormat);
  const container = format.format_name ?? '';
  if (streams.length === 0 || container.split(',').some((name) => NOT_VIDEO.has(name))) throw unreadable(path);
  const stream = streams.find(isPicture);
  if (!stream) throw new RoadgazeError('VIDEO_NO_PICTURE', `${path} has no video stream.`, 'Name a file with moving pictures.');
  const { width = 0, height = 0 } = stream;
  if (!(width > 0 && height > 0)) throw unreadable(path);
  const rotation = clockwise(stream);
  const first = packets.find(({ stream_index }) => stream_index === stream.index);
  const turned = rotation === 90 || rotation === 270;
  return {
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
    untimedStart: first !== undefined && first.pts === undefined && first.dts === undefined && !hasNoTimestamps(container),
    inputFormat,
  };
}

const recent = new Map<string, Promise<ProbedVideo>>();
/** Every viewer who comes is told of every recording of the folder. An answer takes less than a kilobyte. */
const RECENT = 4096;

/**
 * What the file says about its first video stream that is not cover art. Rates and durations that the file does not tell
 * are 0. The last answers are kept as long as their files do not change.
 * Throws INPUT_NOT_FOUND, INPUT_EMPTY, VIDEO_UNREADABLE, VIDEO_NO_PICTURE, FFMPEG_MISSING.
 */
export async function probeVideo(path: string): Promise<ProbedVideo> {
  const version = await fileVersion(path);
  let answer = recent.get(version);
  recent.delete(version);
  answer ??= probe(path);
  recent.set(version, answer);
  if (recent.size > RECENT) recent.delete(recent.keys().next().value!);
  // What is wrong with a file stays so until it changes; every viewer would have it looked into anew.
  answer.catch((error: unknown) => isOfTheFile(error) || recent.delete(version));
  return answer;
}
