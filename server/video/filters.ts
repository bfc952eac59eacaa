import type { Crop, Size } from '../../shared/geometry.ts';
import type { DisplayFormat, ImageFormat } from './frame-source.ts';

/**
 * `cropInFrame` as ffmpeg computes it from the frame that comes in, with the same operations in the same order, so that
 * it stays right when the size changes inside a file. Frames of another size than probed may need a pixel less.
 */
function cropFilter(crop: Crop): string {
  const scaled = (value: number, size: 'iw' | 'ih', of: number): string => `floor(${value}*(${size}/${of})+0.5)`;
  const x = scaled(crop.x, 'iw', crop.of[0]);
  const y = scaled(crop.y, 'ih', crop.of[1]);
  const width = scaled(crop.width, 'iw', crop.of[0]);
  const height = scaled(crop.height, 'ih', crop.of[1]);
  return `crop=w='min(${width},iw-${x})':h='min(${height},ih-${y})':x='${x}':y='${y}':exact=1`;
}

/** `gray` is luma in full range, `yuv444p` stays in the limited range of video, `rgb24` follows the frame's own matrix. */
const OUTPUT_RANGE = { gray: ':out_range=pc', yuv444p: ':out_range=tv', rgb24: '' } as const;

export function imageFilter({ crop, width, height, pixelFormat, resize }: ImageFormat): string {
  const scale = `scale=w=${width}:h=${height}:flags=${resize}${OUTPUT_RANGE[pixelFormat]}`;
  return [...(crop ? [cropFilter(crop)] : []), scale, `format=${pixelFormat}`].join(',');
}

/** Whole frame, at most `maxWidth` wide, aspect kept, both sides even. */
export function displaySize(frame: Size, { maxWidth }: DisplayFormat): Size {
  const width = Math.min(frame.width, maxWidth);
  const even = (value: number): number => Math.max(2, 2 * Math.round(value / 2));
  return { width: Math.max(2, 2 * Math.floor(width / 2)), height: even((frame.height * width) / frame.width) };
}

export function displayFilter(frame: Size, format: DisplayFormat): string {
  const { width, height } = displaySize(frame, format);
  return `scale=w=${width}:h=${height}:flags=bilinear:out_range=pc,format=yuvj420p`;
}
