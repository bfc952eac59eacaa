import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag } from './support/messages.ts';
import { watchFeed } from './support/session.ts';

test('a feed is live until it is paused, at the picture that is seen', async (t) => {
  const { server, transport, watched, playback } = await watchFeed(t);
  assert.deepEqual([transport.isLive, transport.playing], [true, true]);
  transport.pause();
  assert.deepEqual(await server.heard(), [{ type: 'seek-time', time: 1010, generation: 1 }]);
  assert.deepEqual([transport.isLive, transport.playing, watched.mode], [false, false, 'paused']);
  assert.equal(playback.state.ended, false);
});

test('it plays on from the picture that is seen, and goes back to live', async (t) => {
  const { server, transport, watched, playback, paint } = await watchFeed(t);
  transport.goLive();
  assert.deepEqual(await server.heard(), [], 'it is live already');
  transport.seek(40);
  assert.deepEqual(await server.heard(), [{ type: 'seek-time', time: 1004, generation: 1 }]);
  await paint({ frame: 40, pts: 1004, generation: 1 });
  await server.heard();
  transport.setSpeed(2);
  transport.play();
  assert.deepEqual(await server.heard(), [
    { type: 'play-from', time: 1004, speed: 2, generation: 2 },
  ]);
  assert.deepEqual([watched.mode, playback.state.speed], ['playing', 2]);
  transport.setSpeed(0);
  assert.deepEqual(await server.heard(), [
    { type: 'play-from', time: 1004, speed: 1, generation: 3 },
  ]);
  transport.goLive();
  assert.deepEqual(await server.heard(), [{ type: 'live', generation: 4 }]);
  assert.deepEqual([transport.isLive, transport.playing, playback.state.speed], [true, true, 1]);
});

test('while it is live another speed changes nothing', async (t) => {
  const { server, transport } = await watchFeed(t);
  transport.setSpeed(4);
  assert.deepEqual(await server.heard(), []);
});

test('a jump while it plays goes on from there, one while it is paused stays', async (t) => {
  const { server, transport } = await watchFeed(t);
  transport.jump(20);
  assert.deepEqual(await server.heard(), [
    { type: 'play-from', time: 1002, speed: 1, generation: 1 },
  ]);
  transport.pause();
  await server.heard();
  transport.jump(30);
  assert.deepEqual(await server.heard(), [{ type: 'seek-time', time: 1003, generation: 3 }]);
});

test('steps are counted by the server, one after the other', async (t) => {
  const { server, clock, transport, paint } = await watchFeed(t);
  transport.step(-1);
  transport.step(-1);
  transport.step(-2);
  assert.deepEqual(await server.heard(), [{ type: 'step', frames: -1, generation: 1 }]);
  assert.equal(transport.playhead.position, 100);
  await paint({ frame: 99, pts: 1009.9, generation: 1 });
  assert.deepEqual(
    (await server.heard()).find(({ type }) => type === 'step'),
    {
      type: 'step',
      frames: -3,
      generation: 2,
    },
  );
  await paint({ frame: 96, pts: 1009.6, generation: 2 });
  assert.equal(transport.playhead.position, 96);
  assert.deepEqual(
    (await server.heard()).map(({ type }) => type),
    ['painted'],
  );
  // What is not answered for half a second holds nothing back.
  transport.step(1);
  clock.time += 500;
  transport.step(1);
  assert.deepEqual(
    (await server.heard()).map((message) => message.type === 'step' && message.frames),
    [1, 1],
  );
});

test('where a picture cannot be shown the playhead goes back to what is seen', async (t) => {
  const { server, transport } = await watchFeed(t);
  transport.seek(3);
  assert.equal(transport.playhead.position, 3);
  await server.say({ type: 'error', code: 'VIDEO_UNREADABLE', message: 'No.', hint: 'Look.' });
  assert.deepEqual([transport.playhead.position, transport.playhead.isAsking], [100, false]);
});

test('there are no ranges in a feed', async (t) => {
  const { transport } = await watchFeed(t);
  transport.setRange(1, 5);
  transport.setRangeStart();
  assert.equal(transport.repeat.range, null);
});

test('slow frames are told once three of a feed’s statistics agree, and forgotten with the mode', async (t) => {
  const { server, watched, transport } = await watchFeed(t);
  const overload = () => watched.overload;
  const delay = { lag: null, explained: null, painted: null };
  const say = (second: number) =>
    server.say({
      type: 'feed-statistics',
      feed: 'f',
      delay,
      sourceClock: { name: 'none' },
      sourceDelay: { arrival: null, painted: null },
      decodeRate: 10,
      inferenceRate: 5,
      damaged: 0,
      reconnects: 0,
      dropped: { decode: 0, inference: second * 5, viewer: 0 },
      decoded: second * 10,
      explained: second * 5,
      viewers: 1,
      inferenceErrors: 0,
      lastInferenceError: null,
      signals: { received: 0, rejected: 0 },
      recording: { bytes: 1, range: { start: 1000, end: 1000 + second }, failure: null },
    });
  for (const second of [1, 2, 3]) await say(second);
  assert.equal(overload(), null);
  await say(4);
  assert.deepEqual(overload(), { late: 'network', shown: 0, of: 30 });
  assert.deepEqual(watched.range, { start: 1000, end: 1004 });
  for (const second of [5, 6, 7, 8, 9]) await say(second);
  assert.equal(overload()?.of, 60);
  transport.pause();
  assert.equal(overload(), null);
  for (const second of [10, 11, 12, 13]) await say(second);
  assert.equal(overload(), null, 'it is not live');
});

test('statistics and clips of other feeds are not of this one', async (t) => {
  const { server, watched } = await watchFeed(t);
  await server.say({ type: 'clip-kept', feed: 'g', recording: 'x', flag: flag(1) });
  assert.equal(watched.clip, null);
  await server.say({ type: 'clip-kept', feed: 'f', recording: 'y', flag: flag(1) });
  assert.equal(watched.clip, 'y');
  await server.say({ type: 'feed-state', feed: 'g', state: { name: 'closed', since: 0 } });
  assert.equal(watched.feed?.state.name, 'live');
});

test('the picture of a feed is placed among the rows by its time', async (t) => {
  const { transport, paint } = await watchFeed(t);
  assert.equal(transport.playhead.position, 100);
  await paint({ frame: 55, pts: 1005.54 });
  assert.equal(transport.playhead.position, 55);
});
