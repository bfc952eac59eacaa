import type { Fill } from '../../shared/flags.ts';
import type { Rectangle, Size } from '../../shared/geometry.ts';
import { filled } from '../attention/inpaint/fill.ts';
import {
  boundsOf,
  offRoadRegion,
  type AttendedMask,
  type AttendedRegion,
} from '../attention/off-road-region.ts';
import { placeControl } from '../covers/control-cover.ts';
import { colorPlanes, type CodedPictures } from '../covers/covered-pictures.ts';
import { LookedAtThings } from '../covers/looked-at-things.ts';

export interface CoverRequest extends AttendedMask {
  /** The network's pictures: planes of height × width, one after the other. */
  readonly bytes: Uint8Array;
  /** Of each picture. `yuv420p`: Y of twice that size, U and V. */
  readonly pixelFormat: CodedPictures['pixelFormat'];
  readonly fill: Fill;
}

/** A network's picture without what it looked at, and without the same shape at other places. */
export interface CoveredPictures {
  /** On the mask's grid. */
  readonly rectangle: Rectangle;
  readonly without: Uint8Array;
  readonly controls: readonly Uint8Array[];
}

const MOST_CONTROLS = 4;

/** Where a byte of six planes lies in `yuv420p`: those of Y by whether row and column are even. */
function sixPlanes({ width, height }: Size): (at: number) => number {
  const pixels = width * height;
  return (at) => {
    const plane = Math.floor(at / pixels) % 6;
    if (plane >= 4) return at;
    const pixel = at % pixels;
    const row = 2 * Math.floor(pixel / width) + (plane % 2);
    const column = 2 * (pixel % width) + Math.floor(plane / 2);
    return at - plane * pixels - pixel + row * 2 * width + column;
  };
}

/**
 * null where nothing was looked at. Takes milliseconds for a small picture, and tenths of a second
 * for a large one.
 */
export function coverPictures({
  bytes,
  pixelFormat,
  fill,
  ...attended
}: CoverRequest): CoveredPictures | null {
  const things = attended.road && coverThings({ bytes, pixelFormat, ...attended });
  const region = things ?? offRoadRegion(attended);
  if (!region) return null;
  const { cover, rectangle } = region;
  const places = pixelFormat === 'yuv420p' ? sixPlanes(attended) : null;
  const planes = places ? bytes.map((_, at) => bytes[places(at)]!) : bytes;
  const without = (covered: Uint8Array) => {
    const result = filled(fill, planes, covered, attended);
    if (!places) return result;
    const coded = new Uint8Array(result.length);
    result.forEach((value, at) => {
      coded[places(at)] = value;
    });
    return coded;
  };
  const controls = things
    ? things.control
      ? [things.control]
      : []
    : placesBeside(rectangle, attended.width).map((x) =>
        moved(cover, attended.width, x - rectangle.x),
      );
  return { rectangle, without: without(cover), controls: controls.map(without) };
}

interface CoveredThings extends AttendedRegion {
  /** null: it fits nowhere. */
  readonly control: Uint8Array | null;
}

/** As for a pull; null where nothing is looked at so densely. */
function coverThings({
  bytes,
  pixelFormat,
  mask: map,
  signed,
  road,
  ...size
}: Omit<CoverRequest, 'fill'>): CoveredThings | null {
  const pixels = size.width * size.height;
  const mask = signed ? map.map((value) => Math.min(255, 2 * Math.abs(value - 128))) : map;
  const coded = { ...size, pixelFormat, shown: 0 };
  const things = new LookedAtThings(size);
  if (!things.find({ ...colorPlanes(bytes, coded, new Uint8Array(pixels)), mask, road }))
    return null;
  const { cover } = things;
  const control = new Uint8Array(pixels);
  const fits = placeControl({ ...size, cover, mask, road }, control);
  return { cover, rectangle: boundsOf(cover, size), control: fits ? control : null };
}

/**
 * Left sides of the places in the same rows that do not touch the rectangle: spread evenly, a few
 * at most.
 */
function placesBeside({ x, width }: Rectangle, pictureWidth: number): readonly number[] {
  const left = Math.floor(x / width);
  const right = Math.floor((pictureWidth - x - width) / width);
  const places = [
    ...Array.from({ length: left }, (_, index) =>
      Math.round((index * (x - width)) / Math.max(1, left - 1)),
    ),
    ...Array.from(
      { length: right },
      (_, index) =>
        pictureWidth -
        width -
        Math.round((index * (pictureWidth - x - 2 * width)) / Math.max(1, right - 1)),
    ),
  ];
  const step = Math.max(1, places.length / MOST_CONTROLS);
  return Array.from(
    { length: Math.min(places.length, MOST_CONTROLS) },
    (_, index) => places[Math.floor(index * step)]!,
  );
}

/** The cover, `by` pixels further to the right; none of it leaves the picture. */
function moved(cover: Uint8Array, width: number, by: number): Uint8Array {
  return cover.map((_, pixel) => {
    const from = (pixel % width) - by;
    return from >= 0 && from < width ? cover[pixel - by]! : 0;
  });
}
