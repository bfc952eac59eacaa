import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOf, without } from '../bench/flag-kinds.ts';
import {
  areaUnderCurve,
  countsOf,
  framesOf,
  intervalsOf,
  partOf,
  precisionOf,
  recallAtPrecision,
  recallOf,
  sumOf,
} from '../bench/flag-measures.ts';
import { causalTruth, judge } from '../bench/flag-judgement.ts';
import { atThreshold, bestThreshold } from '../bench/flag-thresholds.ts';
import type { Flag } from '../../shared/flags.ts';

const frames = (text: string) => [...text].map((each) => each === '1');
const text = (of: readonly boolean[]) => of.map(Number).join('');

test('intervals bridge short gaps first, and only then drop what is short', () => {
  assert.deepEqual(intervalsOf(frames('1101100010100001'), 2, 3), [
    { first: 0, last: 4 },
    { first: 8, last: 10 },
  ]);
  assert.deepEqual(intervalsOf(frames('1101100010100001'), 3, 1), [
    { first: 0, last: 10 },
    { first: 15, last: 15 },
  ]);
  assert.deepEqual(intervalsOf(frames('000'), 5, 1), []);
});

test('intervals become frames again, ends included', () => {
  assert.equal(
    text(
      framesOf(
        [
          { first: 1, last: 2 },
          { first: 4, last: 4 },
        ],
        6,
      ),
    ),
    '011010',
  );
  assert.equal(partOf({ first: 1, last: 4 }, frames('011010')), 0.75);
});

test('precision counts among the flagged, recall among the true', () => {
  const counts = countsOf(frames('1111100000'), frames('1110000011'));
  assert.deepEqual(counts, { hits: 3, falseAlarms: 2, misses: 2, rest: 3 });
  assert.equal(precisionOf(counts), 0.6);
  assert.equal(recallOf(sumOf([counts, { hits: 1, falseAlarms: 0, misses: 2, rest: 0 }])), 0.5);
  assert.ok(Number.isNaN(precisionOf(countsOf(frames('00'), frames('10')))));
});

test('the area under the curve is the share of pairs in their order, ties half, unknown values left out', () => {
  const values = [0.1, 0.4, 0.4, 0.2, 0.9, NaN];
  const truth = frames('110001');
  let [ordered, pairs] = [0, 0];
  for (const [i, a] of values.entries()) {
    for (const [j, b] of values.entries()) {
      if (!truth[i] || truth[j] || Number.isNaN(a) || Number.isNaN(b)) continue;
      pairs++;
      ordered += a < b ? 1 : a === b ? 0.5 : 0;
    }
  }
  assert.equal(areaUnderCurve(values, truth), ordered / pairs);
  assert.equal(areaUnderCurve([1, 1, 1], frames('101')), 0.5);
});

const flag = (startFrame: number, endFrame: number): Flag => ({
  kind: 'off-road',
  startFrame,
  endFrame,
  startPts: startFrame / 10,
  endPts: endFrame / 10,
  worstFrame: startFrame,
  worstPts: startFrame / 10,
  worst: 0,
  severity: 1,
});

test('an interval counts as found when half of it is flagged, a flag as true when it holds one true frame', () => {
  const steering = Array.from({ length: 40 }, (_, frame) =>
    frame < 10 ? 10 : frame >= 30 ? -4 : 0,
  );
  const truth = causalTruth([new Array<number>(40).fill(1), steering], 10);
  assert.deepEqual(truth.intervals, [
    { first: 0, last: 9 },
    { first: 30, last: 39 },
  ]);
  const found = judge([{ truth, flags: [flag(0, 4), flag(15, 17), flag(36, 39)] }]);
  assert.deepEqual([found.intervals, found.found, found.flags, found.trueFlags], [2, 1, 3, 2]);
  assert.deepEqual(found.counts, { hits: 9, falseAlarms: 3, misses: 11, rest: 17 });
});

test('recall at a precision takes the furthest threshold that is still right, equal values together', () => {
  const values = [1, 2, 3, 3, 4, NaN];
  // Up to 1: 1 of 1 right, up to 2: 2 of 2, up to 3: 3 of 4, up to 4: 4 of 5; five are true.
  const truth = frames('111011');
  assert.equal(recallAtPrecision(values, truth, 0.9), 2 / 5);
  assert.equal(recallAtPrecision(values, truth, 0.8), 4 / 5);
  assert.equal(recallAtPrecision(values, truth, 0.75), 4 / 5);
  assert.equal(recallAtPrecision([1, 2], frames('01'), 0.9), 0);
});

test('a frame is true where any kind by itself, or all together, move the wheel', () => {
  const truth = causalTruth(
    [
      [0, 3.1, 0, 3],
      [0, 0, 0, -2.9],
      [0, 0, -3.1, 0],
    ],
    10,
  );
  assert.equal(text(truth.frames), '0110');
});

test('a threshold is judged by whole flags, and the best one finds most while nine in ten are right', () => {
  const of = (ranks: string, truth: string) => ({
    ranks: [...ranks].map(Number),
    truth: causalTruth([frames(truth).map((each) => (each ? 9 : 0))], 1),
  });
  // At one frame a second nothing is bridged but single frames, and any length will do.
  const drives = [of('1199922999', '1100011000'), of('9999933999', '0000000000')];
  const at = (threshold: number) => {
    const { flags, rightFlags, found, intervals } = atThreshold(drives, threshold, 1);
    return [flags, rightFlags, found, intervals];
  };
  assert.deepEqual(at(1), [1, 1, 1, 2]);
  assert.deepEqual(at(2), [2, 2, 2, 2]);
  assert.deepEqual(at(3), [3, 2, 2, 2]);
  assert.equal(bestThreshold(drives, 0.9, 1)?.threshold, 2);
  assert.equal(bestThreshold([of('1999', '0001')], 0.9, 1), null);
});

test('kinds cover what the scene generator puts beside the road, and nothing on it', () => {
  assert.deepEqual(['cue', 'lamp', 'barrier', 'woods', 'bale'].map(kindOf), [
    'boards',
    'poles',
    'rails',
    'woods',
    'bales',
  ]);
  assert.deepEqual(['car', 'truck', 'marking'].map(kindOf), [null, null, null]);
  assert.deepEqual(without('rails'), ['guard-rail', 'barrier']);
  assert.ok(without('all').includes('tree') && without('all').includes('cue'));
});
