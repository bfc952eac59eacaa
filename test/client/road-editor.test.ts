import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_ROAD, MOST_POINTS } from '../../client/data/polygon.ts';
import type { Point } from '../../shared/geometry.ts';
import { METHOD, opened, recording } from './support/messages.ts';
import { openViewer, startViewer } from './support/viewer.ts';

const TRIANGLE: readonly Point[] = [
  [0.2, 0.8],
  [0.8, 0.8],
  [0.5, 0.4],
];

test('drawing begins with the road there is, inside the frame, and pauses what plays', async (t) => {
  const { server, editor, transport, say } = await openViewer(t);
  transport.play();
  await server.heard();
  editor.open();
  assert.deepEqual(editor.points, FIRST_ROAD);
  assert.deepEqual(await server.heard(), [{ type: 'pause' }]);
  assert.deepEqual([editor.isOpen, editor.isChanged, editor.crosses], [true, false, false]);
  editor.close();
  await say(opened({ road: { kind: 'polygon', points: TRIANGLE } }));
  editor.open();
  assert.deepEqual(editor.points, TRIANGLE);
  await say(
    opened({
      road: {
        kind: 'guess',
        points: [
          [-0.5, 0],
          [0.5, 0],
          [0.5, 1],
          [-0.5, 1],
        ],
      },
    }),
  );
  editor.open();
  assert.deepEqual(new Set(editor.points?.map(String)), new Set(['0,0', '0.5,0', '0.5,1', '0,1']));
  // Nothing of it can be seen.
  await say(
    opened({
      road: {
        kind: 'polygon',
        points: [
          [2, 2],
          [3, 2],
          [3, 3],
        ],
      },
    }),
  );
  editor.open();
  assert.deepEqual(editor.points, FIRST_ROAD);
});

test('nothing is drawn before something is open', async (t) => {
  const { editor } = await startViewer(t);
  editor.open();
  assert.equal(editor.isOpen, false);
});

test('points are moved inside the frame, added half way, and removed down to three', async (t) => {
  const { editor, say } = await openViewer(t);
  await say(opened({ road: { kind: 'polygon', points: TRIANGLE } }));
  editor.open();
  editor.move(1, [1.5, -0.5]);
  assert.deepEqual([editor.points?.[1], editor.isChanged], [[1, 0], true]);
  editor.moveBy(1, [-0.25, 0.5]);
  assert.deepEqual(editor.points?.[1], [0.75, 0.5]);
  editor.reset();
  assert.deepEqual([editor.points, editor.isChanged], [TRIANGLE, false]);
  assert.equal(editor.canRemove, false);
  editor.remove(0);
  assert.equal(editor.points?.length, 3);
  assert.equal(editor.add(0), 1);
  assert.deepEqual(editor.points?.[1], [0.5, 0.8]);
  assert.equal(editor.add(3, [0.1, 2]), 4);
  assert.deepEqual(editor.points?.at(-1), [0.1, 1]);
  editor.remove(1);
  assert.deepEqual(editor.points, [...TRIANGLE, [0.1, 1]]);
  for (let more = 0; more < MOST_POINTS; more++) editor.add(0);
  assert.deepEqual([editor.points?.length, editor.canAdd], [MOST_POINTS, false]);
  assert.equal(editor.add(0), 0);
});

test('an outline that crosses itself is told', async (t) => {
  const { editor } = await openViewer(t);
  editor.open();
  editor.move(0, [0.9, 0.9]);
  editor.move(1, [0.1, 0.9]);
  editor.move(2, [0.9, 0.1]);
  editor.move(3, [0.1, 0.2]);
  assert.equal(editor.crosses, true);
});

test('what was saved ends the drawing once it is kept, and stays where it could not be', async (t) => {
  const { server, editor, say } = await openViewer(t);
  editor.open();
  editor.save();
  assert.equal(editor.isSaving, true);
  assert.deepEqual(await server.heard(), [{ type: 'road', points: FIRST_ROAD }]);
  await say({ type: 'error', code: 'USAGE', message: 'No.', hint: 'Look.' });
  assert.deepEqual([editor.isSaving, editor.points], [false, FIRST_ROAD]);
  editor.save();
  await say(opened());
  assert.deepEqual([editor.isSaving, editor.isOpen], [false, false]);
  editor.open();
  editor.forget();
  assert.deepEqual((await server.heard()).filter(({ type }) => type === 'road').at(-1), {
    type: 'road',
    points: null,
  });
  await say(opened());
  assert.equal(editor.isOpen, false);
});

test('what is drawn stays when the same is opened again, and not when something else is', async (t) => {
  const { editor, opener, say } = await openViewer(t);
  editor.open();
  opener.open({ recording: 'a', network: 'other', methods: [METHOD] });
  await say(opened());
  assert.equal(editor.isOpen, true);
  editor.save();
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  await say(opened({ recording: recording('b') }));
  assert.deepEqual([editor.isOpen, editor.isSaving], [false, false]);
});
