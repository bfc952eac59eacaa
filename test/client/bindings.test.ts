import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../support/runes.ts';
import { feed, flag, hello, rows, openedFeed } from './support/messages.ts';
import { openViewer, startViewer } from './support/viewer.ts';

const { bindingsOf } = await import('../../client/state/bindings.ts');

function keysOf(viewer: Awaited<ReturnType<typeof openViewer>>) {
  const calls: string[] = [];
  const bindings = bindingsOf(viewer, {
    toggleHelp: () => calls.push('help'),
    toggleFullScreen: () => calls.push('full screen'),
  });
  const press = (key: string, shift = false) => {
    const binding = bindings.find(
      ({ keys, shift: wanted }) => keys.includes(key) && (wanted ?? shift) === shift,
    );
    assert.ok(binding, `${key} does nothing`);
    binding.run(key);
  };
  /** What the key asks the server for, in short. */
  const asks = async (key: string, shift = false) => {
    press(key, shift);
    const heard = await viewer.server.heard();
    return heard.map((message) =>
      'frame' in message ? `${message.type} ${message.frame}` : message.type,
    );
  };
  return { bindings, calls, press, asks };
}

test('keys move the playhead by frames, by seconds and to the ends', async (t) => {
  const viewer = await openViewer(t);
  const { asks } = keysOf(viewer);
  assert.deepEqual(await asks('arrowright'), ['seek 1']);
  await viewer.paint({ frame: 1, generation: 1 });
  await viewer.server.heard();
  assert.deepEqual(await asks('arrowright', true), ['seek 11']);
  await viewer.paint({ frame: 11, generation: 2 });
  await viewer.server.heard();
  assert.deepEqual(await asks('arrowleft', true), ['seek 1']);
  await viewer.paint({ frame: 1, generation: 3 });
  await viewer.server.heard();
  assert.deepEqual(await asks('arrowleft'), ['seek 0']);
  assert.deepEqual(await asks('end'), ['seek 100']);
  assert.deepEqual(await asks('home'), ['seek 0']);
});

test('space plays and pauses; J, K and L shuttle', async (t) => {
  const viewer = await openViewer(t);
  const { asks, press } = keysOf(viewer);
  assert.deepEqual(await asks(' '), ['play 0']);
  assert.deepEqual(await asks(' '), ['pause']);
  assert.deepEqual(await asks('l'), ['play 0']);
  assert.deepEqual(await asks('k'), ['pause']);
  await viewer.paint({ frame: 10 });
  press('j');
  assert.equal(viewer.transport.reverse.speed, 1);
});

test('keys go to flags, to the lowest share on the road and to the least agreement', async (t) => {
  const viewer = await openViewer(t);
  const { asks } = keysOf(viewer);
  assert.deepEqual([await asks('w'), await asks('a')], [[], []]);
  const { columns } = viewer.analysis;
  columns?.of('onRoad').set([50, 20, 30], 60);
  columns?.of('spearman').set([0.5, 0.6, -0.1], 40);
  columns?.of('ssim').set([0.5, 0.2, 0.3], 40);
  assert.deepEqual([await asks('w'), await asks('a')], [['seek 61'], ['seek 42']]);
  viewer.preferences.agreement = 'ssim';
  assert.deepEqual(await asks('a'), ['seek 41']);
  await viewer.say({ type: 'flags', flags: [flag(10), flag(70)] });
  assert.deepEqual([await asks('n'), await asks('p')], [['seek 72'], ['seek 12']]);
});

test('keys choose methods, layouts and how the mask looks', async (t) => {
  const viewer = await openViewer(t);
  const { press } = keysOf(viewer);
  const { panes, preferences } = viewer;
  press('v');
  assert.equal(panes.layout, 'two');
  panes.look(1);
  press('3');
  press('9');
  assert.deepEqual(panes.methods.slice(0, 2), ['visualbackprop', 'occlusion']);
  press('s');
  assert.equal(panes.layout, 'wipe');
  press('d');
  assert.equal(panes.layout, 'difference');
  press('[');
  assert.equal(preferences.opacity, 0.8);
  press(']');
  press(']');
  assert.equal(preferences.opacity, 0.9);
});

test('keys set and forget the range, and zoom', async (t) => {
  const viewer = await openViewer(t, { address: 'frame=40' });
  await viewer.paint({ frame: 40 });
  const { press } = keysOf(viewer);
  const { transport, axis } = viewer;
  press('i');
  assert.deepEqual(transport.repeat.range, { first: 40, last: 100 });
  press('o');
  assert.deepEqual(transport.repeat.range, { first: 0, last: 40 });
  press('escape');
  assert.equal(transport.repeat.range, null);
  const length = () => Math.round((axis.window.max - axis.window.min) * 1000) / 1000;
  press('+');
  assert.equal(length(), 5);
  press('=');
  assert.equal(length(), 2.5);
  press('-');
  assert.equal(length(), 5);
  press('0');
  assert.equal(axis.isWhole, true);
});

test('G and End go back to live', async (t) => {
  const viewer = await startViewer(t, { greeting: hello({ feeds: [feed('f')] }) });
  await viewer.say(openedFeed(), {
    type: 'feed-rows',
    columns: rows(0, 100),
    restart: true,
    from: 0,
  });
  await viewer.paint({ frame: 100, pts: 1010 });
  const { press } = keysOf(viewer);
  for (const key of ['g', 'end']) {
    viewer.transport.pause();
    assert.equal(viewer.transport.isLive, false);
    press(key);
    assert.equal(viewer.transport.isLive, true, key);
  }
});

test('every key does one thing, and the page’s own are told to it', async (t) => {
  const { bindings, calls, press } = keysOf(await openViewer(t));
  const names = bindings.flatMap(({ keys, shift }) => keys.map((key) => `${key} ${shift ?? ''}`));
  assert.equal(new Set(names).size, names.length);
  press('f');
  press('?');
  assert.deepEqual(calls, ['full screen', 'help']);
});
