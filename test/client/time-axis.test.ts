import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feed, hello, METHOD, opened, recording, rows, openedFeed } from './support/messages.ts';
import { flushSync, openViewer, startViewer } from './support/viewer.ts';

const rounded = ({ min, max }: { readonly min: number; readonly max: number }) =>
  [min, max].map((time) => Math.round(time * 1000) / 1000);

test('the whole drive is visible until somebody zooms', async (t) => {
  const { axis, say } = await openViewer(t);
  assert.deepEqual([axis.start, axis.end, axis.isWhole], [0, 10, true]);
  assert.deepEqual(rounded(axis.window), [0, 10]);
  assert.deepEqual([axis.share(2.5), axis.at(0.75)], [0.25, 7.5]);
  axis.zoom(4, 0.5);
  assert.deepEqual([rounded(axis.window), axis.isWhole], [[2, 7], false]);
  assert.deepEqual([axis.share(2), axis.at(1)], [0, 7]);
  axis.pan(2);
  assert.deepEqual(rounded(axis.window), [4, 9]);
  axis.pan(100);
  assert.deepEqual(rounded(axis.window), [5, 10]);
  axis.fit();
  assert.equal(axis.isWhole, true);
  axis.zoomAtPlayhead(0.5);
  assert.deepEqual(rounded(axis.window), [0, 5]);
  await say(opened({ recording: recording('b') }));
  assert.equal(axis.isWhole, true);
});

test('the same opened again keeps what is visible', async (t) => {
  const { axis, opener, say } = await openViewer(t);
  axis.zoom(0, 0.5);
  opener.open({ recording: 'a', network: 'net', methods: [METHOD] });
  await say(opened());
  assert.deepEqual(rounded(axis.window), [0, 5]);
});

test('the window turns its page when the playhead leaves it, but not while it rests', async (t) => {
  const { axis, transport, paint } = await openViewer(t);
  axis.zoom(0, 0.2);
  assert.deepEqual(rounded(axis.window), [0, 2]);
  transport.play();
  await paint({ frame: 20 });
  assert.deepEqual(rounded(axis.window), [0, 2]);
  await paint({ frame: 21 });
  assert.deepEqual(rounded(axis.window), [2, 4]);
  assert.equal(Math.round(axis.playhead * 1000), 2100);
  transport.pause();
  axis.pan(3);
  flushSync();
  assert.deepEqual(rounded(axis.window), [5, 7]);
  transport.seek(0);
  flushSync();
  assert.deepEqual(rounded(axis.window), [0, 2]);
});

test('of a feed the last minute is visible and goes with its end, unless somebody looks elsewhere', async (t) => {
  const { axis, say, transport } = await startViewer(t, {
    greeting: hello({ feeds: [feed('f')] }),
  });
  const grow = (first: number, last: number, from = 0) =>
    say({ type: 'feed-rows', columns: rows(first, last), restart: first === 0, from });
  await say(openedFeed());
  assert.deepEqual([axis.end, rounded(axis.window)], [60, [0, 60]]);
  await grow(0, 100);
  assert.deepEqual([axis.end, rounded(axis.window)], [60, [0, 60]]);
  await grow(101, 700);
  assert.deepEqual([axis.end, rounded(axis.window)], [70, [10, 70]]);
  assert.equal(transport.isLive, true);
  axis.pan(-5);
  await grow(701, 720);
  assert.deepEqual(rounded(axis.window), [5, 65]);
  // What is forgotten cannot be seen any more.
  await grow(721, 730, 1012);
  assert.deepEqual([axis.start, rounded(axis.window)], [12, [12, 72]]);
  axis.fit();
  await grow(731, 800, 1012);
  assert.deepEqual(rounded(axis.window), [12, 80]);
});
