/**
 * A rectangle in whole pixels; `x` to the right, `y` downwards, from the frame's top left corner.
 */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A crop given for frames of size `of` (width, height), as in the model sidecar. */
export interface Crop extends Rectangle {
  readonly of: readonly [width: number, height: number];
}

/**
 * The whole frame where there is no crop; else the crop scaled to the frame's size and rounded to
 * whole pixels. A crop that lies inside the frame it was given for does so in every other: where
 * rounding would push it over the edge by a pixel, it is moved back.
 */
export function cropInFrame(crop: Crop | null, frame: Size): Rectangle {
  if (!crop) return { x: 0, y: 0, width: frame.width, height: frame.height };
  const [x, width] = scaleSpan(crop.x, crop.width, crop.of[0], frame.width);
  const [y, height] = scaleSpan(crop.y, crop.height, crop.of[1], frame.height);
  return { x, y, width, height };
}

function scaleSpan(
  start: number,
  length: number,
  of: number,
  size: number,
): [start: number, length: number] {
  const scaled = Math.round((length * size) / of);
  const at = Math.round((start * size) / of);
  return [start + length <= of ? Math.min(at, size - scaled) : at, scaled];
}

export function isInside(rectangle: Rectangle, frame: Size): boolean {
  return (
    rectangle.width > 0 &&
    rectangle.height > 0 &&
    rectangle.x >= 0 &&
    rectangle.y >= 0 &&
    rectangle.x + rectangle.width <= frame.width &&
    rectangle.y + rectangle.height <= frame.height
  );
}

/** Shares of a frame's width and height that are filled in its middle, 0..1. */
export type Fit = Size;

export const WHOLE_FRAME: Fit = { width: 1, height: 1 };

/** Where a rectangle of a frame lies on a picture of the frame's size that it fills in part. */
export function fitted({ x, y, width, height }: Rectangle, picture: Size, fit: Fit): Rectangle {
  const span = (start: number, length: number, whole: number, share: number) => {
    const at = Math.round((whole * (1 - share)) / 2 + start * share);
    return [at, Math.min(whole - at, Math.max(1, Math.round(length * share)))] as const;
  };
  const [left, wide] = span(x, width, picture.width, fit.width);
  const [top, high] = span(y, height, picture.height, fit.height);
  return { x: left, y: top, width: wide, height: high };
}

/** A point in fractions of the frame: (0,0) top left, (1,1) bottom right. */
export type Point = readonly [x: number, y: number];
