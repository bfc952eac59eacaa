import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CausalCheck } from '../../shared/flags.ts';
import { flag, METHOD } from './support/messages.ts';
import { openViewer } from './support/viewer.ts';

const CHECK: CausalCheck = {
  fill: 'inpaint',
  region: { x: 1, y: 2, width: 3, height: 4 },
  change: 5,
  changeDegrees: 5,
  control: 0.5,
  isConfirmed: true,
  threshold: 2,
  frames: 9,
  movedFrames: 6,
};
const [FIRST, SECOND, DEAD] = [flag(10), flag(40), flag(70, { kind: 'dead' })];

async function openFlags(t: TestContext) {
  const viewer = await openViewer(t);
  await viewer.say({ type: 'flags', flags: [FIRST, SECOND, DEAD] });
  return viewer;
}

test('a flag is asked about once, and its answer stays', async (t) => {
  const { server, checks, say } = await openFlags(t);
  checks.check(FIRST);
  checks.check(FIRST);
  assert.deepEqual(await server.heard(), [
    { type: 'verify', request: 1, kind: 'off-road', startFrame: 10 },
  ]);
  assert.deepEqual(checks.of(FIRST), { phase: 'queued' });
  await say({ type: 'verifying', request: 1, done: 2, total: 9 });
  assert.deepEqual(checks.of(FIRST), { phase: 'running', done: 2, total: 9 });
  await say({ type: 'verified', request: 1, kind: 'off-road', startFrame: 10, check: CHECK });
  assert.deepEqual(checks.of(FIRST), { phase: 'done', check: CHECK });
  assert.equal(checks.of(SECOND), undefined);
  // It can be asked again.
  checks.check(FIRST);
  assert.deepEqual(checks.of(FIRST), { phase: 'queued' });
});

test('all are asked about that can be and have no answer', async (t) => {
  const { server, checks, say } = await openFlags(t);
  checks.check(SECOND);
  await say({ type: 'verified', request: 1, kind: 'off-road', startFrame: 40, check: CHECK });
  await server.heard();
  checks.checkAll([FIRST, SECOND, DEAD]);
  assert.deepEqual(await server.heard(), [
    { type: 'verify', request: 2, kind: 'off-road', startFrame: 10 },
  ]);
  assert.equal(checks.left, 1);
});

test('one that failed says why, and is asked about again with the others', async (t) => {
  const { server, checks, say } = await openFlags(t);
  checks.check(FIRST);
  await say({ type: 'error', request: 1, code: 'USAGE', message: 'No.', hint: 'Look.' });
  assert.deepEqual([checks.of(FIRST), checks.left], [{ phase: 'failed', message: 'No. Look.' }, 0]);
  await server.heard();
  checks.checkAll([FIRST]);
  assert.equal((await server.heard()).length, 1);
});

test('those that wait or run can be taken back, one or all', async (t) => {
  const { server, checks, say } = await openFlags(t);
  checks.checkAll([FIRST, SECOND]);
  await say({ type: 'verifying', request: 1, done: 1, total: 9 });
  assert.equal(checks.left, 2);
  await server.heard();
  checks.cancel(SECOND);
  checks.cancel(DEAD);
  assert.deepEqual(await server.heard(), [{ type: 'cancel', request: 2 }]);
  checks.check(SECOND);
  checks.cancelAll();
  assert.deepEqual([checks.left, checks.runs.size], [0, 0]);
  await server.heard();
  // An answer that was on its way is not shown.
  await say({ type: 'verified', request: 1, kind: 'off-road', startFrame: 10, check: CHECK });
  assert.equal(checks.of(FIRST), undefined);
});

test('answers stay as long as their flags, and what waits for a flag that is gone is taken back', async (t) => {
  const { server, checks, say } = await openFlags(t);
  checks.check(FIRST);
  await say({ type: 'verified', request: 1, kind: 'off-road', startFrame: 10, check: CHECK });
  checks.check(SECOND);
  await server.heard();
  await say({ type: 'flags', flags: [{ ...FIRST, endFrame: 30 }] });
  assert.deepEqual([...checks.runs.keys()], ['off-road 10']);
  assert.deepEqual(await server.heard(), [{ type: 'cancel', request: 2 }]);
  await say({ type: 'flags', flags: [] });
  assert.equal(checks.runs.size, 0);
});

test('what will not be answered any more does not wait for ever; answers stay', async (t) => {
  const { server, checks, opener, say } = await openFlags(t);
  checks.check(FIRST);
  await say({ type: 'verified', request: 1, kind: 'off-road', startFrame: 10, check: CHECK });
  checks.check(SECOND);
  opener.open({ recording: 'a', network: 'net', methods: [METHOD] });
  assert.deepEqual([...checks.runs.keys()], ['off-road 10']);
  await server.heard();
  checks.check(SECOND);
  assert.deepEqual(await server.heard(), [
    { type: 'verify', request: 3, kind: 'off-road', startFrame: 40 },
  ]);
});
