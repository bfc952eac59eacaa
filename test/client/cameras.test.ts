import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METHOD, opened, recording } from './support/messages.ts';
import { flushSync, openViewer, startViewer } from './support/viewer.ts';

const { readAddress } = await import('../../client/state/address.svelte.ts');

const CAMERAS = ['center', 'left'].map((id) => ({ id, title: id }));
const OPEN = { type: 'open', recording: 'a', network: 'net', methods: [METHOD] } as const;
const UNKNOWN = { code: 'CAMERA_UNKNOWN', message: 'It has none.', hint: 'Leave it out.' } as const;

/** The camera `center`, which began when the drive's clock stood at 90: its first pts is 5. */
const center = opened({ cameras: CAMERAS, camera: 'center', origin: 90 });
/** The camera `left` began a second later, and gives half as many pictures. */
const left = opened({
  cameras: CAMERAS,
  camera: 'left',
  origin: 91,
  frames: 50,
  pts: Array.from({ length: 50 }, (_, frame) => 5 + frame / 5),
});

async function openCenter(t: Parameters<typeof openViewer>[0]) {
  const viewer = await startViewer(t);
  await viewer.say(center);
  await viewer.paint({ frame: 0 });
  await viewer.server.heard();
  return viewer;
}

test('another camera is opened at the time that is shown, and nothing of the one before is kept', async (t) => {
  const { drive, opener, server, say, paint, transport, analysis } = await openCenter(t);
  transport.setRange(20, 60);
  transport.seek(44);
  await paint({ frame: 44, generation: 1 });
  await server.heard();
  opener.chooseCamera('left');
  // 90 + 5 + 4.4 s.
  assert.deepEqual(await server.heard(), [{ ...OPEN, camera: 'left', time: 99.4 }]);
  assert.deepEqual([drive.opening, drive.choice?.camera], ['anew', 'left']);
  const columns = analysis.columns;
  await say(left);
  // 99.4 of the drive is 8.4 of this camera.
  assert.equal(transport.playhead.position, 17);
  assert.equal(transport.repeat.range, null);
  assert.notEqual(analysis.columns, columns);
  assert.deepEqual([...(analysis.columns?.of('steering') ?? [])].filter(Number.isFinite), []);
  await paint({ frame: 17, pts: 8.4 });
  assert.equal(transport.playhead.target, null);
  await server.heard();
  opener.chooseCamera('center');
  const [back] = await server.heard();
  assert.ok(back?.type === 'open' && Math.abs((back.time ?? 0) - 99.4) < 1e-9);
  assert.equal('camera' in back, false);
});

test('a camera that is chosen stays while methods and network change', async (t) => {
  const { drive, opener, server, say, paint, panes } = await openCenter(t);
  opener.chooseCamera('left');
  await say(left);
  await paint({ frame: 3, pts: 5.6 });
  await server.heard();
  panes.choose(0, 'gradient');
  flushSync();
  assert.deepEqual(await server.heard(), [
    { ...OPEN, camera: 'left', methods: ['gradient'], frame: 3 },
  ]);
  // The same was open before: what is shown stays.
  assert.equal(drive.opening, 'again');
  await say({ ...left, network: { ...left.network, methods: ['gradient'] } });
  opener.open({ ...drive.choice!, network: 'other' });
  const [other] = await server.heard();
  assert.ok(other?.type === 'open');
  assert.deepEqual([other.camera, other.network, other.frame], ['left', 'other', 3]);
});

test('a camera that cannot be opened leaves the one that is open, and its place in the address', async (t) => {
  const { drive, errors, opener, server, say, addresses } = await openCenter(t);
  opener.chooseCamera('left');
  await say({ type: 'error', ...UNKNOWN });
  assert.deepEqual([drive.choice?.camera, drive.isReady], [undefined, true]);
  assert.deepEqual(
    errors.shown.map(({ code }) => code),
    ['CAMERA_UNKNOWN'],
  );
  assert.equal((await server.heard()).length, 1);
  assert.equal(readAddress(addresses.at(-1) ?? '').camera, undefined);
});

test('the address keeps a camera that is not the first, and a page opens with it', async (t) => {
  const first = await openCenter(t);
  first.opener.chooseCamera('left');
  await first.say(left);
  await first.paint({ frame: 2, pts: 5.4 });
  const address = first.addresses.at(-1) ?? '';
  assert.deepEqual([readAddress(address).camera, readAddress(address).frame], ['left', 2]);
  const second = await startViewer(t, { address });
  assert.deepEqual(await second.server.heard(), [{ ...OPEN, camera: 'left', frame: 2 }]);
  // Of another recording it says nothing.
  const other = await startViewer(t, { address: 'recording=gone&camera=left' });
  assert.deepEqual(await other.server.heard(), [{ ...OPEN, frame: 0 }]);
});

test('an address with a camera that the drive does not have opens the first one, and says why', async (t) => {
  const { server, say, errors, drive } = await startViewer(t, {
    address: 'recording=a&camera=rear&frame=9',
  });
  assert.deepEqual(await server.heard(), [{ ...OPEN, camera: 'rear', frame: 9 }]);
  await say({ type: 'error', ...UNKNOWN });
  assert.deepEqual(await server.heard(), [{ ...OPEN, frame: 9 }]);
  assert.deepEqual(
    errors.shown.map(({ code }) => code),
    ['CAMERA_UNKNOWN'],
  );
  await say(opened({ recording: recording('a') }));
  assert.equal(drive.isReady, true);
});
