/**
 * Colour maps for masks. Viridis and inferno (Stéfan van der Walt and Nathaniel Smith, matplotlib,
 * CC0) are given by ten equidistant colours each and interpolated between them in OKLab, which
 * keeps the steps perceptually even (Björn Ottosson, "A perceptual color space for image
 * processing", 2020, for the matrices).
 */
export const COLOR_MAPS = {
  inferno: {
    name: 'Inferno',
    colors: [
      '#000004',
      '#1b0c41',
      '#4a0c6b',
      '#781c6d',
      '#a52c60',
      '#cf4446',
      '#ed6925',
      '#fb9b06',
      '#f7d13d',
      '#fcffa4',
    ],
  },
  viridis: {
    name: 'Viridis',
    colors: [
      '#440154',
      '#482878',
      '#3e4989',
      '#31688e',
      '#26828e',
      '#1f9e89',
      '#35b779',
      '#6ece58',
      '#b5de2b',
      '#fde725',
    ],
  },
  red: { name: 'Red (paper)', colors: ['#ff1a0d', '#ff1a0d'] },
} as const satisfies Record<string, { name: string; colors: readonly string[] }>;

export type ColorMap = keyof typeof COLOR_MAPS;

/**
 * For values with a sign, from −1 over 0 to 1: as light on both sides, and darkest at zero, where
 * nothing is drawn. Blue and orange are told apart by every kind of colour vision.
 */
export const DIVERGING_MAP = {
  name: 'Blue to orange',
  colors: ['#8bd3ff', '#34a0ec', '#1668ad', '#17181b', '#a84300', '#e07a1f', '#ffbe85'],
} as const;

export interface MaskStyle {
  readonly map: ColorMap;
  /** 0..1: alpha of the strongest attention. */
  readonly opacity: number;
  /** 0..1: attention at or below this is not drawn. */
  readonly threshold: number;
}

/**
 * Attention this far above the threshold is drawn at full opacity; below it alpha falls to zero, so
 * that weak attention does not tint.
 */
const RAMP = 0.6;

/** Alpha 0..1 for attention 0..1: a smooth step from the threshold up. */
export function alphaOf(
  attention: number,
  { opacity, threshold }: Pick<MaskStyle, 'opacity' | 'threshold'>,
): number {
  const ramp = Math.min(RAMP, Math.max(1 - threshold, 1 / 255));
  const t = Math.min(1, Math.max(0, (attention - threshold) / ramp));
  return opacity * t * t * (3 - 2 * t);
}

/**
 * 256 colours as RGBA bytes in memory order, read as little-endian 32-bit words: index = mask byte.
 */
export function lookupTable(style: MaskStyle): Uint32Array {
  const table = new Uint32Array(256);
  for (let value = 0; value < 256; value++)
    table[value] = wordOf(colorAt(style.map, value / 255), alphaOf(value / 255, style));
  return table;
}

/**
 * The same for a mask with signs: byte 128 is zero, 1 and 255 are the largest sizes. The threshold
 * holds for sizes.
 */
export function signedLookupTable(style: Pick<MaskStyle, 'opacity' | 'threshold'>): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const value = Math.max(-1, (byte - 128) / 127);
    table[byte] = wordOf(signedColorAt(value), alphaOf(Math.abs(value), style));
  }
  return table;
}

/** sRGB bytes of a map at 0..1. */
export function colorAt(map: ColorMap, at: number): Color {
  return between(COLOR_MAPS[map].colors, at);
}

/** sRGB bytes of the diverging map at −1..1. */
export function signedColorAt(at: number): Color {
  return between(DIVERGING_MAP.colors, (at + 1) / 2);
}

type Color = [red: number, green: number, blue: number];

function wordOf([red, green, blue]: Color, alpha: number): number {
  return ((Math.round(255 * alpha) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function between(colors: readonly string[], at: number): Color {
  const position = Math.min(1, Math.max(0, at)) * (colors.length - 1);
  const index = Math.min(colors.length - 2, Math.floor(position));
  const from = oklabOf(colors[index] ?? '#000000');
  const to = oklabOf(colors[index + 1] ?? '#000000');
  const t = position - index;
  return srgbOf([
    from[0] + (to[0] - from[0]) * t,
    from[1] + (to[1] - from[1]) * t,
    from[2] + (to[2] - from[2]) * t,
  ]);
}

type Triple = readonly [number, number, number];

function oklabOf(hex: string): Triple {
  const [r, g, b] = [1, 3, 5].map((start) =>
    linear(Number.parseInt(hex.slice(start, start + 2), 16) / 255),
  ) as unknown as Triple;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function srgbOf([lightness, a, b]: Triple): Color {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function byte(value: number): number {
  const clipped = Math.min(1, Math.max(0, value));
  return Math.round(
    255 * (clipped <= 0.0031308 ? clipped * 12.92 : 1.055 * clipped ** (1 / 2.4) - 0.055),
  );
}
