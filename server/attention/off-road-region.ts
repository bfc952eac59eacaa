import type { Rectangle, Size } from '../../shared/geometry.ts';

/** What was looked at off the road, on the mask's grid. */
export interface AttendedRegion {
  /** uint8 height × width, 1 inside. */
  readonly cover: Uint8Array;
  /** The smallest rectangle around it, in pixels of the mask. */
  readonly rectangle: Rectangle;
}

export interface AttendedMask extends Size {
  /** uint8 height × width, as a frame explanation has it. */
  readonly mask: Uint8Array;
  /** 128 is zero, and both signs count. */
  readonly signed: boolean;
  /** uint8 height × width, 0 off the road. null: any place counts. */
  readonly road: Uint8Array | null;
}

/**
 * Values are averaged over a square that reaches so far, as a share of the mask's mean side:
 * explanations of thin lines and of single pixels become blobs …
 */
const REACH = 0.02;
/** … which end where the mean falls below this part of its maximum … */
const EDGE = 0.2;
/**
 * … and are widened by so much: masks are strongest inside an object, and a soft edge that is left
 * over still tells of it.
 */
const GROWTH = 0.035;

/**
 * The connected place off the road that holds most of the mask's mass, widened, without holes, and
 * without what lies on the road. null where nothing off the road is marked. Made for single frames:
 * milliseconds, not microseconds.
 */
export function offRoadRegion({
  mask,
  signed,
  road,
  width,
  height,
}: AttendedMask): AttendedRegion | null {
  const size = { width, height };
  const values = Float32Array.from(mask, (value, pixel) =>
    road?.[pixel] ? 0 : signed ? Math.abs(value - 128) : value,
  );
  const pixels = (share: number) => Math.max(1, Math.round(share * Math.sqrt(width * height)));
  const smooth = boxMeans(values, size, pixels(REACH));
  const edge = EDGE * smooth.reduce((largest, value) => Math.max(largest, value), 0);
  if (edge === 0) return null;
  const grown = boxMeans(heaviestBlob(smooth, values, size, edge), size, pixels(GROWTH));
  const cover = withoutHoles(
    Uint8Array.from(grown, (share) => Number(share > 0)),
    size,
  );
  if (road)
    road.forEach((value, pixel) => {
      if (value) cover[pixel] = 0;
    });
  return { cover, rectangle: boundsOf(cover, size) };
}

/**
 * The same rectangle in whole pixels of the frame, where the mask lies at `place`: rounded
 * outwards.
 */
export function placedInFrame(
  { x, y, width, height }: Rectangle,
  mask: Size,
  place: Rectangle,
): Rectangle {
  const [across, down] = [place.width / mask.width, place.height / mask.height];
  const [left, top] = [Math.floor(place.x + x * across), Math.floor(place.y + y * down)];
  return {
    x: left,
    y: top,
    width: Math.ceil(place.x + (x + width) * across) - left,
    height: Math.ceil(place.y + (y + height) * down) - top,
  };
}

/**
 * Mean over the square that reaches `reach` pixels to each side, cut at the borders: sums that run
 * along rows, then along columns.
 */
function boxMeans(values: ArrayLike<number>, { width, height }: Size, reach: number): Float32Array {
  const rows = new Float32Array(width * height);
  for (let y = 0; y < height; y++) runningMean(values, rows, y * width, 1, width, reach);
  const means = new Float32Array(width * height);
  for (let x = 0; x < width; x++) runningMean(rows, means, x, width, height, reach);
  return means;
}

function runningMean(
  from: ArrayLike<number>,
  to: Float32Array,
  start: number,
  step: number,
  count: number,
  reach: number,
): void {
  const sums = new Float64Array(count + 1);
  for (let at = 0; at < count; at++) sums[at + 1] = sums[at]! + from[start + at * step]!;
  for (let at = 0; at < count; at++) {
    const [first, end] = [Math.max(0, at - reach), Math.min(count, at + reach + 1)];
    to[start + at * step] = (sums[end]! - sums[first]!) / (end - first);
  }
}

/** 1 in the 8-connected place of `smooth` ≥ edge that holds most of `values`. */
function heaviestBlob(
  smooth: Float32Array,
  values: Float32Array,
  size: Size,
  edge: number,
): Uint8Array {
  const blob = new Int32Array(smooth.length);
  let [blobs, heaviest, most] = [0, 0, -1];
  smooth.forEach((value, pixel) => {
    if (value < edge || blob[pixel]) return;
    blobs++;
    let mass = 0;
    flood(pixel, size, (at) => {
      if (blob[at] || smooth[at]! < edge) return false;
      blob[at] = blobs;
      mass += values[at]!;
      return true;
    });
    if (mass <= most) return;
    most = mass;
    heaviest = blobs;
  });
  return Uint8Array.from(blob, (number) => Number(number === heaviest));
}

/** Fills what cannot be reached from the picture's border. */
function withoutHoles(cover: Uint8Array, size: Size): Uint8Array {
  const { width, height } = size;
  const outside = new Uint8Array(cover.length);
  const enter = (at: number): boolean => {
    if (cover[at] || outside[at]) return false;
    outside[at] = 1;
    return true;
  };
  for (let x = 0; x < width; x++)
    for (const at of [x, (height - 1) * width + x]) flood(at, size, enter, false);
  for (let y = 0; y < height; y++)
    for (const at of [y * width, y * width + width - 1]) flood(at, size, enter, false);
  return outside.map((value) => 1 - value);
}

/**
 * Calls `enter` for the pixel and, where that gave true, for its neighbours, over corners too
 * unless told otherwise.
 */
function flood(
  from: number,
  { width, height }: Size,
  enter: (at: number) => boolean,
  corners = true,
): void {
  const waiting = enter(from) ? [from] : [];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const [x, y] = [at % width, Math.floor(at / width)];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
        if (!corners && row !== y && column !== x) continue;
        const next = row * width + column;
        if (enter(next)) waiting.push(next);
      }
    }
  }
}

/** The cover has at least one pixel. */
export function boundsOf(cover: Uint8Array, { width }: Size): Rectangle {
  let [left, right, top, bottom] = [Infinity, -1, Infinity, -1];
  cover.forEach((value, pixel) => {
    if (!value) return;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    [left, right, top, bottom] = [
      Math.min(left, x),
      Math.max(right, x),
      Math.min(top, y),
      Math.max(bottom, y),
    ];
  });
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
