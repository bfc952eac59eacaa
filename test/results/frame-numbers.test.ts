import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statisticsOf } from '../../server/results/frame-numbers.ts';

test('statistics are of the values that are known, whatever their order and sign', () => {
  // Thirty values: the 5th percentile is the second, the median the sixteenth.
  const values = Array.from({ length: 30 }, (_, index) => index ** 2 - 50);
  const mixed = values.map((_, index) => values[(index * 7) % 30]!);
  const mean = ((29 * 30 * 59) / 6 - 30 * 50) / 30;
  assert.deepEqual(statisticsOf(Float64Array.of(NaN, ...mixed, NaN)), {
    minimum: -50,
    percentile5: -49,
    median: 15 ** 2 - 50,
    mean,
    maximum: 29 ** 2 - 50,
  });
});

test('of one value all statistics are that value, and of none there are none', () => {
  assert.deepEqual(statisticsOf(Float64Array.of(NaN, -3)), {
    minimum: -3,
    percentile5: -3,
    median: -3,
    mean: -3,
    maximum: -3,
  });
  assert.equal(statisticsOf(Float64Array.of(NaN)), null);
  assert.equal(statisticsOf(new Float64Array(0)), null);
});
