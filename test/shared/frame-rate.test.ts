import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFrameRate } from '../../shared/frame-rate.ts';

test('a frame rate is a number with a decimal point or comma, or a fraction', () => {
  assert.deepEqual(['20', ' 29.97 ', '29,97', '30000/1001', '0.1', '1000'].map(readFrameRate), [
    20,
    29.97,
    29.97,
    30000 / 1001,
    0.1,
    1000,
  ]);
});

test('what is no number above zero, or no rate of a camera, is no frame rate', () => {
  for (const text of ['', '0', '-20', '0.09', '1000.5', '1/0', '0/0', '1e2', 'twenty', '20 fps'])
    assert.equal(readFrameRate(text), null, text);
});
