import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstAtOrAfter, nearest } from '../../shared/ascending.ts';

test('the first entry at or after a value is what a walk from the beginning finds, also among equal ones', () => {
  const list = [0, 0.5, 0.5, 0.5, 2, 3];
  for (const value of [-1, 0, 0.2, 0.5, 0.51, 2, 2.9, 3, 4]) {
    const walked = list.findIndex((entry) => entry >= value);
    assert.equal(firstAtOrAfter(list, value), walked < 0 ? list.length : walked, String(value));
  }
  assert.equal(firstAtOrAfter([], 1), 0);
});

test('the nearest entry is the first of two that are equally near, and the first or last beyond the ends', () => {
  const list = [0, 1, 2, 5];
  for (const [value, index] of [
    [-9, 0],
    [0.5, 0],
    [0.51, 1],
    [1, 1],
    [3.5, 2],
    [3.6, 3],
    [99, 3],
  ] as const)
    assert.equal(nearest(list, value), index, String(value));
  assert.equal(nearest([], 1), 0);
});
