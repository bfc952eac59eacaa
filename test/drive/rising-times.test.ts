import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { risingTimes } from '../../server/drive/readers/rising-times.ts';

function rise(...clock: number[]): { times: number[]; notes: readonly string[] } {
  const { times, notes } = risingTimes(Float64Array.from(clock), 'pictures');
  return { times: [...times].map((time) => Number(time.toFixed(6))), notes };
}

describe('times of pictures by a recorder that is not always right', () => {
  it('stay as they are where they rise, gaps too', () => {
    assert.deepEqual(rise(0, 0.05, 0.1, 7, 7.05), { times: [0, 0.05, 0.1, 7, 7.05], notes: [] });
  });

  it('are spread where several pictures have one time', () => {
    const { times, notes } = rise(0, 0.1, 0.1, 0.1, 0.4);
    assert.deepEqual(times, [0, 0.1, 0.2, 0.3, 0.4]);
    assert.match(notes[0]!, /^2 pictures have the time of the one before/);
    assert.deepEqual(rise(0, 0.1, 0.1).times, [0, 0.1, 0.2]);
  });

  it('go on at the usual distance where the clock is set back', () => {
    const { times, notes } = rise(0, 0.1, 0.2, 0.05, 0.15, 0.35);
    assert.deepEqual(times, [0, 0.1, 0.2, 0.3, 0.4, 0.6]);
    assert.match(notes[0]!, /set back at 0\.200 s \(by 0\.15 s\); .* 0\.1 s/);
  });

  it('are made up from their neighbours where they are missing', () => {
    assert.deepEqual(rise(NaN, 0.05, 0.1).times, [0, 0.05, 0.1]);
    assert.deepEqual(rise(0, 0.05, NaN, NaN, 0.2, 0.25).times, [0, 0.05, 0.1, 0.15, 0.2, 0.25]);
    assert.deepEqual(rise(0, 0.06, 0.12, NaN, 0.13).times, [0, 0.06, 0.12, 0.125, 0.13]);
    assert.deepEqual(rise(NaN, NaN).times, [0, 0.05]);
    assert.match(rise(0, 0.05, NaN).notes[0]!, /^1 pictures have no time/);
  });

  it('of a million records are found in a moment, even where none is known', () => {
    const started = process.cpuUsage();
    const { times } = risingTimes(new Float64Array(1_000_000).fill(NaN), 'pictures');
    assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]!));
    assert.ok(process.cpuUsage(started).user < 5e6);
  });
});
