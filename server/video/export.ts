import { access, constants, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import {
  cropInFrame,
  type Crop,
  type Fit,
  type Rectangle,
  type Size,
} from '../../shared/geometry.ts';
import { notWritable } from '../files/not-writable.ts';
import { fitExpressions, fitNumber } from './fit.ts';
import type { ImageFormat, VideoInfo } from './frame-source.ts';
import { lastDuration, movieTicks } from './movie-ticks.ts';
import type { TimeBase } from './nut-demuxer.ts';
import { nutFrameHead, nutHead, nutResizedFrameHead } from './nut-muxer.ts';
import { encoderQuality, isLarge } from './picture-size.ts';
import { LINE_HEIGHT, writeLine } from './small-print.ts';
import { findTools } from './tools.ts';
import { NUT_INPUT, Transcoding } from './transcoding.ts';

export interface OverlayFrame {
  /** Presentation timestamp in seconds. */
  readonly pts: number;
  /** As `overlayPicture` asks the decoder for it. */
  readonly picture: Uint8Array;
  /** What of the picture the frame fills; the mask lies on that. */
  readonly fit: Fit;
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
/** The colours of masks on large pictures are made for every so many pixels: they take the most. */
const COARSE = 4;

/** What the decoder must deliver of each frame: all of it, at an even size, as H.264 wants it. */
export function evenPicture({ width, height }: Size): ImageFormat {
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

/** `evenPicture` of frames that a person looks at. */
export function overlayPicture(size: Size): ImageFormat {
  return { ...evenPicture(size), keepsShape: true };
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
          ...encoderQuality(video),
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
 * Picture, mask and text travel to ffmpeg as one picture, below each other. Two rows more for each
 * step of the frame's `fitNumber` tell where the mask lies: ffmpeg makes its filters anew where the
 * size of pictures changes, and computes with their height.
 */
interface Layout {
  readonly picture: Size;
  readonly mask: Size;
  readonly text: Size;
  readonly textScale: number;
  /** Where the frame fills the picture. */
  readonly size: Size;
}

function layOut({ maskSize: mask, video }: OverlayRequest): Layout {
  const picture = overlayPicture(video);
  const textScale = Math.max(1, Math.round(video.width / WIDTH_PER_SCALE));
  const text = { width: Math.floor(picture.width / textScale), height: LINE_HEIGHT };
  return {
    picture,
    mask,
    text,
    textScale,
    size: {
      width: Math.max(picture.width, even(mask.width)),
      height: picture.height + even(mask.height + text.height),
    },
  };
}

const even = (value: number) => value + (value % 2);

async function* overlayStream(
  frames: AsyncIterable<OverlayFrame>,
  layout: Layout,
  timeBase: TimeBase,
): AsyncGenerator<Uint8Array> {
  const { mask: maskSize, size } = layout;
  yield nutHead([{ fourcc: 'I420', ...size }], timeBase, { resizes: true });
  let offset: number | null = null;
  let before = size.height;
  for await (const { pts, picture, fit, mask, text = '' } of frames) {
    if (mask.length !== maskSize.width * maskSize.height)
      throw new Error(`a mask of ${mask.length} bytes is not ${maskSize.width}×${maskSize.height}`);
    const ticks = Math.round((pts * timeBase.den) / timeBase.num);
    offset ??= Math.max(0, -ticks);
    const height = size.height + 2 * fitNumber(fit);
    const bytes = 1.5 * size.width * height;
    yield height === before
      ? nutFrameHead(0, ticks + offset, bytes)
      : nutResizedFrameHead(ticks + offset, bytes, { width: size.width, height });
    before = height;
    yield* planes(picture, below(mask, text, layout), layout, height);
  }
}

/** The rows of luma below a picture that are told apart. */
function below(
  mask: Uint8Array,
  text: string,
  { mask: maskSize, text: { height }, size: { width } }: Layout,
): Uint8Array {
  const rows = Buffer.alloc(width * (maskSize.height + height));
  inRows(mask, maskSize.width, rows, width);
  if (text) writeLine(rows, { width, height }, maskSize.height, text);
  return rows;
}

/** The planes of a picture of this height, with `rows` below the frame's luma. */
function* planes(
  picture: Uint8Array,
  rows: Uint8Array,
  { picture: { width, height }, size }: Layout,
  ofHeight: number,
): Generator<Uint8Array> {
  let at = 0;
  for (const [part, under] of [
    [1, rows],
    [2, null],
    [2, null],
  ] as const) {
    const length = (width / part) * (height / part);
    const plane = picture.subarray(at, at + length);
    at += length;
    const wide = size.width / part;
    yield size.width === width
      ? plane
      : inRows(plane, width / part, Buffer.alloc(wide * (height / part)), wide);
    if (under) yield under;
    yield Buffer.alloc(wide * ((ofHeight - height) / part) - (under?.length ?? 0));
  }
}

/** Copies rows into wider ones. */
function inRows(from: Uint8Array, width: number, to: Uint8Array, wide: number): Uint8Array {
  if (width === wide) to.set(from);
  else
    for (let row = 0; row * width < from.length; row++)
      to.set(from.subarray(row * width, (row + 1) * width), row * wide);
  return to;
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
  { picture, mask, text, textScale, size }: Layout,
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
  const grey = ({ width, height }: Size, y: number) =>
    `crop=${width}:${height}:0:${y}:exact=1,extractplanes=y`;
  const number = (height: string) => `(${height}-${size.height})/2`;
  // The mask's pixels have the fit as their shape, so that it is still known where they are scaled.
  const told = fitExpressions('(sar-1)');
  const step = isLarge(video) ? COARSE : 1;
  const scaled = (side: number, share: string) => `'max(1,round(${side / step}*${share}))'`;
  const enlarged = step > 1 ? `,scale=iw*${step}:ih*${step}:flags=bilinear` : '';
  const fit = fitExpressions(number('main_h'));
  const placed = (at: number, whole: number, share: string) =>
    `'round(${whole}*(1-${share})/2+${at}*${share})'`;
  return [
    `[0:v:0]split=3[written][masked][frame]`,
    `[written]${grey(text, picture.height + mask.height)},scale=iw*${textScale}:ih*${textScale}:flags=neighbor,${planes},lutrgb=a='if(lt(val,128),150,255)',${blend}[text]`,
    `[masked]setsar=r='1+${number('h')}':max=10000,${grey(mask, picture.height)},scale=w=${scaled(place.width, told.width)}:h=${scaled(place.height, told.height)}:flags=bilinear,setsar=1,${planes},lutrgb=${channels},${blend}${enlarged}[mask]`,
    `[frame]setparams=range=tv:colorspace=${matrix === 'bt601' ? 'smpte170m' : matrix}[plain]`,
    `[plain][mask]overlay=x=${placed(place.x, picture.width, fit.width)}:y=${placed(place.y, picture.height, fit.height)}:eval=init:eof_action=pass[seen]`,
    `[seen][text]overlay=x=0:y=0:eof_action=pass,crop=${picture.width}:${picture.height}:0:0,format=yuv420p[out]`,
  ].join(';');
}
