import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  difference,
  single,
  sizeTable,
  subtractSizes,
  wipe,
  type Grid,
} from '../../client/data/mask-layers.ts';
import { lookupTable, signedLookupTable } from '../../shared/color-maps.ts';

const style = { map: 'inferno', opacity: 1, threshold: 0 } as const;
const grid = (width: number, ...bytes: number[]): Grid => ({
  width,
  height: bytes.length / width,
  bytes: Uint8Array.from(bytes),
});

test('a method with signs is drawn in the diverging colours, another in the chosen ones', () => {
  const masks = new Map([
    ['gradient', grid(1, 255)],
    ['visualbackprop', grid(1, 255)],
  ]);
  assert.deepEqual(single('gradient', style)(masks)[0]?.table, signedLookupTable(style));
  assert.deepEqual(single('visualbackprop', style)(masks)[0]?.table, lookupTable(style));
  assert.deepEqual(single('saliency', style)(masks), []);
});

test('a wipe gives each method its side', () => {
  const masks = new Map([
    ['gradient', grid(1, 255)],
    ['visualbackprop', grid(1, 255)],
  ]);
  const layers = wipe('visualbackprop', 'gradient', 0.3, style)(masks);
  assert.deepEqual(
    layers.map(({ grid: drawn, from, to }) => [drawn, from, to]),
    [
      [masks.get('visualbackprop'), 0, 0.3],
      [masks.get('gradient'), 0.3, 1],
    ],
  );
});

test('sizes run from 0 to 127, with a sign or without', () => {
  const [plain, signed] = [sizeTable(false), sizeTable(true)];
  assert.deepEqual([plain[0], plain[255]], [0, 127]);
  assert.deepEqual([signed[128], signed[1], signed[255], signed[0]], [0, 127, 127, 127]);
  assert.equal(signed[128 - 40], signed[128 + 40]);
});

test('the difference is 128 where both are as strong, 255 where only the first is, 1 where only the second is', () => {
  const layers = difference(
    'visualbackprop',
    'gradient',
    style,
  )(
    new Map([
      ['visualbackprop', grid(4, 255, 255, 0, 0)],
      ['gradient', grid(4, 1, 128, 255, 128)],
    ]),
  );
  assert.deepEqual([...(layers[0]?.grid.bytes ?? [])], [128, 255, 1, 128]);
  assert.deepEqual(layers[0]?.table, signedLookupTable(style));
});

test('there is no difference while one of the two is missing', () => {
  assert.deepEqual(
    difference('visualbackprop', 'gradient', style)(new Map([['gradient', grid(1, 255)]])),
    [],
  );
});

test('a coarse mask is compared on the grid of the fine one', () => {
  const plain = sizeTable(false);
  const target = new Uint8Array(16);
  subtractSizes(
    grid(2, 255, 0, 0, 255),
    grid(4, ...Array.from({ length: 16 }, () => 0)),
    [plain, plain],
    { width: 4, height: 4 },
    target,
  );
  assert.deepEqual(
    [...target],
    [255, 255, 128, 128, 255, 255, 128, 128, 128, 128, 255, 255, 128, 128, 255, 255],
  );
});
