import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import type { RecordingSummary } from '../../shared/protocol/control-messages.ts';
import {
  catalogueState,
  feed,
  flag,
  hello,
  METHOD,
  network,
  opened,
  recording,
  rows,
  openedFeed,
} from './support/messages.ts';
import { openRecording, startSession, watchFeed } from './support/session.ts';

const DAMAGED = {
  code: 'VIDEO_UNREADABLE',
  message: 'It cannot be read.',
  hint: 'Copy it again.',
} as const;

const NO_RATE = {
  code: 'VIDEO_RATE_UNKNOWN',
  message: 'It tells no frame rate.',
  hint: 'Say it.',
} as const;

test('the first recording and network that can be opened are opened', async (t) => {
  const greeting = hello({
    recordings: [recording('a', { error: DAMAGED }), recording('b')],
    networks: [network('x', { error: DAMAGED }), network('net')],
  });
  const { server, drive, catalogue } = await startSession(t, { greeting });
  assert.deepEqual(await server.heard(), [
    { type: 'open', recording: 'b', network: 'net', methods: [METHOD], frame: 0 },
  ]);
  assert.equal(drive.opening, 'anew');
  assert.equal(drive.isReady, false);
  assert.equal(drive.name, null);
  assert.deepEqual(
    catalogue.recordings?.map(({ id }) => id),
    ['a', 'b'],
  );
});

test('what the page was started with is opened, at its frame, even where it cannot be', async (t) => {
  const greeting = hello({ recordings: [recording('a'), recording('b', { error: DAMAGED })] });
  const wanted = { recording: 'b', network: 'other', methods: ['gradient'] };
  const { server } = await startSession(t, { greeting, wanted, frame: 7 });
  assert.deepEqual(await server.heard(), [
    { type: 'open', recording: 'b', network: 'other', methods: ['gradient'], frame: 7 },
  ]);
});

test('of many recordings one that was not listed at the start is opened too, and another where it is gone', async (t) => {
  const greeting = hello({ catalogue: catalogueState({ drives: 500 }) });
  const wanted = { recording: 'far/away.mp4', network: 'net', methods: [METHOD] };
  const { server, drive, errors } = await startSession(t, { greeting, wanted, frame: 7 });
  assert.deepEqual(await server.heard(), [
    { type: 'open', recording: 'far/away.mp4', network: 'net', methods: [METHOD], frame: 7 },
  ]);
  await server.say({ type: 'error', code: 'RECORDING_UNKNOWN', message: 'Gone.', hint: 'Choose.' });
  const [again] = await server.heard();
  assert.deepEqual(again?.type === 'open' && again.recording, 'a');
  assert.equal(drive.choice?.recording, 'a');
  assert.deepEqual(
    errors.shown.map(({ code }) => code),
    ['RECORDING_UNKNOWN'],
  );
});

test('a recording that comes into an empty folder is opened once it is whole', async (t) => {
  const greeting = hello({ recordings: [] });
  const { server, catalogue } = await startSession(t, { greeting });
  const told = (revision: number, ...recordings: RecordingSummary[]) =>
    server.say({
      type: 'catalogue',
      catalogue: catalogueState({ revision, drives: recordings.length }),
      recordings,
    });
  await told(2, recording('new', { durationSeconds: 0, size: { width: 0, height: 0 } }));
  await told(3, recording('new', { error: DAMAGED }));
  assert.deepEqual(await server.heard(), []);
  await told(4, recording('new'));
  const [open] = await server.heard();
  assert.deepEqual(open?.type === 'open' && open.recording, 'new');
  await told(5, recording('new'), recording('newer'));
  assert.deepEqual(await server.heard(), []);
  assert.deepEqual([catalogue.recordings?.length, catalogue.hasMore], [2, false]);
});

test('where nothing can be opened the reasons are shown', async (t) => {
  const greeting = hello({ recordings: [recording('a', { error: DAMAGED })], networks: [] });
  const { server, drive, errors } = await startSession(t, { greeting });
  assert.deepEqual(await server.heard(), []);
  assert.deepEqual([drive.choice, drive.opened, drive.opening], [null, null, null]);
  assert.deepEqual(
    errors.shown.map(({ code }) => code),
    ['VIDEO_UNREADABLE'],
  );
});

