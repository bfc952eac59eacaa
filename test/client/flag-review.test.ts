import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag } from './support/messages.ts';
import { flushSync, openViewer } from './support/viewer.ts';

const FLAGS = [
  flag(60, { severity: 2 }),
  flag(10, { severity: 1 }),
  flag(30, { severity: 2, kind: 'steers-wrong' }),
  flag(80, { severity: 3 }),
];

test('flags are listed by time or by severity, of one kind or all', async (t) => {
  const { review, say } = await openViewer(t);
  await say({ type: 'flags', flags: FLAGS });
  const shown = () => review.shown.map(({ startFrame }) => startFrame);
  assert.deepEqual(shown(), [10, 30, 60, 80]);
  review.order = 'severity';
  assert.deepEqual(shown(), [80, 30, 60, 10]);
  review.kind = 'off-road';
  assert.deepEqual(shown(), [80, 60, 10]);
  review.order = 'time';
  assert.deepEqual(shown(), [10, 60, 80]);
});

test('a flag that is looked at is gone to, at its worst frame, and stays open as long as it is there', async (t) => {
  const { server, review, say, paint } = await openViewer(t);
  await say({ type: 'flags', flags: FLAGS });
  const previous = () => review.previous?.startFrame;
  assert.equal(previous(), undefined);
  assert.equal(review.next?.startFrame, 10);
  review.look(review.next);
  flushSync();
  assert.deepEqual(
    (await server.heard()).filter(({ type }) => type === 'seek'),
    [{ type: 'seek', frame: 12, generation: 1 }],
  );
  assert.deepEqual(
    [review.selected?.startFrame, review.next?.startFrame, previous()],
    [10, 30, undefined],
  );
  await paint({ frame: 70, generation: 1 });
  assert.deepEqual([review.next?.startFrame, previous()], [80, 60]);
  review.kind = 'steers-wrong';
  assert.deepEqual([review.next, previous()], [undefined, 30]);
  review.look(undefined);
  assert.equal(review.selected?.startFrame, 10);
  await say({ type: 'flags', flags: FLAGS.slice(2) });
  assert.equal(review.selected, null);
});
