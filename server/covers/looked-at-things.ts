import type { Size } from '../../shared/geometry.ts';
import { codeColors, ColorContrast, type ColorCodes, type ColorPlanes } from './color-codes.ts';
import { Blob, takeConnected, widenedHull } from './shapes.ts';

export interface LookedAt extends ColorPlanes {
  /** uint8 on the same grid; 0: nothing was looked at. */
  readonly mask: Uint8Array;
  /** uint8, 0 off the road; null: everything is. */
  readonly road: Uint8Array | null;
}

/** The size that lengths and areas below are meant for: they grow with the picture. */
const MEANT_FOR = 200 * 66;
/** Where the mean of 3×3 pixels of the mask is nowhere above this, nothing is looked at … */
const LEAST_PEAK = 0.08 * 255;
/** … and a place is, down to this part of the highest mean, and to this value. */
const [PLACE_PART, LEAST_PLACE] = [0.25, 0.06 * 255];
/** A thing is held against what is around its place: so many times the place's size, or pixels. */
const [AROUND, LEAST_AROUND] = [1, 4];
/** Pixels next to a place belong to neither. */
const BETWEEN = 1;
/** So much of a thing is within its place, and so many pixels. */
const [LEAST_SHARE_IN_PLACE, LEAST_IN_PLACE] = [0.25, 3];
/** What is larger is no thing but a background. Pixels. */
const LARGEST = 900;
/** A thing's edge is soft: pixels that it is widened by. */
const WIDENING = 2;
/** The mask is so many times denser on a thing than if it was spread evenly. */
const DENSITY = 5;
/** What looks like the things: its colours are so many times more frequent on them than beside … */
const CONTRAST = 2;
/** … it has so many pixels, is widened by so many … */
const [LEAST_ALIKE, WIDENING_ALIKE] = [6, 1];
/** … and the mask is so dense on it. */
const DENSITY_ALIKE = 0.3;

/**
 * Finds what is looked at off the road as things, and not as a mask spreads: at each place where
 * the mask is strong, what differs in colour from what is around, if the mask lies densely on it;
 * and all else that has the colours of these things and is looked at, too. A network that follows
 * one of several like things would follow the next one if that one was gone.
 *
 * Keeps its memory from picture to picture.
 */
export class LookedAtThings {
  /** uint8, 1 on a thing. Of the picture that was searched last. */
  readonly cover: Uint8Array;
  readonly #size: Size;
  readonly #codes: Uint16Array;
  readonly #means: Float32Array;
  readonly #places: Uint8Array;
  readonly #ofPlace: Uint8Array;
  readonly #candidates: Uint8Array;
  readonly #place: Blob;
  readonly #thing: Blob;
  readonly #contrast = new ColorContrast();
  readonly #length: number;

  constructor(size: Size) {
    const pixels = size.width * size.height;
    this.#size = size;
    this.#length = Math.sqrt(pixels / MEANT_FOR);
    this.cover = new Uint8Array(pixels);
    this.#codes = new Uint16Array(pixels);
    this.#means = new Float32Array(pixels);
    this.#places = new Uint8Array(pixels);
    this.#ofPlace = new Uint8Array(pixels);
    this.#candidates = new Uint8Array(pixels);
    this.#place = new Blob(size);
    this.#thing = new Blob(size);
  }

