import { lookupTable, signedLookupTable } from '../../shared/color-maps.ts';
import type { Rectangle } from '../../shared/geometry.ts';
import { charactersIn, LINE_HEIGHT, writeLine } from '../video/small-print.ts';
import type { MapPlane } from './map-plane.ts';
import type { RgbPicture } from './png.ts';

export interface OverlayPicture {
  readonly picture: RgbPicture;
  /** Where the map lies on it. */
  readonly place: Rectangle;
  readonly map: MapPlane;
  readonly signed: boolean;
  /** Written below the picture, beside the colours. */
  readonly caption: string;
}

/** Pictures narrower than this are enlarged before anything is written below them. */
const LEAST_WIDTH = 640;
const STYLE = { opacity: 0.85, threshold: 0.05 } as const;
const GROUND = 24;
const INK = 235;

/**
 * The picture with the map over it, and a scale below: colours from low to high, the sizes at both
 * ends, the caption.
 */
export function overlayPicture({
  picture,
  place,
  map,
  signed,
  caption,
}: OverlayPicture): RgbPicture {
  const factor = enlargement(picture);
  const large = enlarged(picture);
  const words = signed ? signedLookupTable(STYLE) : lookupTable({ map: 'inferno', ...STYLE });
  const table = new Uint8Array(words.buffer);
  const byteOf = (value: number) => {
    const share = map.limit > 0 ? Math.min(1, Math.max(-1, value / map.limit)) : 0;
    return Math.round(signed ? 128 + 127 * share : 255 * Math.max(0, share));
  };
  blend(
    large,
    {
      x: place.x * factor,
      y: place.y * factor,
      width: place.width * factor,
      height: place.height * factor,
    },
    map,
    table,
    byteOf,
  );
  return withScale(large, table, signed, map.limit, caption);
}

function enlargement({ width }: RgbPicture): number {
  return Math.max(1, Math.ceil(LEAST_WIDTH / width));
}

/** A small picture with each pixel as a square, so that a person can see it. */
export function enlarged(picture: RgbPicture): RgbPicture {
  const { width, height, rgb } = picture;
  const factor = enlargement(picture);
  const large = {
    width: width * factor,
    height: height * factor,
    rgb: new Uint8Array(3 * width * height * factor * factor),
  };
  for (let y = 0; y < large.height; y++) {
    for (let x = 0; x < large.width; x++) {
      const from = 3 * (Math.floor(y / factor) * width + Math.floor(x / factor));
      large.rgb.set(rgb.subarray(from, from + 3), 3 * (y * large.width + x));
    }
  }
  return large;
}

/** Map values between their centres are bilinear. */
function blend(
  picture: RgbPicture,
  place: Rectangle,
  map: MapPlane,
  table: Uint8Array,
  byteOf: (value: number) => number,
): void {
  const columns = Array.from({ length: place.width }, (_, x) =>
    between((x + 0.5) * (map.width / place.width) - 0.5, map.width),
  );
  for (let y = 0; y < place.height; y++) {
    const row = between((y + 0.5) * (map.height / place.height) - 0.5, map.height);
    const [top, bottom] = [row.low * map.width, row.high * map.width];
    for (let x = 0; x < place.width; x++) {
      const column = columns[x]!;
      const upper =
        map.values[top + column.low]! * (1 - column.share) +
        map.values[top + column.high]! * column.share;
      const lower =
        map.values[bottom + column.low]! * (1 - column.share) +
        map.values[bottom + column.high]! * column.share;
      const color = 4 * byteOf(upper * (1 - row.share) + lower * row.share);
      const alpha = table[color + 3]! / 255;
      const at = 3 * ((place.y + y) * picture.width + place.x + x);
      for (let channel = 0; channel < 3; channel++)
        picture.rgb[at + channel] = Math.round(
          picture.rgb[at + channel]! * (1 - alpha) + table[color + channel]! * alpha,
        );
    }
  }
}

function between(position: number, length: number): { low: number; high: number; share: number } {
  const inside = Math.min(length - 1, Math.max(0, position));
  const low = Math.min(Math.floor(inside), Math.max(0, length - 2));
  return { low, high: Math.min(length - 1, low + 1), share: inside - low };
}

function withScale(
  picture: RgbPicture,
  table: Uint8Array,
  signed: boolean,
  limit: number,
  caption: string,
): RgbPicture {
  const { width } = picture;
  const text = Math.max(1, Math.round(width / LEAST_WIDTH));
  const bar = { height: 6 * text, top: picture.height + 2 * text };
  const line = { width: Math.floor(width / text), height: LINE_HEIGHT };
  const height = bar.top + bar.height + text * (LINE_HEIGHT + 1) + text;
  const rgb = new Uint8Array(3 * width * height).fill(GROUND);
  rgb.set(picture.rgb);
  const print = new Uint8Array(line.width * line.height);
  const most = limit > 0 && limit < 1e-3 ? limit.toExponential(2) : limit.toPrecision(3);
  const ends = [signed ? `-${most}` : '0', most];
  const room = charactersIn(line.width) - ends[1]!.length;
  writeLine(print, line, 0, `${ends[0]}   ${caption}`.slice(0, room - 1).padEnd(room) + ends[1]!);
  for (let x = 0; x < width; x++) {
    const color = 4 * Math.round((255 * x) / Math.max(1, width - 1));
    for (let y = bar.top; y < bar.top + bar.height; y++)
      rgb.set(table.subarray(color, color + 3), 3 * (y * width + x));
  }
  for (let y = 0; y < line.height * text; y++) {
    for (let x = 0; x < line.width * text; x++) {
      if (print[Math.floor(y / text) * line.width + Math.floor(x / text)] === 255)
        rgb.fill(
          INK,
          3 * ((bar.top + bar.height + text + y) * width + x),
          3 * ((bar.top + bar.height + text + y) * width + x) + 3,
        );
    }
  }
  return { width, height, rgb };
}
