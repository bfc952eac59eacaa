import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { feed, hello, METHOD, opened, rows, openedFeed } from './support/messages.ts';
import { flushSync, openViewer, startViewer } from './support/viewer.ts';

/** How long a frame must stay, ms. */
const SETTLING = 250;

/** A page whose second and third pane show methods that take many passes. */
async function openSlow(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const viewer = await openViewer(t, {
    address: `panes=four&methods=${METHOD} occlusion lime ${METHOD}`,
  });
  const asked = async () => (await viewer.server.heard()).filter(({ type }) => type !== 'painted');
  const phases = () => [...viewer.slowRuns.runs].map(([method, { phase }]) => `${method} ${phase}`);
  return { ...viewer, asked, phases, settle: () => t.mock.timers.tick(SETTLING) };
}

test('slow methods run on the frame that rests, one after the other, once it has rested a while', async (t) => {
  const { asked, phases, say, slowRuns } = await openSlow(t);
  assert.deepEqual(phases(), ['occlusion queued', 'lime queued']);
  t.mock.timers.tick(SETTLING - 1);
  assert.deepEqual(await asked(), []);
  t.mock.timers.tick(1);
  assert.deepEqual(await asked(), [
    { type: 'explain', request: 1, frame: 0, method: 'occlusion', target: '+' },
  ]);
  assert.deepEqual(phases(), ['occlusion running', 'lime queued']);
  await say({ type: 'explaining', request: 1, done: 3, total: 12 });
  assert.deepEqual(slowRuns.runs.get('occlusion'), { phase: 'running', done: 3, total: 12 });
  await say({ type: 'explained', request: 1, note: 'It is dead.' });
  assert.deepEqual(slowRuns.runs.get('occlusion'), { phase: 'done', note: 'It is dead.' });
  assert.deepEqual(await asked(), [
    { type: 'explain', request: 2, frame: 0, method: 'lime', target: '+' },
  ]);
  await say({ type: 'error', request: 2, code: 'USAGE', message: 'No.', hint: 'Look.' });
  assert.deepEqual(slowRuns.runs.get('lime'), { phase: 'failed', message: 'No. Look.' });
  assert.deepEqual(await asked(), []);
});

test('while it plays nothing runs, and another frame begins anew', async (t) => {
  const { asked, phases, settle, transport, paint } = await openSlow(t);
  settle();
  await asked();
  transport.play();
  flushSync();
  assert.deepEqual(phases(), []);
  assert.deepEqual(await asked(), [
    { type: 'play', speed: 1, loop: false, frame: 0 },
    { type: 'cancel', request: 1 },
  ]);
  await paint({ frame: 4 });
  settle();
  assert.deepEqual(await asked(), []);
  transport.pause();
  flushSync();
  settle();
  assert.deepEqual((await asked()).at(-1), {
    type: 'explain',
    request: 2,
    frame: 4,
    method: 'occlusion',
    target: '+',
  });
  // Where a frame was asked for and is not there, none rests.
  transport.seek(9);
  flushSync();
  assert.deepEqual(phases(), []);
  await paint({ frame: 9, generation: 1 });
  assert.deepEqual(phases(), ['occlusion queued', 'lime queued']);
});

test('stepping on before a frame has rested asks for nothing', async (t) => {
  const { asked, settle, transport, paint } = await openSlow(t);
  for (const number of [1, 2, 3]) {
    t.mock.timers.tick(SETTLING - 1);
    transport.seek(number);
    flushSync();
    await paint({ frame: number, generation: number });
  }
  const explained = async () => (await asked()).filter(({ type }) => type === 'explain');
  assert.deepEqual(await explained(), []);
  settle();
  assert.deepEqual(
    (await explained()).map((message) => message.type === 'explain' && message.frame),
    [3],
  );
});

test('one that was cancelled runs again when it is asked for, and the next one comes meanwhile', async (t) => {
  const { asked, phases, settle, slowRuns, say } = await openSlow(t);
  settle();
  slowRuns.cancel('occlusion');
  assert.deepEqual(phases(), ['occlusion cancelled', 'lime running']);
  assert.deepEqual(
    (await asked()).map((message) => [message.type, 'request' in message && message.request]),
    [
      ['explain', 1],
      ['cancel', 1],
      ['explain', 2],
    ],
  );
  // Its answer was on its way.
  await say({ type: 'explained', request: 1, note: null });
  assert.deepEqual(phases(), ['occlusion cancelled', 'lime running']);
  slowRuns.again('occlusion');
  assert.deepEqual(phases(), ['occlusion queued', 'lime running']);
  await say({ type: 'explained', request: 2, note: null });
  assert.deepEqual(phases(), ['occlusion running', 'lime done']);
  slowRuns.cancel('lime');
  assert.deepEqual(phases(), ['occlusion running', 'lime cancelled']);
});

test('a method that no pane shows any more is given up, whether it runs or waits', async (t) => {
  const { asked, phases, settle, panes } = await openSlow(t);
  settle();
  await asked();
  panes.choose(1, 'smoothgrad');
  panes.choose(2, METHOD);
  flushSync();
  assert.deepEqual(await asked(), [{ type: 'cancel', request: 1 }]);
  assert.deepEqual(phases(), ['smoothgrad queued']);
  settle();
  assert.deepEqual(phases(), ['smoothgrad running']);
});

test('what the server gave up begins again when the same frame rests', async (t) => {
  const { asked, phases, settle, opener, say, paint, drive } = await openSlow(t);
  settle();
  await asked();
  const { choice } = drive;
  assert.ok(choice?.recording !== undefined);
  opener.open(choice);
  flushSync();
  assert.deepEqual(phases(), ['occlusion queued', 'lime queued']);
  settle();
  assert.deepEqual(
    (await asked()).map(({ type }) => type),
    ['open'],
  );
  await say(opened());
  await paint({ frame: 0 });
  settle();
  assert.deepEqual((await asked()).at(-1), {
    type: 'explain',
    request: 2,
    frame: 0,
    method: 'occlusion',
    target: '+',
  });
  opener.open({ ...choice, recording: 'b' });
  flushSync();
  assert.deepEqual(phases(), []);
});

test('of a feed the recorded picture at that time is explained, also while rows come', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const viewer = await startViewer(t, {
    greeting: hello({ feeds: [feed('f')] }),
    address: `panes=two&methods=${METHOD} occlusion`,
  });
  const { server, transport, say, paint, slowRuns } = viewer;
  await say(openedFeed(), { type: 'feed-rows', columns: rows(0, 100), restart: true, from: 0 });
  await paint({ frame: 100, pts: 1010 });
  transport.pause();
  flushSync();
  await paint({ frame: 100, pts: 1010.25, generation: 1 });
  await server.heard();
  for (let picture = 101; picture < 106; picture++) {
    t.mock.timers.tick(SETTLING / 5);
    await say({ type: 'feed-rows', columns: rows(picture, picture), restart: false, from: 0 });
  }
  assert.deepEqual(await server.heard(), [
    { type: 'explain-at', request: 1, time: 1010.25, method: 'occlusion', target: '+' },
  ]);
  await say({ type: 'feeds', feeds: [] });
  assert.equal(slowRuns.runs.size, 0);
});