  /** Marks them in `cover`; false where there is none. */
  find(picture: LookedAt): boolean {
    const { mask } = picture;
    this.cover.fill(0);
    const density = mask.reduce((sum, value) => sum + value, 0) / mask.length;
    if (!this.#markPlaces(picture)) return false;
    const colors = codeColors(picture, this.#codes);
    let found = false;
    for (let pixel = 0; pixel < mask.length; pixel++) {
      if (!this.#places[pixel]) continue;
      takeConnected(this.#places, pixel, this.#size, this.#place);
      if (this.#findAt(picture, colors, density)) found = true;
    }
    if (found) this.#addAlike(picture, colors, density);
    return found;
  }

  /** Pixels off the road that are looked at, by means of 3×3; false where nothing is. */
  #markPlaces({ mask, road }: LookedAt): boolean {
    const { width, height } = this.#size;
    const means = this.#means;
    let highest = 0;
    for (let y = 0, pixel = 0; y < height; y++) {
      for (let x = 0; x < width; x++, pixel++) {
        means[pixel] = 0;
        if (road?.[pixel]) continue;
        let sum = 0;
        for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++)
          for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++)
            if (!road?.[row * width + column]) sum += mask[row * width + column]!;
        means[pixel] = sum / 9;
        highest = Math.max(highest, means[pixel]!);
      }
    }
    if (highest < LEAST_PEAK) return false;
    const least = Math.max(PLACE_PART * highest, LEAST_PLACE);
    for (let pixel = 0; pixel < means.length; pixel++)
      this.#places[pixel] = means[pixel]! >= least ? 1 : 0;
    return true;
  }

  /** Marks the things at the place in the blob. */
  #findAt(picture: LookedAt, { codes, isGray }: ColorCodes, density: number): boolean {
    const { road } = picture;
    const { width } = this.#size;
    const { pixels, count } = this.#place;
    const place = this.#boundsOf(this.#place);
    const least = Math.round(LEAST_AROUND * this.#length);
    const window = this.#widened(
      place,
      Math.max(least, Math.round(AROUND * (place.right - place.left + 1))),
      Math.max(least, Math.round(AROUND * (place.bottom - place.top + 1))),
    );
    const beside = this.#widened(place, BETWEEN, BETWEEN);
    for (let at = 0; at < count; at++) this.#ofPlace[pixels[at]!] = 1;
    const contrast = this.#contrast;
    contrast.begin();
    for (let y = window.top; y <= window.bottom; y++) {
      for (let x = window.left; x <= window.right; x++) {
        const pixel = y * width + x;
        if (road?.[pixel]) continue;
        if (this.#ofPlace[pixel]) contrast.addInside(codes[pixel]!);
        else if (x < beside.left || x > beside.right || y < beside.top || y > beside.bottom)
          contrast.addAround(codes[pixel]!);
      }
    }
    for (let y = window.top; y <= window.bottom; y++)
      for (let x = window.left; x <= window.right; x++) {
        const pixel = y * width + x;
        if (!road?.[pixel] && contrast.isInside(codes[pixel]!, isGray, 1))
          this.#candidates[pixel] = 1;
      }
    let found = false;
    for (let y = window.top; y <= window.bottom; y++)
      for (let x = window.left; x <= window.right; x++) {
        const pixel = y * width + x;
        if (!this.#candidates[pixel]) continue;
        takeConnected(this.#candidates, pixel, this.#size, this.#thing);
        if (this.#isOfPlace() && this.#mark(picture, DENSITY * density, WIDENING)) found = true;
      }
    for (let at = 0; at < count; at++) this.#ofPlace[pixels[at]!] = 0;
    return found;
  }

  #isOfPlace(): boolean {
    const { pixels, count } = this.#thing;
    let inside = 0;
    for (let at = 0; at < count; at++) inside += this.#ofPlace[pixels[at]!]!;
    return inside >= LEAST_SHARE_IN_PLACE * count && inside >= LEAST_IN_PLACE;
  }

  /** Marks what has the colours of what is marked. */
  #addAlike(picture: LookedAt, { codes, isGray }: ColorCodes, density: number): void {
    const { road } = picture;
    const contrast = this.#contrast;
    contrast.begin();
    for (let pixel = 0; pixel < codes.length; pixel++) {
      if (road?.[pixel]) continue;
      if (this.cover[pixel]) contrast.addInside(codes[pixel]!);
      else contrast.addAround(codes[pixel]!);
    }
    for (let pixel = 0; pixel < codes.length; pixel++)
      this.#candidates[pixel] =
        !road?.[pixel] && !this.cover[pixel] && contrast.isInside(codes[pixel]!, isGray, CONTRAST)
          ? 1
          : 0;
    for (let pixel = 0; pixel < codes.length; pixel++) {
      if (!this.#candidates[pixel]) continue;
      takeConnected(this.#candidates, pixel, this.#size, this.#thing);
      if (this.#thing.count >= LEAST_ALIKE * this.#length ** 2)
        this.#mark(picture, DENSITY_ALIKE * density, WIDENING_ALIKE);
    }
  }

  /** Marks the thing in the blob, made convex and widened, where it is one and looked at. */
  #mark({ mask, road }: LookedAt, least: number, widening: number): boolean {
    const thing = this.#thing;
    if (thing.count > LARGEST * this.#length ** 2) return false;
    widenedHull(thing, this.#size, Math.round(widening * this.#length));
    let [mass, count] = [0, 0];
    for (let at = 0; at < thing.count; at++) {
      const pixel = thing.pixels[at]!;
      if (road?.[pixel]) continue;
      mass += mask[pixel]!;
      count++;
    }
    if (mass < least * count) return false;
    for (let at = 0; at < thing.count; at++)
      if (!road?.[thing.pixels[at]!]) this.cover[thing.pixels[at]!] = 1;
    return true;
  }

  #boundsOf({ pixels, count }: Blob): Bounds {
    const { width, height } = this.#size;
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let at = 0; at < count; at++) {
      const [x, y] = [pixels[at]! % width, Math.floor(pixels[at]! / width)];
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    return { left, right, top, bottom };
  }

  #widened({ left, right, top, bottom }: Bounds, across: number, down: number): Bounds {
    const { width, height } = this.#size;
    return {
      left: Math.max(0, left - across),
      right: Math.min(width - 1, right + across),
      top: Math.max(0, top - down),
      bottom: Math.min(height - 1, bottom + down),
    };
  }
}

/** All included. */
interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
