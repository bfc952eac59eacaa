import { Readable } from 'node:stream';
import { fileUrl, LOCAL_ONLY } from './ask-ffprobe.ts';
import type { EncodedPictures } from './encoded-pictures.ts';
import type { FfmpegFile } from './ffmpeg-process.ts';
import { readFrameIndex } from './frame-index.ts';
import type { VideoInfo } from './frame-source.ts';
import { lastDuration, movieTicks } from './movie-ticks.ts';
import type { TimeBase } from './nut-demuxer.ts';
import { nutFrameHead, nutHead } from './nut-muxer.ts';
import { probeVideo } from './probe.ts';
import { SAME_TIME } from './timestamps.ts';
import { findTools } from './tools.ts';
import { NUT_INPUT, Transcoding } from './transcoding.ts';

export interface RemuxRequest {
  /** Of the MP4; nothing lies there yet. */
  readonly path: string;
  readonly video: VideoInfo;
  /** Times that its frames must have, or all of them moved by as much. */
  readonly pts: Float64Array;
  readonly signal?: AbortSignal | undefined;
}

/** What an MP4 holds that browsers and others play. */
const IN_MP4 = new Set(['h264', 'hevc', 'av1', 'vp9', 'mpeg4']);

/**
 * Puts the pictures of a video file into an MP4 without encoding them anew. Gives the seconds by
 * which all are moved; null where the MP4 would not have the frames at their times. Throws FFMPEG_*,
 * OUTPUT_NOT_WRITABLE, or the signal's reason.
 */
export async function remuxFile(file: string, request: RemuxRequest): Promise<number | null> {
  if (!IN_MP4.has(request.video.codec)) return null;
  const { inputFormat } = await probeVideo(file);
  return remux(request, {
    url: fileUrl(file),
    options: [
      '-hide_banner',
      '-nostdin',
      '-loglevel',
      'repeat+level+warning',
      '-copyts',
      ...LOCAL_ONLY,
      ...inputFormat,
    ],
  });
}

/** The same for H.264 and H.265 that lie elsewhere. */
export async function remuxPackets(
  { codec, packets }: EncodedPictures,
  request: RemuxRequest,
): Promise<number | null> {
  if (codec !== 'h264' && codec !== 'hevc') return null;
  const timeBase = { num: 1, den: 1_000_000 };
  const { video, signal } = request;
  const offset = Math.max(0, -(request.pts[0] ?? 0));
  async function* written(): AsyncGenerator<Uint8Array> {
    const fourcc = codec === 'h264' ? 'H264' : 'HEVC';
    yield nutHead([{ fourcc, width: video.width, height: video.height }], timeBase);
    for await (const { pts, bytes } of packets(signal)) {
      yield nutFrameHead(0, Math.round((pts + offset) * timeBase.den), bytes.length);
      yield bytes;
    }
  }
  return remux(
    request,
    { url: Readable.from(written(), { objectMode: false }), options: NUT_INPUT },
    timeBase,
  );
}

async function remux(
  { path, video, pts, signal }: RemuxRequest,
  input: FfmpegFile<string | Readable>,
  own: TimeBase | null = null,
): Promise<number | null> {
  const tools = await findTools();
  const timeBase = own ?? movieTicks(video);
  const run = await Transcoding.start({
    name: path,
    signal,
    input,
    output: {
      url: `file:${path}`,
      options: [
        '-map',
        '0:V:0',
        '-c',
        'copy',
        ...(video.codec === 'hevc' ? ['-tag:v', 'hvc1'] : []),
        '-video_track_timescale',
        String(Math.round(timeBase.den / timeBase.num)),
        ...tools.movieTimeScale(timeBase.den),
        ...(own ? lastDuration(tools, video, own) : []),
        '-movflags',
        '+faststart',
        '-f',
        'mp4',
      ],
    },
  });
  try {
    await run.finished();
  } finally {
    run.close();
  }
  const written = (await readFrameIndex(path)).pts;
  if (written.length !== pts.length) return null;
  const shift = (written[0] ?? 0) - (pts[0] ?? 0);
  return written.every((time, i) => Math.abs(time - shift - pts[i]!) < SAME_TIME) ? shift : null;
}
