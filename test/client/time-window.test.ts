import assert from 'node:assert/strict';
import { test } from 'node:test';
import { following, panned, wholeDrive, zoomed } from '../../client/data/time-window.ts';

test('zooming keeps the time under the cursor where it is', () => {
  const window = zoomed({ min: 10, max: 30 }, 15, 0.5, 100);
  assert.deepEqual(window, { min: 12.5, max: 22.5 });
  assert.equal((15 - window.min) / (window.max - window.min), 0.25);
});

test('zooming out stops at the whole drive, zooming in at a fifth of a second', () => {
  assert.deepEqual(zoomed({ min: 10, max: 30 }, 15, 1000, 100), { min: 0, max: 100 });
  const { min, max } = zoomed({ min: 10, max: 30 }, 20, 1e-9, 100);
  assert.ok(Math.abs(max - min - 0.2) < 1e-9);
});

test('moving stops at both ends without changing the length', () => {
  assert.deepEqual(panned({ min: 10, max: 30 }, -50, 100), { min: 0, max: 20 });
  assert.deepEqual(panned({ min: 10, max: 30 }, 500, 100), { min: 80, max: 100 });
});

test('the view turns the page when the playhead leaves it, and not before', () => {
  const window = { min: 10, max: 30 };
  assert.equal(following(window, 30, 100), window);
  assert.deepEqual(following(window, 31, 100), { min: 30, max: 50 });
  assert.deepEqual(following(window, 2, 100), { min: 1, max: 21 });
  assert.deepEqual(following(window, 99, 100), { min: 80, max: 100 });
});

test('a drive of one frame has an axis', () => {
  assert.deepEqual(wholeDrive(0), { min: 0, max: 0.2 });
});
