import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offRoadRegion, placedInFrame } from '../../server/attention/off-road-region.ts';
import type { Rectangle } from '../../shared/geometry.ts';

const size = { width: 100, height: 60 };
type Box = readonly [x: number, y: number, width: number, height: number];

const inBox = (pixel: number, [x, y, width, height]: Box) => {
  const [column, row] = [pixel % size.width, Math.floor(pixel / size.width)];
  return column >= x && column < x + width && row >= y && row < y + height;
};
const plane = (background: number, ...boxes: readonly (readonly [Box, number])[]) =>
  Uint8Array.from(
    { length: size.width * size.height },
    (_, pixel) => boxes.findLast(([box]) => inBox(pixel, box))?.[1] ?? background,
  );
const regionOf = (mask: Uint8Array, road: Uint8Array | null = plane(0), signed = false) =>
  offRoadRegion({ mask, road, signed, ...size });
const covers = (cover: Uint8Array, box: Box) =>
  cover.every((inside, pixel) => inside === 1 || !inBox(pixel, box));
/** A little wider than the box, and no more. */
function assertAround({ x, y, width, height }: Rectangle, [left, top, wide, high]: Box): void {
  const margins = [left - x, top - y, x + width - left - wide, y + height - top - high];
  assert.ok(
    margins.every((margin) => margin > 0 && margin <= 6),
    `${margins.join(', ')} pixels around`,
  );
}

test('the place that holds most mass is found, and covered with a margin', () => {
  const region = regionOf(
    plane(0, [[10, 10, 8, 6], 200], [[60, 20, 16, 8], 180], [[40, 50, 2, 2], 255]),
  );
  assert.ok(covers(region!.cover, [60, 20, 16, 8]));
  assertAround(region!.rectangle, [60, 20, 16, 8]);
});

test('what lies on the road is neither found nor covered', () => {
  const road = plane(0, [[0, 30, 100, 30], 255]);
  const region = regionOf(plane(0, [[30, 30, 40, 20], 255], [[5, 24, 10, 6], 100]), road);
  assert.ok(covers(region!.cover, [5, 24, 10, 6]));
  assert.ok(region!.cover.every((inside, pixel) => !inside || !road[pixel]));
  assert.equal(region!.rectangle.y + region!.rectangle.height, 30);
});

test('without a road, or with none in the picture, any place counts', () => {
  const mask = plane(0, [[30, 30, 20, 20], 255]);
  assert.deepEqual(regionOf(mask, null), regionOf(mask, plane(0)));
  assertAround(regionOf(mask, null)!.rectangle, [30, 30, 20, 20]);
});

test('road everywhere, and an empty mask, leave nothing to find', () => {
  const mask = plane(0, [[30, 30, 20, 20], 255]);
  assert.equal(regionOf(mask, plane(255)), null);
  assert.equal(regionOf(plane(0)), null);
  assert.equal(regionOf(plane(128), null, true), null);
});

test('of signed masks both signs count, and 128 is nothing', () => {
  const region = regionOf(
    plane(128, [[50, 20, 12, 12], 1], [[62, 20, 12, 12], 255], [[10, 10, 12, 12], 180]),
    null,
    true,
  );
  assertAround(region!.rectangle, [50, 20, 24, 12]);
});

test('the outline of an object covers its inside', () => {
  const region = regionOf(plane(0, [[20, 10, 40, 30], 255], [[22, 12, 36, 26], 0]));
  assert.ok(covers(region!.cover, [20, 10, 40, 30]));
});

test('faint attention does not join two strong places', () => {
  const region = regionOf(
    plane(0, [[10, 25, 80, 6], 30], [[10, 22, 14, 12], 250], [[74, 22, 16, 12], 250]),
  );
  assertAround(region!.rectangle, [74, 22, 16, 12]);
});

test("at the picture's corner it ends with the picture", () => {
  const { rectangle } = regionOf(plane(0, [[0, 0, 10, 6], 255]))!;
  assert.deepEqual([rectangle.x, rectangle.y], [0, 0]);
  assert.deepEqual(
    placedInFrame({ x: 0, y: 0, ...size }, size, { x: 80, y: 214, width: 800, height: 264 }),
    { x: 80, y: 214, width: 800, height: 264 },
  );
});

test('a rectangle on the mask is placed in the frame, rounded outwards', () => {
  assert.deepEqual(
    placedInFrame(
      { x: 10, y: 5, width: 3, height: 2 },
      { width: 200, height: 66 },
      { x: 80, y: 214, width: 801, height: 264 },
    ),
    { x: 120, y: 234, width: 13, height: 8 },
  );
});
