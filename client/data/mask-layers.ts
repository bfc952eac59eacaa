import { lookupTable, signedLookupTable, type MaskStyle } from '../../shared/color-maps.ts';
import { describeExplanation } from '../../shared/explanations.ts';
import type { Rectangle, Size } from '../../shared/geometry.ts';

/** A mask or a road region: uint8, row-major, on the grid of the network's crop. */
export interface Grid extends Size {
  readonly bytes: Uint8Array;
}

/** Masks of one frame by the name of their explanation. */
export type Masks = ReadonlyMap<string, Grid>;

/** What lies over one picture. */
export interface Layers {
  readonly masks: Masks;
  readonly road: Grid | null;
  /** Where the grids lie, in fractions of the picture. */
  readonly place: Rectangle;
}

/** A mask in its colours, between two shares of the picture's width. */
export interface MaskLayer {
  readonly grid: Grid;
  /** Colour of each byte, as `lookupTable`. */
  readonly table: Uint32Array;
  readonly from: number;
  readonly to: number;
}

/** What a pane makes of a frame's masks. */
export type Compose = (masks: Masks) => readonly MaskLayer[];

export function isSigned(method: string): boolean {
  return describeExplanation(method)?.signed ?? false;
}

/** The colours of a method's mask: they diverge from zero where its values have a sign. */
export function tableOf(method: string, style: MaskStyle): Uint32Array {
  return isSigned(method) ? signedLookupTable(style) : lookupTable(style);
}

/** One method over the whole picture. */
export function single(method: string, style: MaskStyle): Compose {
  const table = tableOf(method, style);
  return (masks) => layerOf(masks, method, table, 0, 1);
}

/** One method to the left of `split`, a share of the picture's width, and another to its right. */
export function wipe(left: string, right: string, split: number, style: MaskStyle): Compose {
  const [leftTable, rightTable] = [tableOf(left, style), tableOf(right, style)];
  return (masks) => [
    ...layerOf(masks, left, leftTable, 0, split),
    ...layerOf(masks, right, rightTable, split, 1),
  ];
}

/**
 * Where one method is stronger than the other: positive for the first. Nothing where one of them is
 * missing.
 */
export function difference(first: string, second: string, style: MaskStyle): Compose {
  const table = signedLookupTable(style);
  const sizes = [sizeTable(isSigned(first)), sizeTable(isSigned(second))] as const;
  let buffer = new Uint8Array(0);
  return (masks) => {
    const [a, b] = [masks.get(first), masks.get(second)];
    if (!a || !b) return [];
    const size = { width: Math.max(a.width, b.width), height: Math.max(a.height, b.height) };
    if (buffer.length !== size.width * size.height)
      buffer = new Uint8Array(size.width * size.height);
    subtractSizes(a, b, sizes, size, buffer);
    return [{ grid: { ...size, bytes: buffer }, table, from: 0, to: 1 }];
  };
}

/** Size 0..127 of every byte of a mask; 127 is the frame's largest. */
export function sizeTable(signed: boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    signed ? Math.min(127, Math.abs(byte - 128)) : Math.round((byte * 127) / 255),
  );
}

/**
 * Into `target`, on a grid of `size` that is at least as fine as both: 128 + size of `a` − size of
 * `b`, each measured by its own largest. A coarser mask gives each of its pixels to the finer ones
 * that lie on it.
 */
export function subtractSizes(
  a: Grid,
  b: Grid,
  [sizesA, sizesB]: readonly [Uint8Array, Uint8Array],
  { width, height }: Size,
  target: Uint8Array,
): void {
  const [columnsA, columnsB] = [indices(a.width, width), indices(b.width, width)];
  for (let y = 0; y < height; y++) {
    const rowA = Math.floor((y * a.height) / height) * a.width;
    const rowB = Math.floor((y * b.height) / height) * b.width;
    for (let x = 0; x < width; x++) {
      const sizeA = sizesA[a.bytes[rowA + (columnsA[x] as number)] as number] as number;
      const sizeB = sizesB[b.bytes[rowB + (columnsB[x] as number)] as number] as number;
      target[y * width + x] = 128 + sizeA - sizeB;
    }
  }
}

function indices(from: number, to: number): Uint16Array {
  return Uint16Array.from({ length: to }, (_, i) => Math.floor((i * from) / to));
}

function layerOf(
  masks: Masks,
  method: string,
  table: Uint32Array,
  from: number,
  to: number,
): MaskLayer[] {
  const grid = masks.get(method);
  return grid ? [{ grid, table, from, to }] : [];
}
