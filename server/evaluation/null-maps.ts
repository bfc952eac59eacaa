import type { Size } from '../../shared/geometry.ts';
import { gaussianBlur } from '../explain/iterative/picture-grid.ts';
import { randomNumbers } from '../explain/iterative/random.ts';

/**
 * Maps that know nothing of the network (after arXiv 2304.13836): whatever does not beat them shows
 * the picture, or a habit of pictures, and nothing that the network does.
 */
export const NULL_MAPS = [
  { id: 'null-blur', name: 'Blurred picture' },
  { id: 'null-edges', name: 'Edges' },
  { id: 'null-centre', name: 'Centre prior' },
  { id: 'null-road', name: 'Road region' },
  { id: 'null-random', name: 'Random' },
] as const;

export type NullMapId = (typeof NULL_MAPS)[number]['id'];

export interface NullMapRequest {
  /** How bright the picture is to a person, row by row. */
  readonly gray: Float32Array;
  readonly size: Size;
  /** Not 0 on the road; null where it is not known. */
  readonly road: Uint8Array | null;
  readonly seed: number;
}

/** Pixels by which the picture, and the road's edge, is smoothed; of the shorter side. */
const SMOOTH = 1 / 30;
/** Standard deviation of the middle; of each side. */
const MIDDLE = 1 / 4;

/** ≥ 0, row by row; those that there are. */
export function nullMaps(request: NullMapRequest): ReadonlyMap<NullMapId, Float32Array> {
  const { gray, size, road, seed } = request;
  const smooth = (plane: Float32Array) => smoothed(plane, size);
  const random = randomNumbers(seed);
  return new Map<NullMapId, Float32Array>([
    ['null-blur', fromZero(smooth(gray))],
    ['null-edges', edges(gray, size)],
    ['null-centre', middle(size)],
    ...(road
      ? [['null-road', smooth(Float32Array.from(road, (each) => (each > 0 ? 1 : 0)))] as const]
      : []),
    ['null-random', gray.map(() => random())],
  ]);
}

/** Of bytes R,G,B, as ITU-R BT.601 weighs them. */
export function brightness(rgb: Uint8Array): Float32Array {
  return Float32Array.from(
    { length: rgb.length / 3 },
    (_, place) =>
      0.299 * rgb[3 * place]! + 0.587 * rgb[3 * place + 1]! + 0.114 * rgb[3 * place + 2]!,
  );
}

function smoothed(plane: Float32Array, { height, width }: Size): Float32Array {
  return gaussianBlur({
    picture: plane,
    grid: { channels: 1, height, width, plane: height * width, step: 1 },
    sigma: SMOOTH * Math.min(height, width),
  });
}

function fromZero(plane: Float32Array): Float32Array {
  const least = plane.reduce((low, value) => Math.min(low, value), Infinity);
  return plane.map((value) => value - least);
}

/** Size of Sobel's gradient; at the border the border's own value goes on. */
function edges(gray: Float32Array, { height, width }: Size): Float32Array {
  const at = (y: number, x: number) =>
    gray[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))]!;
  return gray.map((_, place) => {
    const [y, x] = [Math.floor(place / width), place % width];
    const along = (dy: number, dx: number) =>
      at(y + dy + dx, x + dx + dy) +
      2 * at(y + dy, x + dx) +
      at(y + dy - dx, x + dx - dy) -
      at(y - dy + dx, x - dx + dy) -
      2 * at(y - dy, x - dx) -
      at(y - dy - dx, x - dx - dy);
    return Math.hypot(along(0, 1), along(1, 0));
  });
}

function middle({ height, width }: Size): Float32Array {
  const part = (position: number, length: number) =>
    Math.exp(-(((position + 0.5) / length - 0.5) ** 2) / (2 * MIDDLE * MIDDLE));
  return Float32Array.from(
    { length: height * width },
    (_, place) => part(Math.floor(place / width), height) * part(place % width, width),
  );
}
