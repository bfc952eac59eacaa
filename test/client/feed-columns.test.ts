import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FeedColumns } from '../../client/data/feed-columns.ts';
import { overloadOf, overloadText } from '../../client/data/overload.ts';
import { grown } from '../../client/data/time-window.ts';
import type { Flag } from '../../shared/flags.ts';
import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';

const START = 1.7e9;

/**
 * Rows of these pictures, at ten pictures a second unless told; a picture's steering is its number.
 */
const rows = (
  frame: number[],
  pts = frame.map((number) => START + number / 10),
): AnalysisColumns => {
  const nothing = frame.map(() => null);
  return {
    frame,
    pts,
    steering: frame,
    driven: nothing,
    scores: [
      {
        mass: nothing,
        onRoad: nothing,
        lift: nothing,
        peakOnRoad: nothing,
        offRoadX: nothing,
        offRoadY: nothing,
      },
    ],
    agreement: null,
  };
};

test('rows of a feed grow at the end, in time since the first', () => {
  const columns = new FeedColumns(2, null);
  assert.equal(columns.numberOf(0), 0);
  columns.take(rows([7, 8]), 0);
  columns.take(rows([10]), 0);
  assert.equal(columns.origin, START + 0.7);
  assert.deepEqual(
    [...columns.time].map((time) => Number(time.toFixed(3))),
    [0, 0.1, 0.3],
  );
  assert.deepEqual([...columns.of('steering')], [14, 16, 20]);
  assert.deepEqual(
    [0, 1, 2].map((row) => columns.numberOf(row)),
    [7, 8, 10],
  );
  assert.deepEqual(columns.missing('attention'), []);
});

test('with other methods the steering of the rows before stays, and the rows go on behind them', () => {
  const before = new FeedColumns(2, null);
  before.take(rows([7, 8, 9]), 0);
  const columns = new FeedColumns(2, before.origin);
  columns.keep(before, START + 0.9);
  columns.take(rows([9, 10]), 0);
  assert.deepEqual([...columns.of('steering')], [14, 16, 18, 20]);
  assert.deepEqual(
    [...columns.time].map((time) => Number(time.toFixed(3))),
    [0, 0.1, 0.2, 0.3],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => columns.numberOf(row)),
    [7, 8, 9, 10],
  );
  assert.deepEqual(columns.missing('steering'), []);
  assert.deepEqual(columns.missing('attention'), [{ first: 0, last: 1 }]);
  // The server has no rows but those of the new methods.
  columns.take(rows([11]), START + 0.9);
  assert.equal(columns.frames, 5);
  columns.take(rows([12], [START + 1801]), START + 0.9);
  assert.equal(columns.numberOf(0), 9);
});

test('thousands of rows in many messages are all there', () => {
  const columns = new FeedColumns(1, null);
  for (let first = 0; first < 5000; first += 3)
    columns.take(rows([first, first + 1, first + 2]), 0);
  assert.equal(columns.frames, 5001);
  assert.ok(columns.of('steering').every((value, row) => value === row));
});

test('where there was no signal there is a gap', () => {
  const columns = new FeedColumns(1, null);
  columns.take(rows([0, 1, 2, 3], [START, START + 0.1, START + 9, START + 9.1]), 0);
  assert.deepEqual([...columns.of('steering')], [0, 1, NaN, 2, 3]);
  assert.deepEqual(columns.missing('attention'), [{ first: 2, last: 2 }]);
});

test('old rows are forgotten; times and flags of the others stay where they were', () => {
  const columns = new FeedColumns(1, null);
  columns.take(rows([0, 1, 2, 3, 4, 5]), 0);
  columns.take(rows([6]), START + 0.35);
  assert.deepEqual([...columns.of('steering')], [4, 5, 6]);
  assert.equal(columns.origin, START);
  assert.ok(Math.abs(columns.start - 0.4) < 1e-6);
  const { startFrame, worstFrame, endFrame } = columns.placed({
    startFrame: 2,
    worstFrame: 5,
    endFrame: 6,
  } as Flag);
  assert.deepEqual([startFrame, worstFrame, endFrame], [0, 1, 2]);
  columns.take(rows([7]), 0);
  assert.deepEqual([...columns.of('steering')], [4, 5, 6, 7]);
});

test('a window that shows the end goes with it; another one stays', () => {
  assert.deepEqual(grown({ min: 40, max: 100 }, { min: 0, max: 100 }, { min: 0, max: 101 }), {
    min: 41,
    max: 101,
  });
  assert.deepEqual(grown({ min: 20, max: 30 }, { min: 0, max: 100 }, { min: 0, max: 101 }), {
    min: 20,
    max: 30,
  });
  assert.deepEqual(grown({ min: 20, max: 30 }, { min: 0, max: 100 }, { min: 50, max: 101 }), {
    min: 50,
    max: 60,
  });
});

test('who does not keep up is told, with how many frames are shown', () => {
  const counts = (
    decoded: number,
    explained: number,
    decode: number,
    inference: number,
    viewer: number,
  ) => ({ decoded, explained, dropped: { decode, inference, viewer } });
  const before = counts(100, 90, 1, 9, 50);
  assert.equal(overloadOf(before, counts(250, 239, 1, 10, 50), 149), null);
  const slow = overloadOf(before, counts(250, 140, 1, 109, 50), 48);
  assert.ok(slow);
  assert.equal(
    overloadText(slow),
    'The network is slower than the feed: 48 of 150 frames are shown.',
  );
  assert.equal(overloadOf(before, counts(250, 240, 61, 9, 50), 90)?.late, 'decoder');
  assert.equal(overloadOf(before, counts(250, 240, 1, 9, 120), 80)?.late, 'page');
  assert.equal(overloadOf(before, counts(250, 240, 1, 9, 120), 148), null, 'another page was late');
});

test('one in ten that is left out is not too many, one more is', () => {
  const counts = (
    decoded: number,
    explained: number,
    decode: number,
    inference: number,
    viewer: number,
  ) => ({ decoded, explained, dropped: { decode, inference, viewer } });
  const late = (...[now, painted]: [ReturnType<typeof counts>, number]) =>
    overloadOf(counts(0, 0, 0, 0, 0), now, painted);
  assert.equal(late(counts(100, 90, 10, 0, 0), 90), null);
  assert.deepEqual(late(counts(100, 89, 11, 0, 0), 89), { late: 'decoder', shown: 89, of: 100 });
  assert.equal(late(counts(100, 90, 0, 10, 0), 90), null);
  assert.deepEqual(late(counts(100, 89, 0, 11, 0), 89), { late: 'network', shown: 89, of: 100 });
  // Two may be on their way.
  assert.equal(late(counts(100, 100, 0, 0, 50), 88), null);
  assert.deepEqual(late(counts(100, 100, 0, 0, 50), 87), { late: 'page', shown: 87, of: 100 });
  assert.equal(late(counts(100, 100, 0, 0, 0), 50), null, 'nobody left anything out');
  assert.equal(late(counts(0, 0, 5, 0, 0), 0), null, 'there was nothing to show');
  // More than there were: frames of before.
  assert.equal(late(counts(100, 80, 0, 20, 0), 130)?.shown, 100);
});
