import { withoutPadding } from '../../../../video/raw-pictures.ts';

/** How ffmpeg names pixels, and how they lie: planes of rows. */
interface Layout {
  readonly pixelFormat: string;
  /** Bytes of a row of `width` pixels, and rows of `height`, of each plane. */
  readonly planes: readonly Plane[];
}

interface Plane {
  readonly rowBytes: (width: number) => number;
  readonly rows: (height: number) => number;
  /** Of the plane's rows, in those of the first plane. */
  readonly stepFactor: number;
}

/** A picture without padding. */
export interface Pixels {
  readonly pixelFormat: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

export interface PixelMessage {
  readonly encoding: string;
  readonly width: number;
  readonly height: number;
  /** Bytes from one row to the next; 0: not told. */
  readonly step: number;
  readonly isBigEndian: boolean;
  readonly data: Uint8Array;
}

const half = (size: number) => Math.ceil(size / 2);
const packed = (bytes: number): Plane[] => [
  { rowBytes: (width) => width * bytes, rows: (height) => height, stepFactor: 1 },
];
/** Two pixels share their colour. */
const paired: Plane[] = [
  { rowBytes: (width) => 4 * half(width), rows: (height) => height, stepFactor: 1 },
];
const luma = packed(1)[0]!;
const NV12: Plane[] = [luma, { rowBytes: (width) => 2 * half(width), rows: half, stepFactor: 1 }];
const I420: Plane[] = [
  luma,
  ...[1, 2].map(() => ({ rowBytes: half, rows: half, stepFactor: 0.5 })),
];

/** By encoding in lower case; `*` stands for `le` or `be`. */
const LAYOUTS: Readonly<Record<string, Layout>> = Object.fromEntries(
  (
    [
      ['rgb8', 'rgb24', packed(3)],
      ['rgba8', 'rgba', packed(4)],
      ['bgr8', 'bgr24', packed(3)],
      ['bgra8', 'bgra', packed(4)],
      ['rgb16', 'rgb48*', packed(6)],
      ['rgba16', 'rgba64*', packed(8)],
      ['bgr16', 'bgr48*', packed(6)],
      ['bgra16', 'bgra64*', packed(8)],
      ['mono8', 'gray', packed(1)],
      ['mono16', 'gray16*', packed(2)],
      // OpenCV's names say nothing of colours; its own order is blue first.
      ['8uc1', 'gray', packed(1)],
      ['8uc3', 'bgr24', packed(3)],
      ['8uc4', 'bgra', packed(4)],
      ['16uc1', 'gray16*', packed(2)],
      ['16uc3', 'bgr48*', packed(6)],
      ...['rggb', 'bggr', 'gbrg', 'grbg'].flatMap(
        (order) =>
          [
            [`bayer_${order}8`, `bayer_${order}8`, packed(1)],
            [`bayer_${order}16`, `bayer_${order}16*`, packed(2)],
          ] as const,
      ),
      ['yuv422', 'uyvy422', paired],
      ['uyvy', 'uyvy422', paired],
      ['yuv422_yuy2', 'yuyv422', paired],
      ['yuyv', 'yuyv422', paired],
      ['nv12', 'nv12', NV12],
      ['nv21', 'nv21', NV12],
      ['i420', 'yuv420p', I420],
      ['yuv420p', 'yuv420p', I420],
    ] as const
  ).map(([encoding, pixelFormat, planes]) => [encoding, { pixelFormat, planes }]),
);

/** What nobody photographs; keeps products of sizes far from what a number cannot hold. */
const LARGEST_SIDE = 1 << 16;

/**
 * A picture as ffmpeg takes raw video. Rows are copied where they are padded, else the bytes are the
 * message's own. Throws, in words after "it", where size and bytes do not fit together, or nobody
 * knows the encoding.
 */
export function pixelsOf({
  encoding,
  width,
  height,
  step,
  isBigEndian,
  data,
}: PixelMessage): Pixels {
  const name = encoding.trim().toLowerCase();
  const layout = Object.hasOwn(LAYOUTS, name) ? LAYOUTS[name] : undefined;
  if (!layout)
    throw new Error(`is encoded as ${JSON.stringify(encoding.slice(0, 40))}, which is not read`);
  if (!(width > 0 && height > 0 && width <= LARGEST_SIDE && height <= LARGEST_SIDE))
    throw new Error(`is said to be ${width}×${height}`);
  const pixelFormat = layout.pixelFormat.replace('*', isBigEndian ? 'be' : 'le');
  const first = layout.planes[0]!.rowBytes(width);
  const firstStride = step === 0 ? first : step;
  if (firstStride < first)
    throw new Error(`has rows of ${step} bytes, and ${width} pixels need ${first}`);

  const planes: Uint8Array[] = [];
  let at = 0;
  for (const { rowBytes, rows, stepFactor } of layout.planes) {
    const length = rowBytes(width);
    // Planes of another width than the first are padded in proportion.
    const stride = Math.max(length, Math.floor(firstStride * stepFactor));
    const plane = withoutPadding(data.subarray(at), stride, length, rows(height));
    if (!plane)
      throw new Error(
        `has ${data.length} bytes, too few for ${width}×${height} in ${encoding} with rows of ${firstStride}`,
      );
    planes.push(plane);
    at += stride * rows(height);
  }
  const bytes = planes.length === 1 ? planes[0]! : Buffer.concat(planes);
  return { pixelFormat, width, height, bytes };
}
