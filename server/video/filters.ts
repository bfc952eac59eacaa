import type { Crop, Size } from '../../shared/geometry.ts';
import { padToFit, scaleToFit } from './fit.ts';
import type { DisplayFormat, ImageFormat, VideoInfo } from './frame-source.ts';
import { SAME_TIME } from './timestamps.ts';

/**
 * `cropInFrame` as ffmpeg computes it from the frame that comes in, with the same operations in the
 * same order, so that it stays right when the size changes inside a file. Frames of another size
 * than probed may need a pixel less.
 */
function cropFilter(crop: Crop): string {
  const scaled = (value: number, size: 'iw' | 'ih', of: number): string =>
    `floor(${value}*(${size}/${of})+0.5)`;
  const x = scaled(crop.x, 'iw', crop.of[0]);
  const y = scaled(crop.y, 'ih', crop.of[1]);
  const width = scaled(crop.width, 'iw', crop.of[0]);
  const height = scaled(crop.height, 'ih', crop.of[1]);
  return `crop=w='min(${width},iw-${x})':h='min(${height},ih-${y})':x='${x}':y='${y}':exact=1`;
}

/**
 * Leaves out what was not asked for before it is scaled. The first decoded frame is let through
 * even before `from`: it shows where decoding began.
 */
export function selectFilter({
  from,
  spacing,
}: {
  readonly from?: number | undefined;
  readonly spacing?: number | undefined;
}): string[] {
  if (from === undefined && spacing === undefined) return [];
  const first = from === undefined ? -Infinity : from - SAME_TIME;
  const before = from === undefined ? '0' : `lt(t,${first})`;
  const fresh =
    from === undefined
      ? 'isnan(prev_selected_t)'
      : `isnan(prev_selected_t)+lt(prev_selected_t,${first})`;
  const wanted =
    spacing === undefined ? '1' : `${fresh}+gte(t-prev_selected_t,${spacing - SAME_TIME})`;
  return [`select='if(${before},eq(n,0),${wanted})'`];
}

/**
 * `gray` is luma in full range, `yuv444p` and `yuv420p` stay in the limited range of video, `rgb24`
 * follows the frame's own matrix.
 */
const SCALING = {
  gray: ':out_range=pc',
  yuv444p: ':out_range=tv',
  yuv420p: ':out_range=tv',
  // Without this flag two neighbouring pixels share one colour.
  rgb24: '+full_chroma_int',
} as const;

export function imageFilter(format: ImageFormat): string {
  const { crop, width, height, pixelFormat, resize, keepsShape } = format;
  const more = `flags=${resize}${SCALING[pixelFormat]}`;
  return [
    ...(crop ? [cropFilter(crop)] : []),
    keepsShape ? scaleToFit(format, format, more) : `scale=w=${width}:h=${height}:${more}`,
    `format=${pixelFormat}`,
    ...(keepsShape ? [padToFit(format)] : []),
  ].join(',');
}

/** Whole frame, at most `maxWidth` wide, aspect kept, both sides even. */
export function displaySize(frame: Size, { maxWidth }: DisplayFormat): Size {
  const width = Math.min(frame.width, maxWidth);
  const even = (value: number): number => Math.max(2, 2 * Math.round(value / 2));
  return {
    width: Math.max(2, 2 * Math.floor(width / 2)),
    height: even((frame.height * width) / frame.width),
  };
}

/**
 * JPEG has BT.601's matrix in full range; BT.709 is turned into it after scaling, where that is
 * cheap.
 */
export function displayFilter(video: VideoInfo, format: DisplayFormat): string {
  const size = displaySize(video, format);
  const full = 'out_range=pc,format=yuvj420p';
  const scaled =
    video.colorSpace === 'bt709'
      ? `${scaleToFit(size, video, 'flags=bilinear')},format=yuv420p,colormatrix=bt709:bt601,scale=${full}`
      : scaleToFit(size, video, `flags=bilinear:${full}`);
  return `${scaled},${padToFit(size)}`;
}
