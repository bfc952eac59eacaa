import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METHOD, opened, recording } from './support/messages.ts';
import { openRecording, startSession } from './support/session.ts';

test('playing begins where the playhead is, and at the end from the beginning', async (t) => {
  const { server, transport, playback, paint } = await openRecording(t);
  transport.toggle();
  assert.deepEqual(await server.heard(), [{ type: 'play', speed: 1, loop: false, frame: 0 }]);
  assert.deepEqual([transport.playing, playback.state.speed], [true, 1]);
  transport.toggle();
  assert.deepEqual(await server.heard(), [{ type: 'pause' }]);
  assert.equal(transport.playing, false);
  transport.seek(99);
  await paint({ frame: 99, generation: 1 });
  await server.heard();
  transport.play();
  assert.deepEqual((await server.heard()).at(-1), {
    type: 'play',
    speed: 1,
    loop: false,
    frame: 99,
  });
  transport.seek(100);
  await paint({ frame: 100, generation: 2 });
  await server.heard();
  transport.play();
  assert.deepEqual(await server.heard(), [
    { type: 'seek', frame: 0, generation: 3 },
    { type: 'play', speed: 1, loop: false, frame: 0 },
  ]);
});

test('nothing is sent before something is open', async (t) => {
  const { server, transport } = await startSession(t);
  await server.heard();
  for (const act of ['play', 'pause', 'goLive', 'shuttleBackward'] as const) transport[act]();
  transport.seek(3);
  transport.step(1);
  assert.deepEqual(await server.heard(), []);
  assert.equal(transport.playing, false);
});

test('a seek stays, a jump goes on playing, and both keep inside the drive', async (t) => {
  const { server, transport } = await openRecording(t);
  transport.seek(-4);
  transport.seek(1e9);
  assert.deepEqual(await server.heard(), [
    { type: 'seek', frame: 0, generation: 1 },
    { type: 'seek', frame: 100, generation: 2 },
  ]);
  transport.seek(50);
  transport.play();
  await server.heard();
  transport.jump(40);
  assert.deepEqual(await server.heard(), [
    { type: 'seek', frame: 40, generation: 4 },
    { type: 'play', speed: 1, loop: false, frame: 40 },
  ]);
  assert.equal(transport.playing, true);
  transport.pause();
  await server.heard();
  transport.jump(41);
  assert.deepEqual(await server.heard(), [{ type: 'seek', frame: 41, generation: 5 }]);
  assert.equal(transport.playing, false);
});

test('the playhead is where it was asked to be, until that is painted', async (t) => {
  const { transport, screen, paint } = await openRecording(t);
  const { playhead } = transport;
  assert.equal(playhead.isAsking, false);
  transport.seek(30);
  assert.deepEqual([playhead.position, playhead.target, playhead.last], [30, 30, 100]);
  assert.equal(playhead.isAsking, true);
  // An old frame is not the answer, and is not painted either.
  await paint({ frame: 12, generation: 0 });
  assert.deepEqual([playhead.target, screen.painted?.frame], [30, 0]);
  await paint({ frame: 30, generation: 1 });
  assert.deepEqual([playhead.position, playhead.target, playhead.isAsking], [30, null, false]);
});

test('scrubbing lets the picture that is fetched come first, then goes to the last place asked for', async (t) => {
  const { server, clock, transport, paint } = await openRecording(t);
  transport.scrub(10);
  transport.scrub(20);
  transport.scrub(25);
  assert.equal(transport.playhead.position, 25);
  assert.deepEqual(await server.heard(), [{ type: 'seek', frame: 10, generation: 1 }]);
  await paint({ frame: 10, generation: 1 });
  assert.deepEqual(
    (await server.heard()).filter(({ type }) => type === 'seek'),
    [{ type: 'seek', frame: 25, generation: 2 }],
  );
  // What does not come within half a second holds nothing back any more.
  clock.time += 499;
  transport.scrub(30);
  assert.deepEqual(await server.heard(), []);
  clock.time++;
  transport.scrub(31);
  assert.deepEqual(await server.heard(), [{ type: 'seek', frame: 31, generation: 3 }]);
  await paint({ frame: 31, generation: 3 });
  assert.equal(transport.playhead.target, null);
});

test('the place that was scrubbed to last is not asked for twice', async (t) => {
  const { server, transport, paint } = await openRecording(t);
  transport.scrub(10);
  transport.scrub(20);
  transport.scrub(10);
  await paint({ frame: 10, generation: 1 });
  assert.equal((await server.heard()).filter(({ type }) => type === 'seek').length, 1);
  assert.equal(transport.playhead.target, null);
});

