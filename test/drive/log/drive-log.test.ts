import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAt } from '../../../server/drive/log/drive-log.ts';

const times = Float64Array.of(0, 0.1, 0.3, 1, 1.1);
const values = Float64Array.of(0, 1, 3, 10, NaN);

test("between two rows a value is linear, on a row it is the row's", () => {
  assert.equal(sampleAt(times, values, 0.1), 1);
  assert.ok(Math.abs(sampleAt(times, values, 0.05) - 0.5) < 1e-12);
  assert.ok(Math.abs(sampleAt(times, values, 0.25) - 2.5) < 1e-12);
});

test('inside a step of more than half a second there is no value, at its ends there is', () => {
  assert.equal(sampleAt(times, values, 0.6), NaN);
  assert.equal(sampleAt(times, values, 0.3), 3);
  assert.equal(sampleAt(times, values, 1), 10);
});

test('outside the log there is no value, but times rounded to milliseconds still meet their frame', () => {
  assert.equal(sampleAt(times, values, -0.002), NaN);
  assert.equal(sampleAt(times, values, -0.0004), 0);
  assert.equal(sampleAt(times, values, 0.3004), 3);
  assert.equal(sampleAt(times, values, 1.2), NaN);
});

test('beside an empty cell there is no value, and the row before it keeps its own', () => {
  assert.equal(sampleAt(times, values, 1.05), NaN);
  assert.equal(sampleAt(times, values, 1.1), NaN);
  assert.equal(sampleAt(times, values, 1), 10);
});

test('a log of one row, and of none', () => {
  assert.equal(sampleAt(Float64Array.of(2), Float64Array.of(7), 2), 7);
  assert.equal(sampleAt(Float64Array.of(2), Float64Array.of(7), 2.5), NaN);
  assert.equal(sampleAt(new Float64Array(), new Float64Array(), 0), NaN);
});
