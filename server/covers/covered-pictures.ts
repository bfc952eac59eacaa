import type { Size } from '../../shared/geometry.ts';
import type { ColorPlanes } from './color-codes.ts';
import { placeControl } from './control-cover.ts';
import { LookedAtThings } from './looked-at-things.ts';
import { fillRows } from './row-fill.ts';

/** How the bytes of a network's picture lie. */
export interface CodedPictures extends Size {
  /** `yuv420p`: luma of twice the size, in both directions. */
  readonly pixelFormat: 'gray' | 'yuv444p' | 'yuv420p';
  /** Of the frames that it is put together from, the one that the mask is of; 0 is the first. */
  readonly shown: number;
  /** Of the mask 128 is zero, and both signs count. */
  readonly signed: boolean;
}

/** A network's picture without what it looked at off the road. */
export interface CoveredPicture {
  readonly without: Uint8Array;
  /** The same shapes replaced where nothing is looked at; null where they fit nowhere. */
  readonly control: Uint8Array | null;
}

/** Makes pictures without what is looked at. Keeps its memory from picture to picture. */
export class PictureCoverer {
  readonly #coded: CodedPictures;
  readonly #things: LookedAtThings;
  readonly #control: Uint8Array;
  readonly #luma: Uint8Array;

  constructor(coded: CodedPictures) {
    this.#coded = coded;
    this.#things = new LookedAtThings(coded);
    this.#control = new Uint8Array(coded.width * coded.height);
    this.#luma = new Uint8Array(coded.width * coded.height);
  }

  /**
   * null where nothing is densely looked at off the road. The bytes stay as they are; all frames
   * in them are covered alike, because what was looked at hardly moves between them.
   */
  cover(bytes: Uint8Array, map: Uint8Array, road: Uint8Array | null): CoveredPicture | null {
    const { width, height, signed } = this.#coded;
    const mask = signed ? map.map((value) => Math.min(255, 2 * Math.abs(value - 128))) : map;
    const things = this.#things;
    if (!things.find({ ...colorPlanes(bytes, this.#coded, this.#luma), mask, road })) return null;
    const { cover } = things;
    const hasControl = placeControl({ cover, mask, road, width, height }, this.#control);
    return {
      without: this.#filled(bytes, cover),
      control: hasControl ? this.#filled(bytes, this.#control) : null,
    };
  }

  #filled(bytes: Uint8Array, cover: Uint8Array): Uint8Array {
    const { width, height, pixelFormat } = this.#coded;
    const pixels = width * height;
    const filled = bytes.slice();
    const frameBytes = planesOf(pixelFormat) * pixels;
    for (let frame = 0; frame < bytes.length; frame += frameBytes) {
      let first = 0;
      if (pixelFormat === 'yuv420p') {
        fillRows(filled.subarray(frame, frame + 4 * pixels), cover, this.#coded, 2);
        first = 4;
      }
      for (let plane = first; plane < planesOf(pixelFormat); plane++)
        fillRows(filled.subarray(frame + plane * pixels, frame + (plane + 1) * pixels), cover, {
          width,
          height,
        });
    }
    return filled;
  }
}

/**
 * Of the frame that is shown, on the mask's grid; `luma` is where it comes to lie where it is of
 * twice the size.
 */
export function colorPlanes(
  bytes: Uint8Array,
  { width, height, pixelFormat, shown }: Omit<CodedPictures, 'signed'>,
  luma: Uint8Array,
): ColorPlanes {
  const pixels = width * height;
  const planes = planesOf(pixelFormat);
  const frame = bytes.subarray(shown * planes * pixels, (shown + 1) * planes * pixels);
  const plane = (number: number) => frame.subarray(number * pixels, (number + 1) * pixels);
  if (pixelFormat === 'gray') return { luma: frame, blue: null, red: null };
  if (pixelFormat === 'yuv444p') return { luma: plane(0), blue: plane(1), red: plane(2) };
  for (let y = 0, pixel = 0; y < height; y++)
    for (let x = 0; x < width; x++, pixel++) {
      const at = 4 * y * width + 2 * x;
      luma[pixel] =
        (frame[at]! + frame[at + 1]! + frame[at + 2 * width]! + frame[at + 2 * width + 1]!) / 4;
    }
  return { luma, blue: plane(4), red: plane(5) };
}

/** Of one frame, each as large as the mask's grid. */
function planesOf(pixelFormat: CodedPictures['pixelFormat']): number {
  return { gray: 1, yuv444p: 3, yuv420p: 6 }[pixelFormat];
}
