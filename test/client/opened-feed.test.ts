import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openedFeed } from '../../client/data/opened-feed.ts';
import { feed, watching } from './support/messages.ts';

const STALLED = { name: 'stalled', since: 0 } as const;

test('a feed is as large as its stream, else as before, else of a usual size', () => {
  const { recording } = openedFeed(watching(), null);
  assert.deepEqual(
    [recording.size, recording.frameRate, recording.hasLog],
    [{ width: 640, height: 360 }, 10, false],
  );
  assert.deepEqual([recording.id, recording.name, recording.durationSeconds], ['f', 'feed f', 0]);
  const stalled = watching({ feed: feed('f', { state: STALLED }) });
  const first = openedFeed(stalled, null);
  assert.deepEqual(
    [first.recording.size, first.recording.frameRate],
    [{ width: 1280, height: 720 }, 0],
  );
  const before = openedFeed(watching(), null);
  const known = { ...before, recording: { ...before.recording, hasLog: true } };
  const again = openedFeed(stalled, known);
  assert.deepEqual(
    [again.recording.size, again.recording.hasLog],
    [{ width: 640, height: 360 }, true],
  );
  assert.equal(again.cause, null);
});