test('a feed is watched before any recording, unless one of those was asked for', async (t) => {
  const greeting = hello({ feeds: [feed('f', { methods: ['gradient'] }), feed('g')] });
  const first = await startSession(t, { greeting });
  assert.deepEqual(await first.server.heard(), [{ type: 'watch', feed: 'f' }]);
  assert.deepEqual(first.drive.choice, {
    feed: 'f',
    network: 'net',
    methods: ['gradient'],
  });
  const named = await startSession(t, { greeting, wanted: { feed: 'g', methods: [METHOD] } });
  assert.deepEqual(await named.server.heard(), [{ type: 'watch', feed: 'g' }]);
  const asked = await startSession(t, { greeting, wanted: { recording: 'b', methods: [METHOD] } });
  assert.deepEqual(
    (await asked.server.heard()).map(({ type }) => type),
    ['open'],
  );
  // One that is not there any more was asked for: a feed is.
  const gone = await startSession(t, { greeting, wanted: { recording: 'z', methods: [METHOD] } });
  assert.deepEqual(
    (await gone.server.heard()).map(({ type }) => type),
    ['watch'],
  );
});

test('it takes commands once what was asked for is open', async (t) => {
  const { server, drive, analysis, playback } = await startSession(t);
  assert.equal(drive.isReady, false);
  await server.say(opened());
  assert.equal(drive.isReady, true);
  assert.equal(drive.opening, null);
  assert.deepEqual(drive.unit, { factor: 1, label: '°', decimals: 1, positive: 'left' });
  assert.equal(analysis.columns?.frames, 101);
  assert.equal(analysis.flagSettings, drive.opened?.flags);
  assert.deepEqual(playback.state, { playing: false, speed: 1, ended: false });
});

test('numbers and flags that come are those of what is open', async (t) => {
  const { server, analysis, drive } = await openRecording(t);
  const before = analysis.version;
  const columns = rows(3, 4, { pts: [5.3, 5.4] });
  await server.say(
    {
      type: 'analysis',
      columns,
      done: 2,
      total: 101,
      framesPerSecond: 9,
      secondsLeft: 11,
      complete: false,
      shortfall: null,
    },
    { type: 'flags', flags: [flag(3)] },
    { type: 'provider', name: 'cpu', workers: 2, millisecondsPerFrame: 1.5, passedOver: [] },
  );
  assert.equal(analysis.columns?.of('steering')[4], 1);
  assert.ok(analysis.version > before);
  assert.deepEqual([analysis.progress?.done, analysis.progress?.total], [2, 101]);
  assert.deepEqual(analysis.flags, [flag(3)]);
  assert.equal(drive.provider?.workers, 2);
  assert.equal(drive.name, 'a.mp4');
  await server.say({ type: 'index', pts: [5, 5.5] });
  assert.deepEqual([analysis.columns?.frames, analysis.columns?.end], [2, 0.5]);
});

test('the same opened again with other methods keeps its steering, another recording nothing', async (t) => {
  const { server, analysis, opener } = await openRecording(t);
  const progress = {
    done: 1,
    total: 101,
    framesPerSecond: 9,
    secondsLeft: 11,
    complete: false,
    shortfall: null,
  } as const;
  await server.say(
    { type: 'analysis', columns: rows(3, 3), ...progress },
    { type: 'flags', flags: [flag(3)] },
  );
  opener.open({ recording: 'a', network: 'net', methods: ['gradient'] });
  await server.say(opened());
  assert.equal(analysis.columns?.of('steering')[3], 0.75);
  assert.ok(Number.isNaN(analysis.columns?.of('onRoad')[3]));
  assert.deepEqual([analysis.flags, analysis.progress], [[], null]);
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  await server.say(opened({ recording: recording('b') }));
  assert.ok(Number.isNaN(analysis.columns?.of('steering')[3]));
});

test('what cannot be opened leaves open what was, and the choice goes back to it', async (t) => {
  const { server, drive, opener, errors } = await openRecording(t);
  const heard: string[] = [];
  drive.refused.on(({ code }) => heard.push(code));
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  await server.say({ type: 'error', ...DAMAGED });
  assert.deepEqual(drive.choice, { recording: 'a', network: 'net', methods: [METHOD] });
  assert.equal(drive.isReady, true);
  assert.deepEqual(heard, ['VIDEO_UNREADABLE']);
  assert.deepEqual(
    errors.shown.map(({ message }) => message),
    [DAMAGED.message],
  );
  // Opening something takes the errors of before away.
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] }, true);
  assert.equal(errors.shown.length, 1);
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  assert.equal(errors.shown.length, 0);
});

