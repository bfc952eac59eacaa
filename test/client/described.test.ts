import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describedByRows,
  describedByState,
  describedRecording,
  UNDESCRIBED,
} from '../../client/data/described.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import { feed, opened, recording, rows } from './support/messages.ts';

test('a recording tells of itself as it is opened', () => {
  const size = { width: 640, height: 480 };
  const told = opened({ recording: recording('a', { size, hasLog: false }), logged: ['brake'] });
  assert.deepEqual(describedRecording(told), { size, hasLog: false, logged: ['brake'] });
  assert.deepEqual(describedRecording(opened()).logged, []);
});

test('a feed is as large as its stream, else as before, else of a usual size', () => {
  assert.deepEqual(UNDESCRIBED.size, { width: 1280, height: 720 });
  const live = describedByState(UNDESCRIBED, feed('f').state);
  assert.deepEqual(live.size, { width: 640, height: 360 });
  assert.equal(describedByState(live, { name: 'stalled', since: 0 }), live);
});

test('what once had a value in the rows of a feed is logged from then on', () => {
  const brake = { ...MEASURES[0], id: 'brake', needs: 'logged' } as const;
  const told = (change: object) =>
    describedByRows(UNDESCRIBED, { ...rows(0, 1), ...change }, [...MEASURES, brake]);
  assert.deepEqual([told({}).hasLog, told({}).logged], [false, []]);
  assert.deepEqual(told({ brake: [null, null] }).logged, []);
  const known = told({ driven: [null, 0.5], brake: [null, 1] });
  assert.deepEqual([known.hasLog, known.logged], [true, ['brake']]);
  const later = describedByRows(known, rows(2, 3), [brake]);
  assert.deepEqual([later.hasLog, later.logged], [true, ['brake']]);
});