test('steps go by frames and by seconds, and pause what plays only by frames', async (t) => {
  const { server, transport, paint } = await openRecording(t, { frame: 50 });
  transport.step(-1);
  assert.deepEqual(await server.heard(), [{ type: 'seek', frame: 49, generation: 1 }]);
  await paint({ frame: 49, generation: 1 });
  await server.heard();
  transport.stepSeconds(1);
  assert.deepEqual(await server.heard(), [{ type: 'seek', frame: 59, generation: 2 }]);
  await paint({ frame: 59, generation: 2 });
  transport.play();
  await server.heard();
  transport.stepSeconds(-2);
  assert.deepEqual(await server.heard(), [
    { type: 'seek', frame: 39, generation: 3 },
    { type: 'play', speed: 1, loop: false, frame: 39 },
  ]);
  await paint({ frame: 39, generation: 3 });
  await server.heard();
  transport.step(2);
  assert.deepEqual(await server.heard(), [
    { type: 'pause' },
    { type: 'seek', frame: 41, generation: 4 },
  ]);
});

test('another speed counts at once while it plays, else from the next time on', async (t) => {
  const { server, transport } = await openRecording(t);
  transport.setSpeed(2);
  assert.deepEqual(await server.heard(), []);
  transport.play();
  transport.setSpeed(0);
  assert.deepEqual(await server.heard(), [
    { type: 'play', speed: 2, loop: false, frame: 0 },
    { type: 'play', speed: 0, loop: false },
  ]);
});

test('L plays at its own speed, and twice as fast each time', async (t) => {
  const { server, transport } = await openRecording(t);
  transport.setSpeed(0.25);
  for (let presses = 0; presses < 5; presses++) transport.shuttleForward();
  const speeds = (await server.heard()).map((message) => message.type === 'play' && message.speed);
  assert.deepEqual(speeds, [1, 2, 4, 8, 8]);
});

test('the whole drive is repeated by the server, a range from here', async (t) => {
  const { server, transport, playback, paint } = await openRecording(t);
  transport.repeat.toggle();
  assert.deepEqual(await server.heard(), []);
  transport.play();
  assert.deepEqual(await server.heard(), [{ type: 'play', speed: 1, loop: true, frame: 0 }]);
  transport.setRange(30, 20);
  assert.deepEqual(transport.repeat.range, { first: 20, last: 30 });
  assert.deepEqual(await server.heard(), [{ type: 'play', speed: 1, loop: false }]);
  await paint({ frame: 30 });
  await server.heard();
  // Behind the range: it begins again, once, and what is behind it is not shown.
  await paint({ frame: 31 });
  await paint({ frame: 32 });
  const asked = (await server.heard()).filter(({ type }) => type !== 'painted');
  assert.deepEqual(asked, [
    { type: 'seek', frame: 20, generation: 1 },
    { type: 'play', speed: 1, loop: false, frame: 20 },
  ]);
  assert.equal(transport.playhead.position, 20);
  await paint({ frame: 20, generation: 1 });
  await server.heard();
  // Its first frame is on the screen already.
  await paint({ frame: 31, generation: 1 });
  assert.deepEqual(
    (await server.heard()).filter(({ type }) => type !== 'painted'),
    [{ type: 'play', speed: 1, loop: false, frame: 20 }],
  );
  // A range up to the last frame ends by the end of the drive.
  transport.setRange(90, 100);
  await server.heard();
  await server.say({ type: 'state', playing: false, speed: 1, ended: true });
  assert.deepEqual((await server.heard()).at(-1), {
    type: 'play',
    speed: 1,
    loop: false,
    frame: 90,
  });
  assert.equal(playback.playing, true);
  transport.repeat.clearRange();
  assert.deepEqual(await server.heard(), [{ type: 'play', speed: 1, loop: true }]);
});

test('at the end of a range that is repeated playing begins at its start', async (t) => {
  const { server, transport, paint } = await openRecording(t, { frame: 29 });
  transport.setRange(20, 30);
  transport.play();
  assert.deepEqual((await server.heard()).at(-1), {
    type: 'play',
    speed: 1,
    loop: false,
    frame: 29,
  });
  transport.pause();
  transport.seek(30);
  await paint({ frame: 30, generation: 1 });
  await server.heard();
  transport.play();
  assert.deepEqual((await server.heard()).at(-1), {
    type: 'play',
    speed: 1,
    loop: false,
    frame: 20,
  });
});

test('the ends of a range are set where the playhead is, and the other end gives way', async (t) => {
  const { transport, paint } = await openRecording(t, { frame: 40 });
  transport.setRangeStart();
  assert.deepEqual(transport.repeat.range, { first: 40, last: 100 });
  transport.seek(60);
  await paint({ frame: 60, generation: 1 });
  transport.setRangeEnd();
  assert.deepEqual(transport.repeat.range, { first: 40, last: 60 });
  transport.setRangeStart();
  assert.deepEqual(transport.repeat.range, { first: 60, last: 100 });
  transport.seek(50);
  transport.setRangeEnd();
  assert.deepEqual(transport.repeat.range, { first: 0, last: 50 });
  // A range of one frame is none.
  transport.setRange(7, 7);
  assert.deepEqual(transport.repeat.range, { first: 0, last: 50 });
});

