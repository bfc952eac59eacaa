import type { Size } from '../../shared/geometry.ts';

/** Shapes are tried at so many places across the picture. */
const PLACES = 50;
/** So much of them must be off the road and beside themselves. */
const LEAST_FITTING = 0.5;
/** What does not fit counts as if the mask was this there. */
const NOT_FITTING = 20;

export interface ControlRequest extends Size {
  /** uint8, 1 inside, as the results are. */
  readonly cover: Uint8Array;
  readonly mask: Uint8Array;
  /** null: nothing is road. */
  readonly road: Uint8Array | null;
}

/**
 * Marks in `control` the same shapes where nothing is looked at: moved along their rows, or mirrored
 * and moved, to where the mask is least; without what would lie on the road or on the cover itself.
 * false where they fit nowhere.
 */
export function placeControl(request: ControlRequest, control: Uint8Array): boolean {
  const { cover, mask, width } = request;
  control.fill(0);
  const pixels = Int32Array.from(
    { length: cover.reduce((sum, inside) => sum + inside, 0) },
    (
      (at) => () =>
        (at = cover.indexOf(1, at + 1))
    )(-1),
  );
  const step = Math.max(1, Math.round(width / PLACES));
  let [least, shift, mirrored] = [Infinity, 0, false];
  for (const isMirrored of [false, true]) {
    for (let by = step - width; by < width; by += step) {
      let [mass, fitting] = [0, 0];
      for (let at = 0; at < pixels.length; at++) {
        const pixel = placed(pixels[at]!, by, isMirrored, request);
        if (pixel < 0) continue;
        mass += mask[pixel]!;
        fitting++;
      }
      if (fitting < LEAST_FITTING * pixels.length) continue;
      const cost = mass / fitting + NOT_FITTING * (1 - fitting / pixels.length);
      if (cost < least) [least, shift, mirrored] = [cost, by, isMirrored];
    }
  }
  if (least === Infinity) return false;
  for (const pixel of pixels) {
    const to = placed(pixel, shift, mirrored, request);
    if (to >= 0) control[to] = 1;
  }
  return true;
}

/** Where a pixel of the cover comes to lie; −1 where it may not. */
function placed(
  pixel: number,
  by: number,
  isMirrored: boolean,
  { cover, road, width }: ControlRequest,
): number {
  const x = pixel % width;
  const to = (isMirrored ? width - 1 - x : x) + by;
  if (to < 0 || to >= width) return -1;
  const place = pixel - x + to;
  return cover[place] || road?.[place] ? -1 : place;
}
