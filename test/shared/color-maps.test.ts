import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alphaOf,
  colorAt,
  COLOR_MAPS,
  lookupTable,
  signedColorAt,
  signedLookupTable,
  type ColorMap,
} from '../../shared/color-maps.ts';

const maps = Object.keys(COLOR_MAPS) as ColorMap[];
const bytesOf = (word: number) => [
  word & 255,
  (word >>> 8) & 255,
  (word >>> 16) & 255,
  word >>> 24,
];

test('viridis and inferno begin and end at their published colours and grow lighter all the way', () => {
  assert.deepEqual(colorAt('viridis', 0), [0x44, 0x01, 0x54]);
  assert.deepEqual(colorAt('viridis', 1), [0xfd, 0xe7, 0x25]);
  assert.deepEqual(colorAt('inferno', 0), [0x00, 0x00, 0x04]);
  assert.deepEqual(colorAt('inferno', 1), [0xfc, 0xff, 0xa4]);
  for (const map of ['viridis', 'inferno'] as const) {
    const luma = Array.from({ length: 256 }, (_, i) => colorAt(map, i / 255)).map(
      ([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue,
    );
    for (let i = 16; i < 256; i++)
      assert.ok((luma[i] ?? 0) >= (luma[i - 16] ?? 0), `${map} at ${i}`);
  }
});

test('between the given colours they are what OKLab gives', () => {
  // Computed with NumPy from the matrices of Björn Ottosson's paper and their inverses.
  const inferno = [
    [0.05, [5, 2, 28]],
    [0.3, [106, 25, 109]],
    [0.62, [224, 90, 55]],
    [0.95, [250, 234, 124]],
  ] as const;
  const viridis = [
    [0.05, [71, 22, 100]],
    [0.45, [38, 131, 142]],
    [0.7, [73, 190, 113]],
    [0.95, [222, 227, 40]],
  ] as const;
  const diverging = [
    [0.1, [90, 181, 244]],
    [0.4, [30, 71, 110]],
    [0.55, [64, 39, 30]],
    [0.9, [237, 150, 79]],
  ] as const;
  for (const [at, color] of inferno) assert.deepEqual(colorAt('inferno', at), color);
  for (const [at, color] of viridis) assert.deepEqual(colorAt('viridis', at), color);
  for (const [at, color] of diverging) assert.deepEqual(signedColorAt(2 * at - 1), color);
});

test('alpha is a smooth step from the threshold, as high as the opacity at 0.6 above it', () => {
  const style = { opacity: 0.9, threshold: 0.1 };
  // 3t² − 2t³ of a quarter, a half and three quarters of the way.
  for (const [attention, step] of [
    [0.1, 0],
    [0.25, 0.15625],
    [0.4, 0.5],
    [0.55, 0.84375],
    [0.7, 1],
    [0.9, 1],
  ] as const)
    assert.ok(Math.abs(alphaOf(attention, style) - 0.9 * step) < 1e-12, `${attention}`);
});

test('attention at or below the threshold is not drawn, and alpha grows from there to the opacity', () => {
  for (const map of maps) {
    const style = { map, opacity: 0.8, threshold: 0.2 };
    const alphas = [...lookupTable(style)].map((word) => bytesOf(word)[3] ?? -1);
    assert.ok(alphas.slice(0, 52).every((alpha) => alpha === 0));
    for (let i = 1; i < 256; i++) assert.ok((alphas[i] ?? 0) >= (alphas[i - 1] ?? 0));
    assert.equal(alphas[255], Math.round(0.8 * 255));
  }
});

test('at any threshold the strongest attention is drawn at full opacity', () => {
  for (const threshold of [0, 0.5, 0.95, 1]) {
    const alpha = alphaOf(1, { opacity: 1, threshold });
    assert.equal(alpha, threshold === 1 ? 0 : 1);
  }
});

test('a table holds the bytes in the order of an image', () => {
  const [red, green, blue, alpha] = bytesOf(
    lookupTable({ map: 'red', opacity: 1, threshold: 0 })[255] ?? 0,
  );
  assert.deepEqual([red, green, blue], colorAt('red', 1));
  assert.equal(alpha, 255);
});

test('the diverging map is as light on both sides, lighter with the size of the value, and blue below zero', () => {
  const luma = ([red, green, blue]: readonly number[]) =>
    0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
  for (let size = 0.1; size <= 1; size += 0.1) {
    const [below, above] = [signedColorAt(-size), signedColorAt(size)];
    assert.ok(Math.abs(luma(below) - luma(above)) < 20, `${size}`);
    assert.ok(
      luma(below) > luma(signedColorAt(-size + 0.1)) &&
        luma(above) > luma(signedColorAt(size - 0.1)),
      `${size}`,
    );
    assert.ok(below[2] > below[0] && above[0] > above[2]);
  }
});

test('in a mask with signs 128 is not drawn, and equal sizes are drawn as strongly', () => {
  const table = signedLookupTable({ opacity: 0.9, threshold: 0.1 });
  const alpha = (byte: number) => bytesOf(table[byte] ?? 0)[3];
  for (let size = 0; size <= 127; size++) assert.equal(alpha(128 + size), alpha(128 - size));
  assert.equal(alpha(128), 0);
  assert.equal(alpha(128 + 12), 0);
  assert.equal(alpha(255), Math.round(0.9 * 255));
  assert.equal(alpha(0), alpha(1));
});