test('an error while nothing is being opened changes nothing but the list of errors', async (t) => {
  const { server, drive, errors } = await openRecording(t);
  const { choice } = drive;
  drive.refused.on(() => assert.fail('nothing was refused'));
  await server.say({ type: 'error', ...DAMAGED });
  assert.equal(drive.choice, choice);
  assert.equal(errors.shown.length, 1);
});

test('playback is as the server has it, but for what was open before', async (t) => {
  const { server, playback, opener } = await openRecording(t);
  await server.say({ type: 'state', playing: true, speed: 4, ended: false });
  assert.deepEqual([playback.playing, playback.state.speed], [true, 4]);
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  await server.say({ type: 'state', playing: false, speed: 1, ended: true });
  assert.equal(playback.state.speed, 4);
});

test('after a lost connection it connects again and opens the same, and the last picture stays', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { server, clock, connection, drive, playback, analysis, screen, paint } =
    await openRecording(t);
  await server.say({ type: 'state', playing: true, speed: 1, ended: false });
  await server.drop(CLOSE_CODES.GOING_AWAY, () => !connection.isOpen);
  assert.deepEqual(connection.state, { phase: 'lost', attempt: 1, retryAt: clock.now() + 250 });
  assert.equal(connection.isGone, true);
  assert.deepEqual([drive.opening, drive.isReady, playback.playing], ['again', false, false]);
  assert.equal(analysis.isLost, true);
  t.mock.timers.tick(249);
  assert.equal(connection.state.retryAt, clock.now() + 250);
  t.mock.timers.tick(1);
  assert.deepEqual(connection.state, { phase: 'lost', attempt: 1, retryAt: null });
  await server.until(() => connection.isOpen && server.connections === 2);
  assert.deepEqual(connection.state, { phase: 'open', attempt: 0, retryAt: null });
  await server.say(hello());
  assert.deepEqual(await server.heard(), [
    { type: 'open', recording: 'a', network: 'net', methods: [METHOD], frame: 0 },
  ]);
  // The early picture of a recording is not wanted where a whole one is on the screen.
  await paint({ frame: 4, masks: {} });
  assert.equal(screen.painted?.frame, 0);
  await server.say(opened());
  assert.equal(screen.painted?.hasMask, true);
  assert.equal(analysis.isLost, false);
});

test('a page that the server does not understand does not try again', async (t) => {
  const { server, connection } = await openRecording(t);
  await server.drop(CLOSE_CODES.PROTOCOL_VIOLATION, () => !connection.isOpen);
  assert.deepEqual(connection.state, { phase: 'refused', attempt: 0, retryAt: null });
  assert.equal(connection.isGone, true);
  assert.equal(connection.send({ type: 'pause' }), false);
});

test('looking again connects anew at once, and lists what is there now', async (t) => {
  const greeting = hello({ recordings: [] });
  const { server, connection, catalogue } = await startSession(t, { greeting });
  connection.reconnect();
  assert.equal(connection.state.phase, 'connecting');
  await server.until(() => connection.isOpen && server.connections === 2);
  await server.say(hello());
  assert.equal(catalogue.recordings?.length, 2);
  assert.deepEqual(
    (await server.heard()).map(({ type }) => type),
    ['open'],
  );
});

test('a drawn road is sent with what is open, which is then opened again; of a feed it goes on', async (t) => {
  const drawn = [
    [0, 1],
    [1, 1],
    [0.5, 0.5],
  ] as const;
  const { server, drive, opener, transport } = await openRecording(t);
  opener.drawRoad(drawn);
  assert.equal(drive.opening, 'again');
  opener.drawRoad(null);
  assert.deepEqual(await server.heard(), [{ type: 'road', points: drawn }]);
  await server.say(opened());
  assert.equal(transport.playhead.target, 0);
  const watched = await watchFeed(t);
  watched.opener.drawRoad(null);
  assert.equal(watched.drive.opening, 'again');
  assert.deepEqual(await watched.server.heard(), [{ type: 'road', points: null }]);
});

test('what is said of a log is sent with what is open, which is then opened again', async (t) => {
  const { server, drive, opener } = await openRecording(t);
  opener.sayOfLog({ unit: 'deg' });
  assert.equal(drive.opening, 'again');
  opener.sayOfLog({ unit: 'rad' });
  assert.deepEqual(await server.heard(), [{ type: 'log', unit: 'deg' }]);
  const watched = await watchFeed(t);
  watched.opener.sayOfLog({ unit: 'deg' });
  assert.deepEqual(await watched.server.heard(), [], 'a feed has no log');
});

