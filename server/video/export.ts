import { access, constants, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { RoadgazeError } from '../../shared/errors.ts';
import { cropInFrame, type Crop, type Rectangle, type Size } from '../../shared/geometry.ts';
import { notWritable, notWritableBy } from '../files/not-writable.ts';
import { startFfmpeg } from './ffmpeg-process.ts';
import { nutFrameHead, nutHead } from './nut-muxer.ts';
import { fileUrl, LOCAL_ONLY, probeVideo, type ProbedVideo } from './probe.ts';
import { LINE_HEIGHT, writeLine } from './small-print.ts';
import { findTools } from './tools.ts';
import { WarningList } from './warnings.ts';

export interface OverlayMask {
  /** Of the frame it belongs to, in seconds, as the decoder gave it. */
  readonly pts: number;
  /** uint8, row-major, of `maskSize`. */
  readonly mask: Uint8Array;
  /** One line, shown over the frame. */
  readonly text?: string;
}

export interface OverlayRequest {
  readonly input: string;
  /** MP4. Appears under this name when it is complete. */
  readonly output: string;
  /** One for every frame, in presentation order. */
  readonly masks: AsyncIterable<OverlayMask>;
  readonly maskSize: Size;
  /** Where the mask lies in the frame; null: over the whole of it. */
  readonly crop: Crop | null;
  /** 256 × R,G,B,A: what a mask value looks like; A is opacity. */
  readonly colormap: Uint8Array;
  readonly signal?: AbortSignal;
}

/** Frame widths (pixels) for which the small print is enlarged once more. */
const WIDTH_PER_SCALE = 640;
/** Earliest timestamp that filters and NUT are given, s: both start at zero. */
const EARLIEST = 1;

/**
 * Writes an H.264 MP4 (yuv420p, without sound) that shows the masks over the frames, at the frames' own timestamps. Masks are
 * joined to frames by timestamp. Times before zero, which MP4 does not have, move the whole clip to zero.
 * Throws what `decodeVideo` does, OUTPUT_NOT_WRITABLE, and whatever `masks` throws.
 */
export async function exportOverlay(request: OverlayRequest): Promise<void> {
  const { input, output, masks, signal } = request;
  const video = await probeVideo(input);
  await assertWritable(output);
  signal?.throwIfAborted();
  const tools = await findTools();
  const picture = layOut(request, video);
  const timing = { offset: Math.max(0, Math.ceil(((EARLIEST - video.containerStart) * video.timeBase.den) / video.timeBase.num)), ...video.timeBase };
  const warnings = new WarningList();
  const failed = new AbortController();
  const source = Readable.from(maskStream(masks, picture, timing), { objectMode: false });
  source.on('error', (error) => failed.abort(error));
  const partial = `${resolve(output)}.partial`;
  const encoder = await startFfmpeg(
    [
      { url: fileUrl(input), options: ['-hide_banner', '-nostdin', '-y', '-loglevel', 'repeat+level+warning', ...LOCAL_ONLY, ...video.inputFormat, '-copyts'] },
      { url: source, options: ['-probesize', '32', '-analyzeduration', '0', '-f', 'nut'] },
    ],
    [
      {
        url: `file:${partial}`,
        options: [
          '-filter_complex', overlayGraph(request, video, picture, timing.offset), '-map', '[out]', '-an', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20',
          ...tools.passthrough, ...tools.fileTimeBase, ...tools.movieTimeScale(video.timeBase.den), '-movflags', '+faststart', '-f', 'mp4',
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
    if (!end.success) throw notWritableBy(warnings.entries, `${output} cannot be written`) ?? new RoadgazeError('FFMPEG_FAILED', `ffmpeg could not write ${output}: ${warnings.lastError || end.reason}.`, 'Free some space, or choose another place.');
    await rename(partial, output).catch((cause: unknown) => { throw notWritable(`${output} cannot be written`, cause); });
  } finally {
    signal?.removeEventListener('abort', stop);
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

/** The grey picture that travels to ffmpeg for each frame: the mask, and below it the line of text. */
interface Layout {
  readonly mask: Size;
  readonly size: Size;
  readonly text: Size;
  readonly textScale: number;
}

function layOut({ maskSize }: OverlayRequest, video: ProbedVideo): Layout {
  const textScale = Math.max(1, Math.round(video.width / WIDTH_PER_SCALE));
  const text = { width: Math.ceil(video.width / textScale), height: LINE_HEIGHT };
  return { mask: maskSize, text, textScale, size: { width: Math.max(maskSize.width, text.width), height: maskSize.height + text.height } };
}

async function* maskStream(masks: AsyncIterable<OverlayMask>, { mask: { width, height }, size }: Layout, { offset, num, den }: { offset: number; num: number; den: number }): AsyncGenerator<Uint8Array> {
  yield nutHead(size, { num, den });
  for await (const { pts, mask, text } of masks) {
    if (mask.length !== width * height) throw new Error(`a mask of ${mask.length} bytes is not ${width}×${height}`);
    const picture = Buffer.alloc(size.width * size.height);
    if (size.width === width) picture.set(mask);
    else for (let row = 0; row < height; row++) picture.set(mask.subarray(row * width, (row + 1) * width), row * size.width);
    if (text) writeLine(picture, size, height, text);
    yield nutFrameHead(Math.round((pts * den) / num) + offset, picture.length);
    yield picture;
  }
}

/** A lookup table as a filter expression: eight comparisons whatever the value. */
function lookup(table: (value: number) => number, first = 0, last = 255): string {
  const values = new Set(Array.from({ length: last - first + 1 }, (_, i) => table(first + i)));
  if (values.size === 1) return String(table(first));
  const middle = (first + last + 1) >> 1;
  return `if(lt(val,${middle}),${lookup(table, first, middle - 1)},${lookup(table, middle, last)})`;
}

function overlayGraph({ crop, colormap }: OverlayRequest, video: ProbedVideo, { mask, text, textScale }: Layout, offset: number): string {
  const place: Rectangle = cropInFrame(crop, video);
  const matrix = ['bt709', 'smpte170m', 'bt470bg', 'smpte240m', 'fcc'].includes(video.colorSpace) ? video.colorSpace : 'bt601';
  const channels = [...'rgba'].map((name, channel) => `${name}='${lookup((value) => colormap[value * 4 + channel]!)}'`).join(':');
  // Grey becomes four equal planes; the tables then give each its meaning.
  const planes = 'format=gbrap,shuffleplanes=0:0:0:0';
  const blend = `scale=out_color_matrix=${matrix}:out_range=tv,format=yuva420p`;
  const even = 'crop=w=floor(iw/2)*2:h=floor(ih/2)*2:x=0:y=0';
  return [
    `[0:V:0]setpts=PTS+${offset},scale=out_range=tv,format=yuv420p,${even}[frame]`,
    '[1:v:0]split[both1][both2]',
    `[both1]crop=${mask.width}:${mask.height}:0:0:exact=1,scale=${place.width}:${place.height}:flags=bilinear,${planes},lutrgb=${channels},${blend}[mask]`,
    `[both2]crop=${text.width}:${text.height}:0:${mask.height}:exact=1,scale=iw*${textScale}:ih*${textScale}:flags=neighbor,${planes},lutrgb=a='if(lt(val,128),150,255)',${blend}[text]`,
    `[frame][mask]overlay=x=${place.x}:y=${place.y}:eof_action=pass[seen]`,
    `[seen][text]overlay=x=0:y=0:eof_action=pass,setpts=PTS-${offset},format=yuv420p[out]`,
  ].join(';');
}
