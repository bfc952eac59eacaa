import { Readable } from 'node:stream';
import type { EncodedPicture } from './encoded-pictures.ts';
import type { ImageFormat, VideoInfo } from './frame-source.ts';
import { lastDuration, movieTicks } from './movie-ticks.ts';
import { NutDemuxer, type TimeBase } from './nut-demuxer.ts';
import { nutFrameHead, nutHead } from './nut-muxer.ts';
import { encoderLimits } from './picture-size.ts';
import { findTools, type VideoTools } from './tools.ts';
import { NUT_INPUT, Transcoding } from './transcoding.ts';

export interface RawFrame {
  /** Seconds. */
  readonly pts: number;
  /** In the format of the request. */
  readonly picture: Uint8Array;
}

export interface EncodeRequest {
  /** What is written, for messages. */
  readonly name: string;
  /** Of the frames. */
  readonly video: VideoInfo;
  readonly format: Pick<ImageFormat, 'width' | 'height' | 'pixelFormat'>;
  /** In the order of their times. */
  readonly frames: AsyncIterable<RawFrame>;
  /** x264's measure of quality: 0 loses nothing, 51 is the worst. */
  readonly crf: number;
  readonly signal?: AbortSignal | undefined;
}

const FOURCC = { yuv420p: 'I420', yuv444p: '444P', gray: 'Y800', rgb24: 'RGB\u0018' } as const;
/** Seconds from one keyframe to the next, and frames at most. */
const KEYFRAME_SECONDS = 1;
const MOST_BETWEEN_KEYFRAMES = 250;
const MICROSECONDS: TimeBase = { num: 1, den: 1_000_000 };
/** Matrices that a stream can be marked with; others are decoded as BT.601 all the same. */
const MATRICES = new Set(['bt709', 'smpte170m', 'bt470bg', 'bt2020nc', 'bt2020c']);

/**
 * Frames as H.264 without B-frames, one packet each, with parameter sets on every keyframe: as
 * players of messages want it. Throws FFMPEG_*, and what `frames` throws.
 */
export async function* encodePackets(
  request: EncodeRequest,
): AsyncGenerator<EncodedPicture, void, undefined> {
  const tools = await findTools();
  const waiting: number[] = [];
  let first: number | null = null;
  const source = nutOf(request, {
    timeBase: MICROSECONDS,
    ticksOf(pts) {
      waiting.push(pts);
      first ??= pts;
      return Math.round((pts - first) * MICROSECONDS.den);
    },
  });
  const run = await Transcoding.start({
    ...request,
    input: { url: source, options: NUT_INPUT },
    output: {
      url: 'pipe:1',
      options: [
        ...encoderOf(request, tools),
        '-bf',
        '0',
        '-bsf:v',
        'dump_extra=freq=keyframe',
        '-f',
        'nut',
      ],
    },
  });
  try {
    const demuxer = new NutDemuxer();
    for await (const chunk of run.output)
      for (const { payload } of demuxer.push(chunk as Uint8Array)) {
        const pts = waiting.shift();
        if (pts === undefined) throw new Error('the encoder gave more packets than it got frames');
        yield { pts, bytes: payload };
      }
    await run.finished();
    if (waiting.length > 0) throw new Error(`the encoder kept ${waiting.length} frames`);
  } finally {
    run.close();
  }
}

/**
 * Frames as H.264 in an MP4, the earliest at `first` (s). MP4 has no times before zero: gives the
 * seconds by which all are moved. Throws FFMPEG_*, OUTPUT_NOT_WRITABLE, and what `frames` throws.
 */
export async function encodeMovie(
  request: EncodeRequest,
  path: string,
  { first, timeBase }: { readonly first: number; readonly timeBase: TimeBase },
): Promise<number> {
  const tools = await findTools();
  const { num, den } = timeBase;
  const ticksAt = (pts: number): number => Math.round((pts * den) / num);
  const offset = Math.max(0, -ticksAt(first));
  const source = nutOf(request, { timeBase, ticksOf: (pts) => ticksAt(pts) + offset });
  const run = await Transcoding.start({
    ...request,
    input: { url: source, options: NUT_INPUT },
    output: {
      url: `file:${path}`,
      options: [
        ...encoderOf(request, tools),
        ...tools.movieTimeScale(den),
        ...lastDuration(tools, request.video, timeBase),
        '-movflags',
        '+faststart',
        '-f',
        'mp4',
      ],
    },
  });
  try {
    await run.finished();
    return (offset * num) / den;
  } finally {
    run.close();
  }
}

/** The ticks of an MP4 in which these times are exact: those of their video, else microseconds. */
export function exactTicks(video: VideoInfo, pts: Float64Array): TimeBase {
  const own = movieTicks(video);
  const isExact = (time: number): boolean => {
    const ticks = (time * own.den) / own.num;
    return Math.abs(ticks - Math.round(ticks)) < 1e-3;
  };
  return pts.every(isExact) ? own : MICROSECONDS;
}

function encoderOf(
  { video, format, crf }: EncodeRequest,
  tools: VideoTools,
): [string, string, ...string[]] {
  const matrix = MATRICES.has(video.colorSpace) ? video.colorSpace : 'smpte170m';
  const rate = Math.round(video.averageFrameRate * KEYFRAME_SECONDS);
  return [
    '-an',
    '-vf',
    `setparams=range=tv:colorspace=${matrix}`,
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    String(crf),
    '-g',
    String(Math.min(MOST_BETWEEN_KEYFRAMES, Math.max(1, rate))),
    ...encoderLimits(format),
    ...tools.passthrough,
    ...tools.fileTimeBase,
  ];
}

interface NutClock {
  readonly timeBase: TimeBase;
  readonly ticksOf: (pts: number) => number;
}

function nutOf({ frames, format }: EncodeRequest, { timeBase, ticksOf }: NutClock): Readable {
  const { width, height, pixelFormat } = format;
  async function* written(): AsyncGenerator<Uint8Array> {
    yield nutHead([{ fourcc: FOURCC[pixelFormat], width, height }], timeBase);
    for await (const { pts, picture } of frames) {
      yield nutFrameHead(0, ticksOf(pts), picture.length);
      yield picture;
    }
  }
  return Readable.from(written(), { objectMode: false });
}