test('a feed that was added from this page is watched; one that another page added is listed', async (t) => {
  const { server, feeds, drive } = await openRecording(t);
  await server.say({ type: 'feeds', feeds: [feed('f')] }, { type: 'feed-added', feed: 'f' });
  assert.deepEqual([feeds.feeds.length, drive.choice?.recording], [1, 'a']);
  feeds.ask({ type: 'add-feed', address: 'rtsp://g' });
  assert.deepEqual(feeds.command, { type: 'add-feed', feed: null });
  await server.say(
    { type: 'feeds', feeds: [feed('f'), feed('g')] },
    { type: 'feed-added', feed: 'g' },
  );
  assert.equal(feeds.command, null);
  assert.deepEqual((await server.heard()).at(-1), { type: 'watch', feed: 'g' });
});

test('an error answers what was asked about the list of feeds, and stands there', async (t) => {
  const { server, feeds, errors } = await openRecording(t);
  feeds.ask({ type: 'rename-feed', feed: 'f', name: 'x' });
  await server.say({ type: 'error', ...DAMAGED });
  assert.deepEqual(
    [feeds.refusal?.feed, feeds.refusal?.report.code, feeds.command],
    ['f', 'VIDEO_UNREADABLE', null],
  );
  assert.deepEqual(errors.shown, []);
  feeds.ask({ type: 'remove-feed', feed: 'f' });
  assert.equal(feeds.refusal, null);
  await server.say({ type: 'feeds', feeds: [] });
  assert.equal(feeds.command, null);
});

test('methods of a feed are sent only by who changes them, and taken over from who did', async (t) => {
  const { server, drive, opener, watched } = await watchFeed(t);
  const taken: (readonly string[])[] = [];
  watched.explained.on((methods) => taken.push(methods));
  const choice = { feed: 'f', network: 'net', methods: ['gradient'] };
  opener.open(choice);
  assert.deepEqual(await server.heard(), [{ type: 'watch', feed: 'f', methods: ['gradient'] }]);
  // Another page was faster: this is not the answer.
  const other = { ...openedFeed().network, methods: ['gradcam'] };
  await server.say(openedFeed({ network: other }));
  assert.deepEqual([drive.choice, taken], [choice, []]);
  const mine = { ...openedFeed().network, methods: ['gradient'] };
  await server.say(openedFeed({ network: mine }));
  assert.deepEqual([drive.choice, taken], [choice, [['gradient']]]);
  await server.say(openedFeed({ network: other }));
  assert.deepEqual([drive.choice?.methods, taken.length], [['gradcam'], 2]);
});

test('a feed is described as its stream and its signals become known', async (t) => {
  const { server, drive, watched } = await watchFeed(t);
  assert.deepEqual(drive.described.size, { width: 640, height: 360 });
  assert.equal(drive.described.hasLog, false);
  const columns = rows(101, 101, { driven: [0.5] });
  await server.say({ type: 'feed-rows', columns, restart: false, from: 0 });
  assert.equal(drive.described.hasLog, true);
  const { state } = feed('f');
  assert.ok(state.name === 'live');
  const larger = { ...state, stream: { ...state.stream, width: 1280, height: 720 } };
  await server.say({ type: 'feed-state', feed: 'f', state: larger });
  assert.deepEqual(drive.described.size, { width: 1280, height: 720 });
  assert.equal(drive.described.hasLog, true);
  await server.say({ type: 'feed-state', feed: 'f', state: { name: 'stalled', since: 5 } });
  assert.deepEqual(drive.described.size, { width: 1280, height: 720 });
  assert.equal(watched.isWithoutSignal, true);
});

test('flags of a feed stand at the rows of their pictures, also when rows are forgotten', async (t) => {
  const { server, analysis } = await watchFeed(t);
  await server.say({ type: 'feed-flags', flags: [flag(50)] });
  assert.deepEqual(
    analysis.flags.map(({ startFrame, endFrame }) => [startFrame, endFrame]),
    [[50, 55]],
  );
  await server.say({ type: 'feed-rows', columns: rows(101, 102), restart: false, from: 1001 });
  assert.equal(analysis.columns?.numberOf(0), 10);
  assert.deepEqual(
    analysis.flags.map(({ startFrame, worstFrame }) => [startFrame, worstFrame]),
    [[40, 42]],
  );
  const told: number[] = [];
  analysis.flagBegan.on(({ startFrame }) => told.push(startFrame));
  await server.say(
    { type: 'feed-alert', feed: 'other', flag: flag(60) },
    { type: 'feed-alert', feed: 'f', flag: flag(60) },
  );
  assert.deepEqual(told, [50]);
});

