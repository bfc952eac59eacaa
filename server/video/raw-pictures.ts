import { RoadgazeError } from '../../shared/errors.ts';
import type { RawPicture } from './picture-track.ts';

interface RawFormat {
  /** As ffmpeg abbreviates it, four characters of Latin-1. */
  readonly fourcc: string;
  /** Bytes of one picture. */
  readonly size: (width: number, height: number) => number;
}

function packed(fourcc: string, bytesPerPixel: number): RawFormat {
  return { fourcc, size: (width, height) => width * height * bytesPerPixel };
}

/** Two pixels share their colour: a line takes an even number of them. */
function paired(fourcc: string): RawFormat {
  return { fourcc, size: (width, height) => 4 * Math.ceil(width / 2) * height };
}

/** The planes of colour are half as wide, and `rows` of their height. */
function planar(fourcc: string, rows: 1 | 2): RawFormat {
  return {
    fourcc,
    size: (width, height) => width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / rows),
  };
}

const bayer = ['BG', 'RG', 'GB', 'GR'].flatMap((first): [string, RawFormat][] => {
  const name = `bayer_${{ BG: 'bggr', RG: 'rggb', GB: 'gbrg', GR: 'grbg' }[first]}`;
  const reversed = [...first].reverse().join('');
  return [
    [`${name}8`, packed(`\u00ba${first}\u0008`, 1)],
    [`${name}16le`, packed(`\u00ba${first}\u0010`, 2)],
    [`${name}16be`, packed(`\u0010${reversed}\u00ba`, 2)],
  ];
});

const FORMATS = new Map<string, RawFormat>([
  ['gray', packed('Y800', 1)],
  ['gray10le', packed('Y1\u0000\u000a', 2)],
  ['gray12le', packed('Y1\u0000\u000c', 2)],
  ['gray16le', packed('Y1\u0000\u0010', 2)],
  ['gray16be', packed('\u0010\u00001Y', 2)],
  ['rgb24', packed('RGB\u0018', 3)],
  ['bgr24', packed('BGR\u0018', 3)],
  ['rgba', packed('RGBA', 4)],
  ['bgra', packed('BGRA', 4)],
  ['argb', packed('ARGB', 4)],
  ['abgr', packed('ABGR', 4)],
  ['rgb48le', packed('RGB0', 6)],
  ['rgb48be', packed('0RGB', 6)],
  ['bgr48le', packed('BGR0', 6)],
  ['bgr48be', packed('0BGR', 6)],
  ['rgba64le', packed('RBA@', 8)],
  ['rgba64be', packed('@RBA', 8)],
  ['bgra64le', packed('BRA@', 8)],
  ['bgra64be', packed('@BRA', 8)],
  ...bayer,
  ['yuyv422', paired('YUY2')],
  ['uyvy422', paired('UYVY')],
  ['yvyu422', paired('YVYU')],
  ['nv12', planar('NV12', 2)],
  ['nv21', planar('NV21', 2)],
  ['yuv420p', planar('I420', 2)],
  ['yuv422p', planar('Y42B', 1)],
  ['yuv444p', packed('444P', 3)],
]);

/** ffmpeg's names of the raw pictures that can be read. */
export const RAW_PIXEL_FORMATS: ReadonlySet<string> = new Set(FORMATS.keys());

/** Throws VIDEO_UNREADABLE. `name`: of the track. */
export function rawFormat(name: string, { pixelFormat, width, height }: RawPicture) {
  const format = FORMATS.get(pixelFormat);
  if (!format || !(width > 0 && height > 0))
    throw new RoadgazeError(
      'VIDEO_UNREADABLE',
      format
        ? `${name} has pictures of ${width}×${height}.`
        : `${name} has pictures of the pixel format ${pixelFormat}, which is not read.`,
      format
        ? 'Record it again.'
        : `Record it as one of ${['rgb24', 'bgr24', 'gray', 'bayer_rggb8', 'yuyv422', 'nv12'].join(', ')}, or compressed.`,
    );
  return { fourcc: format.fourcc, bytes: format.size(width, height) };
}

/**
 * The rows of a picture without what lies between them: `step` bytes from one row to the next, of
 * which the first `rowBytes` are the row. What already has no padding is given back as it is, and
 * null where the bytes end before the last row does.
 */
export function withoutPadding(
  bytes: Uint8Array,
  step: number,
  rowBytes: number,
  height: number,
): Uint8Array | null {
  if (step < rowBytes || bytes.length < step * (height - 1) + rowBytes) return null;
  if (step === rowBytes) return bytes.subarray(0, rowBytes * height);
  const rows = Buffer.allocUnsafe(rowBytes * height);
  for (let row = 0; row < height; row++)
    rows.set(bytes.subarray(row * step, row * step + rowBytes), row * rowBytes);
  return rows;
}
