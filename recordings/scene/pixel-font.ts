/** A 3×5 pixel font, for labels on pictures: each glyph as five rows of three bits. */
const glyphs: Record<string, string> = {
  a: '757 55',
  b: '656 56',
  c: '344 43',
  d: '655 56',
  e: '746 47',
  f: '746 44',
  g: '345 53',
  h: '557 55',
  i: '722 27',
  j: '111 52',
  k: '556 55',
  l: '444 47',
  m: '577 55',
  n: '655 55',
  o: '755 57',
  p: '757 44',
  q: '755 71',
  r: '756 55',
  s: '342 16',
  t: '722 22',
  u: '555 57',
  v: '555 52',
  w: '557 75',
  x: '552 55',
  y: '552 22',
  z: '712 47',
  0: '755 57',
  1: '262 27',
  2: '717 47',
  3: '717 17',
  4: '557 11',
  5: '747 17',
  6: '747 57',
  7: '711 11',
  8: '757 57',
  9: '757 17',
  '-': '007 00',
  '.': '000 02',
  '+': '027 20',
};

/**
 * Calls `dot` for every lit pixel of the text, top left corner at (x, y), `scale` pixels to a dot.
 */
export function writeText(
  text: string,
  x: number,
  y: number,
  scale: number,
  dot: (x: number, y: number) => void,
): void {
  [...text.toLowerCase()].forEach((letter, index) => {
    const rows = (glyphs[letter] ?? '').replace(' ', '');
    [...rows].forEach((bits, row) => {
      for (let column = 0; column < 3; column++) {
        if ((Number(bits) & (4 >> column)) === 0) continue;
        for (let j = 0; j < scale; j++)
          for (let i = 0; i < scale; i++)
            dot(x + (index * 4 + column) * scale + i, y + row * scale + j);
      }
    });
  });
}
