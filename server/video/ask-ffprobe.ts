import { resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import { lanes } from '../resources/limits.ts';
import { runProgram } from '../resources/run-program.ts';
import type { VideoInfo } from './frame-source.ts';
import type { TimeBase } from './nut-demuxer.ts';
import { PIXEL_LIMIT, refusedSize, tooLarge } from './picture-size.ts';
import { PROBE_ENVIRONMENT } from './tools.ts';

/** A stream as ffprobe describes it. */
export interface ProbeStream {
  index?: number;
  codec_type?: string;
  codec_name?: string;
  width?: number;
  height?: number;
  pix_fmt?: string;
  color_space?: string;
  has_b_frames?: number;
  avg_frame_rate?: string;
  r_frame_rate?: string;
  time_base?: string;
  start_time?: string;
  duration?: string;
  nb_read_packets?: string;
  disposition?: Record<string, number>;
  side_data_list?: { rotation?: number }[];
}

export interface ProbeAnswer {
  streams?: ProbeStream[];
  packets?: { stream_index?: number; pts?: number; dts?: number }[];
  /** A picture that was too large to be looked into. */
  refused?: Size | null;
  format?: { format_name?: string; start_time?: string; duration?: string };
}

/** What ffprobe looks into: a local file, or bytes that are handed to it. */
export interface ProbeInput {
  /** For messages. */
  readonly name: string;
  readonly bytes?: readonly Uint8Array[];
}

/** Opens nothing but the named file, whatever a playlist or a reference inside it says. */
export const LOCAL_ONLY = ['-protocol_whitelist', 'file'] as const;
/** Opens nothing but what is handed over. */
export const PIPE_ONLY = ['-protocol_whitelist', 'pipe'] as const;

const LONGEST_ANSWER = 8 << 20;
/** ms */
const LONGEST_LOOK = 30_000;

/** A local path as ffmpeg takes it, whatever characters it holds. */
export function fileUrl(path: string): string {
  return `file:${resolve(path)}`;
}

/** Throws VIDEO_UNREADABLE, VIDEO_TOO_LARGE. */
export async function askFfprobe(
  ffprobe: string,
  { name, bytes }: ProbeInput,
  questions: readonly string[],
): Promise<ProbeAnswer> {
  const options = [
    '-v',
    'error',
    ...(bytes ? PIPE_ONLY : LOCAL_ONLY),
    ...PIXEL_LIMIT,
    ...questions,
    '-show_streams',
    '-show_format',
    '-of',
    'json',
    bytes ? 'pipe:0' : fileUrl(name),
  ];
  const look = () =>
    runProgram(ffprobe, options, {
      ...(bytes ? { input: bytes } : {}),
      longest: LONGEST_ANSWER,
      patience: LONGEST_LOOK,
      env: PROBE_ENVIRONMENT,
      inBackground: true,
    }).catch((cause: unknown) => {
      throw unreadable(name, cause);
    });
  const { code, stdout, stderr } = await lanes.probes.run(look);
  const refused = refusedSize(stderr);
  if (code !== 0)
    throw refused
      ? tooLarge(name, refused)
      : unreadable(name, Object.assign(new Error(stderr.trim()), { code }));
  try {
    return { ...(JSON.parse(stdout) as ProbeAnswer), refused };
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

export function unreadable(name: string, cause?: unknown): RoadgazeError {
  return new RoadgazeError(
    'VIDEO_UNREADABLE',
    `${name} cannot be read as video.`,
    'Check that it is a complete video file; `ffprobe` on it tells more.',
    { cause },
  );
}

export function fraction(text: string | undefined): TimeBase {
  const [num = 0, den = 0] = (text ?? '').split('/').map(Number);
  return { num, den };
}

/**
 * ffprobe tells the turn counter-clockwise. Turns that are no multiple of 90° leave the size alone.
 */
export function clockwise(stream: ProbeStream): VideoInfo['rotation'] {
  const turn = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  const rotation = (((-turn % 360) + 360) % 360) as VideoInfo['rotation'];
  return rotation === 90 || rotation === 180 || rotation === 270 ? rotation : 0;
}
