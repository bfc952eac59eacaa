import { access, constants, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { cropInFrame, type Crop, type Rectangle, type Size } from '../../shared/geometry.ts';
import { notWritable } from '../files/not-writable.ts';
import type { ImageFormat, VideoInfo } from './frame-source.ts';
import { lastDuration, movieTicks } from './movie-ticks.ts';
import type { TimeBase } from './nut-demuxer.ts';
import { nutFrameHead, nutHead } from './nut-muxer.ts';
import { encoderLimits } from './picture-size.ts';
import { LINE_HEIGHT, writeLine } from './small-print.ts';
import { findTools } from './tools.ts';
import { NUT_INPUT, Transcoding } from './transcoding.ts';

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
  const timeBase = movieTicks(video);
  const source = Readable.from(overlayStream(frames, layout, timeBase), {
    objectMode: false,
  });
  const partial = `${resolve(output)}.partial`;
  let encoder: Transcoding | null = null;
  try {
    encoder = await Transcoding.start({
      name: output,
      signal,
      input: { url: source, options: NUT_INPUT },
      output: {
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
    });
    await encoder.finished();
    await rename(partial, output).catch((cause: unknown) => {
      throw notWritable(`${output} cannot be written`, cause);
    });
  } finally {
    encoder?.close();
    source.destroy();
    await rm(partial, { force: true });
  }
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