test('backwards it asks for the frame of the moment, one at a time, down to the first', async (t) => {
  const { server, clock, transport, paint } = await openRecording(t, { frame: 10 });
  transport.shuttleBackward();
  assert.deepEqual([transport.reverse.speed, transport.playing], [1, true]);
  assert.deepEqual(await server.heard(), []);
  clock.time += 200;
  clock.drawFrame();
  clock.time += 100;
  clock.drawFrame();
  assert.deepEqual(await server.heard(), [{ type: 'seek', frame: 8, generation: 1 }]);
  await paint({ frame: 8, generation: 1 });
  await server.heard();
  clock.drawFrame();
  assert.deepEqual(await server.heard(), [{ type: 'seek', frame: 7, generation: 2 }]);
  // Again: twice as fast, from where it is.
  transport.shuttleBackward();
  assert.equal(transport.reverse.speed, 2);
  await paint({ frame: 7, generation: 2 });
  clock.time += 200;
  clock.drawFrame();
  assert.deepEqual((await server.heard()).at(-1), { type: 'seek', frame: 3, generation: 3 });
  await paint({ frame: 3, generation: 3 });
  clock.time += 1000;
  clock.drawFrame();
  assert.deepEqual((await server.heard()).at(-1), { type: 'seek', frame: 0, generation: 4 });
  assert.equal(transport.reverse.speed, 0);
});

test('pause, seek and play end playing backwards', async (t) => {
  for (const act of ['pause', 'seek', 'play', 'jump', 'scrub', 'step'] as const) {
    const { transport } = await openRecording(t, { frame: 10 });
    transport.shuttleBackward();
    if (act === 'pause' || act === 'play') transport[act]();
    else transport[act](5);
    assert.equal(transport.reverse.speed, 0, act);
  }
});

test('backwards from playing forwards pauses first', async (t) => {
  const { server, transport, playback } = await openRecording(t, { frame: 10 });
  transport.play();
  await server.heard();
  transport.shuttleBackward();
  assert.deepEqual(await server.heard(), [{ type: 'pause' }]);
  assert.equal(playback.playing, false);
});

test('a page that is to play does so with the first mask, once', async (t) => {
  const { server, transport, paint } = await startSession(t, { autoplay: true });
  await paint({ masks: {} });
  assert.equal(transport.playing, false);
  await server.say(opened());
  await server.heard();
  await paint({ frame: 0 });
  const asked = (await server.heard()).filter(({ type }) => type !== 'painted');
  assert.deepEqual(asked, [{ type: 'play', speed: 1, loop: false, frame: 0 }]);
  transport.pause();
  await server.heard();
  await paint({ frame: 1 });
  assert.deepEqual(
    (await server.heard()).map(({ type }) => type),
    ['painted'],
  );
});

test('what somebody does before that keeps it from playing by itself', async (t) => {
  const { server, transport, paint } = await startSession(t, { autoplay: true });
  await server.say(opened());
  transport.pause();
  await paint({ frame: 0 });
  assert.equal(transport.playing, false);
});

test('the same opened again goes on where it was; something else begins at its first frame', async (t) => {
  const { server, transport, opener, paint } = await openRecording(t, { frame: 7 });
  transport.seek(33);
  await paint({ frame: 33, generation: 1 });
  transport.play();
  await server.heard();
  opener.open({ recording: 'a', network: 'net', methods: ['gradient'] });
  assert.deepEqual(await server.heard(), [
    { type: 'open', recording: 'a', network: 'net', methods: ['gradient'], frame: 33 },
  ]);
  await server.say(opened());
  assert.deepEqual(await server.heard(), [{ type: 'play', speed: 1, loop: false, frame: 33 }]);
  assert.equal(transport.playhead.target, 33);
  // Frames of any generation answer what opening asked for.
  await paint({ frame: 33, generation: 0 });
  assert.equal(transport.playhead.target, null);
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  assert.equal((await server.heard()).find(({ type }) => type === 'open')?.type, 'open');
  await server.say(opened({ recording: recording('b') }));
  assert.deepEqual([transport.playhead.target, transport.playing], [0, false]);
});

test('a range stays with its recording', async (t) => {
  const { server, transport, opener } = await openRecording(t);
  transport.setRange(20, 30);
  opener.open({ recording: 'a', network: 'other', methods: [METHOD] });
  await server.say(opened());
  assert.deepEqual(transport.repeat.range, { first: 20, last: 30 });
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  await server.say(opened({ recording: recording('b') }));
  assert.equal(transport.repeat.range, null);
});

test('what was refused goes on playing where it played', async (t) => {
  const { server, transport, opener } = await openRecording(t);
  const refusal = { type: 'error', code: 'METHOD_UNKNOWN', message: 'No.', hint: 'Look.' } as const;
  transport.play();
  opener.open({ recording: 'a', network: 'net', methods: ['gradient'] });
  await server.heard();
  await server.say(refusal);
  assert.deepEqual(await server.heard(), [{ type: 'play', speed: 1, loop: false, frame: 0 }]);
  assert.equal(transport.playing, true);
  transport.pause();
  opener.open({ recording: 'a', network: 'net', methods: ['gradient'] });
  await server.heard();
  await server.say(refusal);
  assert.deepEqual(await server.heard(), []);
});

test('the page begins at the frame of its address, but only what it begins with', async (t) => {
  const { server, opener } = await openRecording(t, { frame: 7 });
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  const [asked] = await server.heard();
  assert.equal(asked?.type === 'open' && asked.frame, 0);
});