test('rows that begin anew keep what does not depend on methods, and nothing after a lost connection', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { server, analysis, connection } = await watchFeed(t);
  await server.say({ type: 'feed-rows', columns: rows(90, 101), restart: true, from: 0 });
  assert.equal(analysis.columns?.frames, 102);
  assert.equal(analysis.columns?.of('steering')[80], 20);
  assert.ok(Number.isNaN(analysis.columns?.of('onRoad')[80]));
  assert.equal(analysis.columns?.of('onRoad')[90], 50);
  await server.drop(CLOSE_CODES.INTERNAL, () => !connection.isOpen);
  t.mock.timers.tick(250);
  await server.until(() => connection.isOpen && server.connections === 2);
  await server.say(hello({ feeds: [feed('f')] }), openedFeed());
  await server.say({ type: 'feed-rows', columns: rows(120, 130), restart: true, from: 0 });
  assert.equal(analysis.columns?.frames, 11);
});

test('what a feed shows is as the server says, unless something else was asked for since', async (t) => {
  const { server, watched, playback, transport } = await watchFeed(t);
  transport.pause();
  await server.say({ type: 'feed-playback', mode: 'live', speed: 1, time: null, generation: 0 });
  assert.deepEqual([watched.mode, playback.playing], ['paused', false]);
  await server.say({ type: 'feed-playback', mode: 'playing', speed: 2, time: 1009, generation: 1 });
  assert.deepEqual([watched.mode, playback.state.speed, playback.playing], ['playing', 2, true]);
});

test('a message that is no frame is an error on the page, not its end', async (t) => {
  const { server, errors, drive } = await openRecording(t);
  await server.say(new Uint8Array([1, 2, 3]));
  assert.deepEqual(
    errors.shown.map(({ code }) => code),
    ['PROTOCOL_VIOLATION'],
  );
  assert.equal(drive.isReady, true);
});

test('a removed feed is shown as removed as long as it is watched', async (t) => {
  const { server, watched, feeds } = await watchFeed(t);
  await server.say({ type: 'feeds', feeds: [] });
  assert.deepEqual([watched.feed?.id, watched.feed?.state.name, feeds.feeds], ['f', 'closed', []]);
  await server.say(opened());
  assert.equal(watched.feed, null);
});

test('a recording that tells no frame rate asks for it, and opens with what is said', async (t) => {
  const greeting = hello({
    recordings: [recording('a', { error: NO_RATE, durationSeconds: 0 })],
    networks: [network('x', { error: DAMAGED }), network('net')],
  });
  const { server, catalogue, drive, errors, opener } = await startSession(t, { greeting });
  assert.deepEqual(
    errors.shown.map(({ code, asksRateOf }) => [code, asksRateOf]),
    [
      ['VIDEO_RATE_UNKNOWN', 'a'],
      ['VIDEO_UNREADABLE', null],
    ],
  );
  opener.sayFrameRate('a', 20);
  assert.deepEqual(await server.heard(), [
    {
      type: 'open',
      recording: 'a',
      network: 'net',
      methods: [METHOD],
      frame: 0,
      framesPerSecond: 20,
    },
  ]);
  await server.say(opened({ recording: recording('a', { durationSeconds: 4 }) }));
  assert.equal(drive.isReady, true);
  assert.deepEqual(errors.shown, []);
  assert.deepEqual(
    catalogue.recordings?.map(({ durationSeconds, error }) => [durationSeconds, error]),
    [[4, null]],
  );
});

test('the frame rate is asked of what was refused, not of what stayed open', async (t) => {
  const { server, drive, errors, opener } = await openRecording(t);
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  await server.say({ type: 'error', ...NO_RATE });
  assert.deepEqual([drive.choice?.recording, errors.shown[0]?.asksRateOf], ['a', 'b']);
  await server.heard();
  opener.sayFrameRate('b', 20);
  assert.deepEqual(
    (await server.heard()).map((message) => [
      message.type,
      'recording' in message && message.recording,
    ]),
    [['open', 'b']],
  );
});
