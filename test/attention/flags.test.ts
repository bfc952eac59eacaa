import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFlags } from '../../server/attention/flags.ts';

const settings = { enterBelow: 0.5, leaveAbove: 0.6, minimumSeconds: 0.3 };
/** Ten frames a second. */
const frames = (onRoad: readonly number[]) => ({ pts: onRoad.map((_, frame) => frame / 10), onRoad });

test('a run of frames under the threshold is one flag with its first, last and worst frame', () => {
  const [flag, ...more] = findFlags(frames([1, 0.4, 0.2, 0.1, 0.3, 1]), settings);
  assert.deepEqual(more, []);
  assert.deepEqual(flag, { kind: 'off-road', startFrame: 1, endFrame: 4, startPts: 0.1, endPts: 0.4, worstFrame: 3, worstPts: 0.3, worstOnRoad: 0.1 });
});

test('a share between the two thresholds neither begins a flag nor ends one', () => {
  assert.deepEqual(findFlags(frames([0.55, 0.55, 0.55, 0.55]), settings), []);
  const flags = findFlags(frames([0.4, 0.55, 0.4, 0.55, 0.4, 0.6]), settings);
  assert.deepEqual(flags.map(({ startFrame, endFrame }) => [startFrame, endFrame]), [[0, 4]]);
});

test('a share at the upper threshold ends the flag; at the lower one it does not begin', () => {
  assert.deepEqual(findFlags(frames([0.1, 0.1, 0.1, 0.6, 0.1]), settings).map(({ endFrame }) => endFrame), [2]);
  assert.deepEqual(findFlags(frames([0.5, 0.5, 0.5, 0.5]), settings), []);
});

test('a run is as long as its frames are shown, and shorter ones are left out', () => {
  assert.deepEqual(findFlags(frames([1, 0.1, 0.1, 1, 1]), settings), []);
  assert.equal(findFlags(frames([1, 0.1, 0.1, 0.1, 1]), settings).length, 1);
  assert.equal(findFlags(frames([1, 1, 0.1, 0.1, 0.1]), settings).length, 1);
});

test('length is time, not frames: two slow frames are a flag where two quick ones are none', () => {
  assert.equal(findFlags({ pts: [0, 0.5, 1], onRoad: [0.1, 0.1, 1] }, settings).length, 1);
  assert.equal(findFlags({ pts: [0, 0.01, 0.02], onRoad: [0.1, 0.1, 1] }, settings).length, 0);
});

test('frames of unknown share neither begin nor end a flag', () => {
  const flags = findFlags(frames([NaN, 0.1, NaN, 0.1, 0.1, NaN, 1]), settings);
  assert.deepEqual(flags.map(({ startFrame, endFrame, worstFrame }) => [startFrame, endFrame, worstFrame]), [[1, 4, 1]]);
  assert.deepEqual(findFlags(frames([NaN, NaN, NaN, NaN]), settings), []);
});

test('no frames give no flags', () => {
  assert.deepEqual(findFlags(frames([]), settings), []);
});
