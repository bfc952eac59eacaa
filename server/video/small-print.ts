import type { Size } from '../../shared/geometry.ts';

/**
 * A line of small print for pictures: text must look the same on machines with and without fonts.
 * Five columns and seven rows a glyph, and one below the line for tails; each digit (base 32) is a
 * row from the top, its highest bit the left column.
 */
const GLYPHS: Readonly<Record<string, string>> = {
  '0': 'ehjlphe',
  '1': '4c4444e',
  '2': 'eh1248v',
  '3': 'v2421he',
  '4': '26aiv22',
  '5': 'vgu11he',
  '6': '68guhhe',
  '7': 'v124888',
  '8': 'ehhehhe',
  '9': 'ehhf12c',
  a: '00e1fhf',
  b: 'gguhhhu',
  c: '00egghe',
  d: '11fhhhf',
  e: '00ehvge',
  f: '698s888',
  g: '00fhhf1e',
  h: 'ggmphhh',
  i: '40c444e',
  j: '206222ic',
  k: 'ggikoki',
  l: 'c44444e',
  m: '00qllhh',
  n: '00mphhh',
  o: '00ehhhe',
  p: '00uhhugg',
  q: '00fhhf11',
  r: '00mpggg',
  s: '00ege1u',
  t: '88s8896',
  u: '00hhhjd',
  v: '00hhha4',
  w: '00hhlla',
  x: '00ha4ah',
  y: '00hhhf1e',
  z: '00v248v',
  '.': '00000cc',
  ',': '0000c48',
  ':': '0cc0cc0',
  '-': '000v000',
  '+': '044v440',
  '/': '11248gg',
  '%': 'pp248jj',
  '(': '2488842',
  ')': '8422248',
  '=': '00v0v00',
  '°': 'ciic000',
  _: '000000v',
  '·': '000cc00',
  '?': 'eh12404',
};

/** Pixels from one character to the next, and from one line to the next. */
const ADVANCE = 6;
export const LINE_HEIGHT = 9;

export function charactersIn(width: number): number {
  return Math.floor((width - 1) / ADVANCE);
}

/**
 * Writes the text into a grey picture with its first row at `top`: 255 where there is ink, nothing
 * elsewhere. What does not fit is cut off; letters appear in lower case, unknown characters as `?`.
 */
export function writeLine(picture: Uint8Array, { width }: Size, top: number, text: string): void {
  const characters = Array.from(text.toLowerCase().replaceAll('−', '-')).slice(
    0,
    charactersIn(width),
  );
  for (const [position, character] of characters.entries()) {
    if (character === ' ') continue;
    const glyph = GLYPHS[character] ?? GLYPHS['?']!;
    for (let row = 0; row < glyph.length; row++) {
      const bits = Number.parseInt(glyph[row]!, 32);
      const left = (top + 1 + row) * width + 1 + position * ADVANCE;
      for (let column = 0; column < 5; column++)
        if (bits & (16 >> column)) picture[left + column] = 255;
    }
  }
}
