import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_FLAG_SETTINGS } from '../../shared/flags.ts';
import { opened } from './support/messages.ts';
import { openViewer, startViewer } from './support/viewer.ts';

test('what ends a flag is never below what begins it, whichever of them is moved', async (t) => {
  const { server, tuning } = await openViewer(t);
  const limits = () => [tuning.settings?.enterBelow, tuning.settings?.leaveAbove];
  tuning.change({ enterBelow: 0.7 });
  assert.deepEqual(limits(), [0.7, 0.7]);
  tuning.change({ leaveAbove: 0.9 });
  assert.deepEqual(limits(), [0.7, 0.9]);
  tuning.change({ leaveAbove: 0.2 });
  assert.deepEqual(limits(), [0.2, 0.2]);
  tuning.change({ minimumSeconds: 3 });
  assert.deepEqual([...limits(), tuning.settings?.minimumSeconds], [0.2, 0.2, 3]);
  assert.deepEqual((await server.heard())[0], {
    type: 'settings',
    flags: { ...DEFAULT_FLAG_SETTINGS, enterBelow: 0.7, leaveAbove: 0.7 },
  });
});

test('each measure keeps its own limits', async (t) => {
  const { tuning } = await openViewer(t);
  const limits = () => [
    tuning.settings?.measure,
    tuning.settings?.enterBelow,
    tuning.settings?.leaveAbove,
  ];
  tuning.goBy('lift');
  assert.deepEqual(limits(), ['lift', 1, 1.2]);
  tuning.change({ enterBelow: 0.8 });
  tuning.goBy('share');
  assert.deepEqual(limits(), [
    'share',
    DEFAULT_FLAG_SETTINGS.enterBelow,
    DEFAULT_FLAG_SETTINGS.leaveAbove,
  ]);
  tuning.goBy('lift');
  assert.deepEqual(limits(), ['lift', 0.8, 1.2]);
});

test('a share that was never used begins in the middle', async (t) => {
  const { tuning, say } = await openViewer(t);
  await say(opened({ flags: { ...DEFAULT_FLAG_SETTINGS, measure: 'lift' } }));
  tuning.goBy('share');
  assert.deepEqual([tuning.settings?.enterBelow, tuning.settings?.leaveAbove], [0.5, 0.6]);
});

test('settings go back to those of the server', async (t) => {
  const { tuning } = await openViewer(t);
  assert.equal(tuning.isUsual, true);
  tuning.change({ errorAbove: 4 });
  assert.equal(tuning.isUsual, false);
  tuning.reset();
  assert.deepEqual([tuning.isUsual, tuning.settings], [true, DEFAULT_FLAG_SETTINGS]);
});

test('before something is open there is nothing to set', async (t) => {
  const { server, tuning } = await startViewer(t);
  await server.heard();
  tuning.change({ errorAbove: 4 });
  tuning.goBy('lift');
  tuning.reset();
  assert.deepEqual([tuning.settings, tuning.usual, tuning.isUsual], [null, null, false]);
  assert.deepEqual(await server.heard(), []);
});
