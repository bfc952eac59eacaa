import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cropInFrame, isInside } from '../../shared/geometry.ts';

test('without a crop it is the whole frame', () => {
  assert.deepEqual(cropInFrame(null, { width: 641, height: 361 }), {
    x: 0,
    y: 0,
    width: 641,
    height: 361,
  });
});

test('a crop is scaled by the ratio of the sizes and rounded to whole pixels', () => {
  const crop = { x: 0, y: 340, width: 960, height: 188, of: [960, 540] } as const;
  assert.deepEqual(cropInFrame(crop, { width: 960, height: 540 }), {
    x: 0,
    y: 340,
    width: 960,
    height: 188,
  });
  assert.deepEqual(cropInFrame(crop, { width: 1280, height: 720 }), {
    x: 0,
    y: 453,
    width: 1280,
    height: 251,
  });
});

test('a crop inside its own frame is inside frames of every size', () => {
  const crop = { x: 3, y: 5, width: 957, height: 535, of: [960, 540] } as const;
  for (let width = 16; width < 2000; width += 7) {
    const frame = { width, height: Math.round((width * 9) / 16) + (width % 3) };
    assert.ok(isInside(cropInFrame(crop, frame), frame), `${frame.width}×${frame.height}`);
  }
});

test('a crop that leaves its own frame leaves the others too', () => {
  const crop = { x: 100, y: 0, width: 900, height: 540, of: [960, 540] } as const;
  assert.equal(
    isInside(cropInFrame(crop, { width: 640, height: 360 }), { width: 640, height: 360 }),
    false,
  );
});
