import { access, constants, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { RoadgazeError } from '../../shared/errors.ts';
import { cropInFrame, type Crop, type Rectangle, type Size } from '../../shared/geometry.ts';
import { notWritable, notWritableBy } from '../files/not-writable.ts';
import type { ImageFormat, VideoInfo } from './frame-source.ts';
import { startFfmpeg } from './ffmpeg-process.ts';
import type { TimeBase } from './nut-demuxer.ts';
import { nutFrameHead, nutHead } from './nut-muxer.ts';
import { encoderLimits } from './picture-size.ts';
import { LINE_HEIGHT, writeLine } from './small-print.ts';
import { findTools, type VideoTools } from './tools.ts';
import { WarningList } from './warnings.ts';

export interface OverlayFrame {
  /** Presentation timestamp in seconds. */
  readonly pts: number;
  /** As `overlayPicture` asks the decoder for it. */
  readonly picture: Uint8Array;
  /** uint8, row-major, of `maskSize`. */
  readonly mask: Uint8Array;
  /** One line, shown over the frame. */
  readonly text?: string;
}

export interface OverlayRequest {
  /** Of the frames. */
  readonly video: VideoInfo;
  /** MP4. Appears under this name when it is complete. */
  readonly output: string;
  /** In presentation order. */
  readonly frames: AsyncIterable<OverlayFrame>;
  readonly maskSize: Size;
  /** Where the mask lies in the frame; null: over the whole of it. */
  readonly crop: Crop | null;
  /** 256 × R,G,B,A: what a mask value looks like; A is opacity. */
  readonly colormap: Uint8Array;
  readonly signal?: AbortSignal;
}

/** Frame widths (pixels) for which the small print is enlarged once more. */
const WIDTH_PER_SCALE = 640;
/** Streams of the NUT that ffmpeg reads. */
const PICTURE = 0;
const MASK = 1;

/** What the decoder must deliver of each frame: all of it, at an even size, as H.264 wants it. */
export function overlayPicture({ width, height }: Size): ImageFormat {
  const even = {
    width: Math.max(2, width - (width % 2)),
    height: Math.max(2, height - (height % 2)),
  };
  return {
    crop: { x: 0, y: 0, ...even, of: [width, height] },
    ...even,
    pixelFormat: 'yuv420p',
    resize: 'bilinear',
  };
}

/**
 * Writes an H.264 MP4 (yuv420p, without sound) that shows the masks over the frames, at the frames'
 * own timestamps. Times before zero, which MP4 does not have, move the whole clip to zero. Throws
 * OUTPUT_NOT_WRITABLE, FFMPEG_*, and whatever `frames` throws.
 */
export async function exportOverlay(request: OverlayRequest): Promise<void> {
  const { video, output, frames, signal } = request;
  await assertWritable(output);
  signal?.throwIfAborted();
  const tools = await findTools();
  const layout = layOut(request);
  const timeBase = ticksOf(video);
  const warnings = new WarningList();
  const failed = new AbortController();
  const source = Readable.from(overlayStream(frames, layout, timeBase), {
    objectMode: false,
  });
  source.on('error', (error) => failed.abort(error));
  const partial = `${resolve(output)}.partial`;
  const encoder = await startFfmpeg(
    [
      {
        url: source,
        options: [
          '-hide_banner',
          '-nostdin',
          '-y',
          '-loglevel',
          'repeat+level+warning',
          '-copyts',
          '-probesize',
          '32',
          '-analyzeduration',
          '0',
          '-f',
          'nut',
        ],
      },
    ],
    [
      {
        url: `file:${partial}`,
        options: [
          '-filter_complex',
          overlayGraph(request, layout),
          '-map',
          '[out]',
          '-an',
          '-c:v',
          'libx264',
          '-preset',
          'veryfast',
          '-crf',
          '20',
          ...encoderLimits(video),
          ...tools.passthrough,
          ...tools.fileTimeBase,
          ...tools.movieTimeScale(timeBase.den),
          ...lastDuration(tools, video, timeBase),
          '-movflags',
          '+faststart',
          '-f',
          'mp4',
        ],
      },
    ],
    (line) => warnings.add(line),
  );
  const stop = (): void => encoder.kill();
  signal?.addEventListener('abort', stop, { once: true });
  failed.signal.addEventListener('abort', stop, { once: true });
  try {
    const end = await encoder.ended;
    signal?.throwIfAborted();
    failed.signal.throwIfAborted();
    if (end.interrupted)
      throw new RoadgazeError(
        'FFMPEG_FAILED',
        `ffmpeg was stopped while it wrote ${output}: ${end.reason}.`,
        'Check that enough memory is free, and try again.',
      );
    if (!end.success)
      throw (
        notWritableBy(warnings.entries, `${output} cannot be written`) ??
        new RoadgazeError(
          'FFMPEG_FAILED',
          `ffmpeg could not write ${output}: ${warnings.lastError || end.reason}.`,
          'Free some space, or choose another place.',
        )
      );
    await rename(partial, output).catch((cause: unknown) => {
      throw notWritable(`${output} cannot be written`, cause);
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    source.destroy();
    await rm(partial, { force: true });
  }
}

/** MP4 counts the ticks from one frame to the next in 32 bits: finer ones leave no room for gaps. */
const FINEST = { num: 1, den: 1_000_000 };

function ticksOf({ timeBase }: VideoInfo): TimeBase {
  return timeBase.den / timeBase.num > FINEST.den ? FINEST : timeBase;
}

/** Raw pictures have none, and the last one would be gone at once. */
function lastDuration(
  tools: VideoTools,
  { averageFrameRate }: VideoInfo,
  { num, den }: TimeBase,
): readonly string[] {
  return averageFrameRate > 0
    ? tools.packetDuration(Math.max(1, Math.round(den / num / averageFrameRate)))
    : [];
}

async function assertWritable(output: string): Promise<void> {
  const folder = dirname(resolve(output));
  await access(folder, constants.W_OK).catch((cause: unknown) => {
    throw notWritable(`Nothing can be written to ${folder}`, cause);
  });
}

/**
 * Picture and mask travel to ffmpeg as two streams. The mask's is grey: the mask, and below it the
 * line of text.
 */
interface Layout {
  readonly picture: Size;
  readonly mask: Size;
  readonly size: Size;
  readonly text: Size;
  readonly textScale: number;
}

function layOut({ maskSize, video }: OverlayRequest): Layout {
  const textScale = Math.max(1, Math.round(video.width / WIDTH_PER_SCALE));
  const text = { width: Math.ceil(video.width / textScale), height: LINE_HEIGHT };
  return {
    picture: overlayPicture(video),
    mask: maskSize,
    text,
    textScale,
    size: { width: Math.max(maskSize.width, text.width), height: maskSize.height + text.height },
  };
}

async function* overlayStream(
  frames: AsyncIterable<OverlayFrame>,
  { picture: pictureSize, mask: { width, height }, size }: Layout,
  timeBase: TimeBase,
): AsyncGenerator<Uint8Array> {
  yield nutHead(
    [
      { fourcc: 'I420', width: pictureSize.width, height: pictureSize.height },
      { fourcc: 'Y800', ...size },
    ],
    timeBase,
  );
  let offset: number | null = null;
  for await (const { pts, picture, mask, text } of frames) {
    if (mask.length !== width * height)
      throw new Error(`a mask of ${mask.length} bytes is not ${width}×${height}`);
    const ticks = Math.round((pts * timeBase.den) / timeBase.num);
    offset ??= Math.max(0, -ticks);
    yield nutFrameHead(PICTURE, ticks + offset, picture.length);
    yield picture;
    const grey = Buffer.alloc(size.width * size.height);
    if (size.width === width) grey.set(mask);
    else
      for (let row = 0; row < height; row++)
        grey.set(mask.subarray(row * width, (row + 1) * width), row * size.width);
    if (text) writeLine(grey, size, height, text);
    yield nutFrameHead(MASK, ticks + offset, grey.length);
    yield grey;
  }
}

/** A lookup table as a filter expression: eight comparisons whatever the value. */
function lookup(table: (value: number) => number, first = 0, last = 255): string {
  const values = new Set(Array.from({ length: last - first + 1 }, (_, i) => table(first + i)));
  if (values.size === 1) return String(table(first));
  const middle = (first + last + 1) >> 1;
  return `if(lt(val,${middle}),${lookup(table, first, middle - 1)},${lookup(table, middle, last)})`;
}

function overlayGraph(
  { crop, colormap, video }: OverlayRequest,
  { mask, text, textScale }: Layout,
): string {
  const place: Rectangle = cropInFrame(crop, video);
  const matrix = ['bt709', 'smpte170m', 'bt470bg', 'smpte240m', 'fcc'].includes(video.colorSpace)
    ? video.colorSpace
    : 'bt601';
  const channels = [...'rgba']
    .map((name, channel) => `${name}='${lookup((value) => colormap[value * 4 + channel]!)}'`)
    .join(':');
  // Grey becomes four equal planes; the tables then give each its meaning.
  const planes = 'format=gbrap,shuffleplanes=0:0:0:0';
  const blend = `scale=out_color_matrix=${matrix}:out_range=tv,format=yuva420p`;
  return [
    `[0:v:${PICTURE}]setparams=range=tv:colorspace=${matrix === 'bt601' ? 'smpte170m' : matrix}[frame]`,
    `[0:v:${MASK}]split[both1][both2]`,
    `[both1]crop=${mask.width}:${mask.height}:0:0:exact=1,scale=${place.width}:${place.height}:flags=bilinear,${planes},lutrgb=${channels},${blend}[mask]`,
    `[both2]crop=${text.width}:${text.height}:0:${mask.height}:exact=1,scale=iw*${textScale}:ih*${textScale}:flags=neighbor,${planes},lutrgb=a='if(lt(val,128),150,255)',${blend}[text]`,
    `[frame][mask]overlay=x=${place.x}:y=${place.y}:eof_action=pass[seen]`,
    `[seen][text]overlay=x=0:y=0:eof_action=pass,format=yuv420p[out]`,
  ].join(';');
}
