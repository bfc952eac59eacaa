import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DriveColumns } from '../../client/data/columns.ts';
import type { Measure } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';

type Numbers = (number | null)[];

const rows = (
  frame: number[],
  steering: Numbers,
  driven: Numbers,
  onRoad: Numbers,
  agreement: AnalysisColumns['agreement'] = null,
): AnalysisColumns => {
  const nothing = frame.map(() => null);
  const score = {
    mass: nothing,
    onRoad,
    lift: onRoad.map((share) => share && share * 4),
    peakOnRoad: onRoad.map((share) => share && 1),
    offRoadX: nothing,
    offRoadY: nothing,
  };
  return {
    frame,
    pts: frame,
    steering,
    driven,
    scores: [score, { ...score, onRoad: nothing }],
    agreement,
  };
};

test('times start at the first frame, whatever the file starts at', () => {
  const columns = new DriveColumns([5, 5.04, 5.5], 1);
  assert.deepEqual(
    [...columns.time].map((time) => Number(time.toFixed(6))),
    [0, 0.04, 0.5],
  );
  assert.equal(columns.origin, 5);
});

test('analysed rows come in the display unit; what is not there is NaN', () => {
  const columns = new DriveColumns([0, 1, 2, 3], 10);
  columns.append(rows([0, 1], [1, -2], [0.5, null], [0.25, null]));
  assert.deepEqual([...columns.of('steering')], [10, -20, NaN, NaN]);
  assert.deepEqual([...columns.of('driven')], [5, NaN, NaN, NaN]);
  assert.deepEqual([...columns.of('error')], [5, NaN, NaN, NaN]);
  assert.deepEqual([...columns.of('onRoad')], [25, NaN, NaN, NaN]);
  assert.deepEqual([...columns.of('lift')], [1, NaN, NaN, NaN]);
  assert.deepEqual([...columns.of('peakOnRoad')], [1, NaN, NaN, NaN]);
  assert.equal(columns.largest('lift'), 1);
  assert.equal(columns.largest('steering'), 20);
  assert.equal(columns.largest('error'), 5);
  assert.equal(columns.toDisplay(-0.5), -5);
  assert.ok(Number.isNaN(columns.toDisplay(null)));
});

test('what is missing is told as runs', () => {
  const columns = new DriveColumns([0, 1, 2, 3, 4, 5], 1);
  assert.deepEqual(columns.missing('attention'), [{ first: 0, last: 5 }]);
  columns.append(rows([1, 2, 4], [0, 0, 0], [0, 0, 0], [0, 0, 0]));
  assert.deepEqual(columns.missing('attention'), [
    { first: 0, last: 0 },
    { first: 3, last: 3 },
    { first: 5, last: 5 },
  ]);
  columns.append(rows([0, 3, 5], [0, 0, 0], [0, 0, 0], [0, 0, 0]));
  assert.deepEqual(columns.missing('attention'), []);
});

test('with other methods the steering stays, and what depends on them is missing until it comes', () => {
  const before = new DriveColumns([0, 1, 2, 3], 10);
  before.append(rows([0, 1, 2], [1, -2, 3], [0.5, null, 3], [0.25, 1, 1]));
  const columns = new DriveColumns([0, 1, 2, 3], 10);
  columns.keepSteering(before);
  assert.deepEqual(
    [columns.of('steering'), columns.of('driven'), columns.of('error')],
    [before.of('steering'), before.of('driven'), before.of('error')],
  );
  assert.deepEqual(
    [columns.largest('steering'), columns.largest('error'), columns.largest('lift')],
    [30, 5, 0],
  );
  assert.ok(
    columns.of('onRoad').every(Number.isNaN) && columns.of('peakOnRoad').every(Number.isNaN),
  );
  assert.deepEqual(columns.missing('steering'), [{ first: 3, last: 3 }]);
  assert.deepEqual(columns.missing('attention'), [{ first: 0, last: 3 }]);
  columns.append(rows([0], [1], [0.5], [0.5]));
  assert.equal(columns.of('onRoad')[0], 50);
  assert.deepEqual(columns.missing('attention'), [{ first: 1, last: 3 }]);
});

test('an exact index with fewer or more frames keeps the rows that are there', () => {
  const columns = new DriveColumns([0, 1, 2], 1);
  columns.append(rows([0, 1, 2], [7, 8, 9], [7, 8, 9], [1, 1, 1]));
  columns.setIndex([0, 1]);
  assert.deepEqual([...columns.of('steering')], [7, 8]);
  columns.setIndex([0, 1, 2, 3]);
  assert.deepEqual([...columns.of('steering')], [7, 8, NaN, NaN]);
  assert.deepEqual(columns.missing('attention'), [{ first: 2, last: 3 }]);
});

test('the nearest frame is found between uneven times and beyond both ends', () => {
  const columns = new DriveColumns([0, 0.1, 1, 1.05], 1);
  for (const [time, frame] of [
    [-3, 0],
    [0.04, 0],
    [0.06, 1],
    [0.5, 1],
    [0.6, 2],
    [1.03, 3],
    [9, 3],
  ] as const)
    assert.equal(columns.nearest(time), frame, String(time));
  assert.equal(new DriveColumns([], 1).nearest(1), 0);
});

test('agreement comes as numbers and, for the overlap, per cent; without a second method it is not there', () => {
  const columns = new DriveColumns([0, 1, 2], 1);
  columns.append(
    rows([0, 1], [0, 0], [0, 0], [1, 1], {
      spearman: [0.5, -0.25],
      ssim: [0.75, null],
      topOverlap: [0.5, 0.25],
    }),
  );
  columns.append(rows([2], [0], [0], [1]));
  assert.deepEqual([...columns.of('spearman')], [0.5, -0.25, NaN]);
  assert.deepEqual([...columns.of('ssim')], [0.75, NaN, NaN]);
  assert.deepEqual([...columns.of('topOverlap')], [50, 25, NaN]);
  assert.equal(columns.least('spearman'), -0.25);
});

test('causal truth comes in the display unit and keeps its frames when the index changes', () => {
  const columns = new DriveColumns([0, 1, 2], 10, { cause: [0.5, null, -1] });
  assert.deepEqual([...columns.of('cause')], [5, NaN, -10]);
  columns.setIndex([0, 1]);
  assert.deepEqual([...columns.of('cause')], [5, NaN]);
  assert.deepEqual([...new DriveColumns([0], 1).of('cause')], [NaN]);
});

test('nothing is known of the scales before the first row', () => {
  const columns = new DriveColumns([0, 1], 1);
  for (const { id } of MEASURES.filter((measure: Measure) => measure.kept))
    assert.deepEqual([columns.largest(id), columns.least(id)], [0, 0], id);
});
