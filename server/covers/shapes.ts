import type { Size } from '../../shared/geometry.ts';

/** Pixels of a picture. Keeps its memory from shape to shape. */
export class Blob {
  readonly pixels: Int32Array;
  count = 0;

  constructor({ width, height }: Size) {
    this.pixels = new Int32Array(width * height);
  }
}

/**
 * Takes the connected pixels of `marked` (corners connect) around one of them into the blob; they
 * are marked no more.
 */
export function takeConnected(
  marked: Uint8Array,
  start: number,
  { width, height }: Size,
  blob: Blob,
): void {
  const { pixels } = blob;
  pixels[0] = start;
  marked[start] = 0;
  let count = 1;
  for (let next = 0; next < count; next++) {
    const pixel = pixels[next]!;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
        const neighbour = row * width + column;
        if (!marked[neighbour]) continue;
        marked[neighbour] = 0;
        pixels[count++] = neighbour;
      }
    }
  }
  blob.count = count;
}

/**
 * Makes the blob its convex hull: the pixels whose centres lie in it. Then widens it by a square
 * that reaches `reach` pixels. The pixels come in no order.
 */
export function widenedHull(blob: Blob, size: Size, reach: number): void {
  const { width, height } = size;
  const [left, right] = [new Array<number>(height).fill(width), new Array<number>(height).fill(-1)];
  let [top, bottom] = [height, -1];
  for (let at = 0; at < blob.count; at++) {
    const [x, y] = [blob.pixels[at]! % width, Math.floor(blob.pixels[at]! / width)];
    left[y] = Math.min(left[y]!, x);
    right[y] = Math.max(right[y]!, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const firsts = envelope(left, top, bottom, -1).map((x) => Math.ceil(x - ROUNDING));
  const lasts = envelope(right, top, bottom, 1).map((x) => Math.floor(x + ROUNDING));
  let count = 0;
  for (let y = Math.max(0, top - reach); y <= Math.min(height - 1, bottom + reach); y++) {
    let [first, last] = [width, -1];
    for (let row = Math.max(top, y - reach); row <= Math.min(bottom, y + reach); row++) {
      first = Math.min(first, firsts[row - top]!);
      last = Math.max(last, lasts[row - top]!);
    }
    for (let x = Math.max(0, first - reach); x <= Math.min(width - 1, last + reach); x++)
      blob.pixels[count++] = y * width + x;
  }
  blob.count = count;
}

const ROUNDING = 1e-9;

/**
 * For each row from `top` to `bottom` the outermost x of the convex hull of the rows' ends: to the
 * right for `side` 1, to the left for −1.
 */
function envelope(ends: readonly number[], top: number, bottom: number, side: 1 | -1): number[] {
  const chain: number[] = [];
  const isOutside = (from: number, row: number, to: number) =>
    side * ((ends[row]! - ends[from]!) * (to - from) - (ends[to]! - ends[from]!) * (row - from)) >
    0;
  for (let row = top; row <= bottom; row++) {
    while (chain.length > 1 && !isOutside(chain.at(-2)!, chain.at(-1)!, row)) chain.pop();
    chain.push(row);
  }
  let at = 0;
  return Array.from({ length: bottom - top + 1 }, (_, index) => {
    const row = top + index;
    if (at + 1 < chain.length && chain[at + 1]! <= row) at++;
    const [from, to] = [chain[at]!, chain[at + 1] ?? chain[at]!];
    if (from === to) return ends[from]!;
    return ends[from]! + ((ends[to]! - ends[from]!) * (row - from)) / (to - from);
  });
}
