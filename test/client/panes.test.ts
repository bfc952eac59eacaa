import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../support/runes.ts';
import { hello, METHOD, opened, openedFeed } from './support/messages.ts';
import { flushSync, MemoryTexts, openViewer, startViewer } from './support/viewer.ts';

const { Panes } = await import('../../client/state/panes.svelte.ts');

const USUAL = ['visualbackprop', 'lrp-epsilon-plus', 'gradient', 'gradcam'];

test('the address counts more than what the browser keeps, and that more than the usual', () => {
  const kept = new MemoryTexts();
  assert.deepEqual([new Panes({}, kept).layout, new Panes({}, kept).methods], ['one', USUAL]);
  const panes = new Panes({}, kept);
  panes.arrange('four');
  panes.choose(1, 'occlusion');
  panes.store();
  const again = new Panes({}, kept);
  assert.deepEqual([again.layout, again.methods[1]], ['four', 'occlusion']);
  const named = new Panes({ panes: 'two', methods: ['gradcam'] }, kept);
  assert.deepEqual([named.layout, named.methods], ['two', ['gradcam', ...USUAL.slice(1)]]);
  assert.equal(new Panes({ panes: 'seven' }, new MemoryTexts()).layout, 'one');
});

test('what is kept and cannot be read counts as nothing, and a browser that keeps nothing works', () => {
  const broken = new MemoryTexts();
  broken.setItem('roadgaze.panes', '{"layout": 4, "methods": "x"');
  assert.equal(new Panes({}, broken).layout, 'one');
  broken.setItem('roadgaze.panes', '{"layout": 4, "methods": "x"}');
  assert.deepEqual(new Panes({}, broken).methods, USUAL);
  const refuse = () => {
    throw new Error('no');
  };
  const panes = new Panes({}, { getItem: refuse, setItem: refuse });
  panes.arrange('two');
  panes.store();
  assert.equal(panes.layout, 'two');
});

test('panes that are shown stream their fast methods, each once', () => {
  const panes = new Panes(
    { panes: 'four', methods: ['gradient', 'occlusion', 'gradient', 'gradcam'] },
    new MemoryTexts(),
  );
  assert.deepEqual(panes.shown.length, 4);
  assert.deepEqual(panes.streamed, ['gradient', 'gradcam']);
  panes.arrange('two');
  assert.deepEqual(panes.streamed, ['gradient']);
});

test('the pane in focus is one that is shown', () => {
  const panes = new Panes({ panes: 'four' }, new MemoryTexts());
  panes.look(3);
  assert.equal(panes.focus, 3);
  panes.cycle();
  assert.deepEqual([panes.layout, panes.focus], ['one', 0]);
  panes.cycle();
  assert.deepEqual([panes.layout, panes.focus, panes.letter(1)], ['two', 1, 'B']);
  panes.choose(0, 'gradient');
  assert.equal(panes.focus, 0);
  panes.aim(1, 'abs');
  assert.equal(panes.focus, 1);
  panes.cycle();
  assert.equal(panes.layout, 'four');
});

test('A and B in one picture go back to what was before', () => {
  const panes = new Panes({ panes: 'four' }, new MemoryTexts());
  panes.toggle('wipe');
  assert.deepEqual([panes.layout, panes.shown.length], ['wipe', 2]);
  panes.toggle('difference');
  assert.equal(panes.layout, 'difference');
  panes.toggle('difference');
  assert.equal(panes.layout, 'four');
  panes.toggle('wipe');
  panes.cycle();
  assert.equal(panes.layout, 'one');
});

test('panes take what a feed is explained by, and stay where they show that already', () => {
  const methods = ['gradient', 'occlusion', 'gradient', 'gradcam'];
  const panes = new Panes({ panes: 'four', methods }, new MemoryTexts());
  panes.adopt(['gradient', 'gradcam']);
  assert.deepEqual([panes.layout, panes.methods], ['four', methods]);
  panes.adopt(['gradcam', 'gradient']);
  assert.deepEqual(
    [panes.layout, panes.methods],
    ['two', ['gradcam', 'gradient', 'gradient', 'gradcam']],
  );
  panes.toggle('wipe');
  panes.adopt(['gradient', 'gradcam']);
  assert.deepEqual([panes.layout, panes.methods[0]], ['wipe', 'gradient']);
  panes.adopt(['a', 'b', 'c']);
  assert.deepEqual([panes.layout, panes.methods], ['four', ['a', 'b', 'c', 'a']]);
  panes.adopt(['lrp-epsilon-plus']);
  assert.deepEqual([panes.layout, panes.methods], ['one', ['lrp-epsilon-plus', 'b', 'c', 'a']]);
});

test('other panes are streamed at once, at the frame that is seen', async (t) => {
  const { server, panes, drive, say, paint } = await openViewer(t);
  panes.arrange('two');
  flushSync();
  assert.deepEqual(await server.heard(), [
    { type: 'open', recording: 'a', network: 'net', methods: USUAL.slice(0, 2), frame: 0 },
  ]);
  assert.equal(drive.opening, 'again');
  await say(opened({ network: { ...opened().network, methods: USUAL.slice(0, 2) } }));
  await paint({ frame: 0 });
  // Another slow method changes nothing that streams.
  panes.arrange('one');
  flushSync();
  await say(opened());
  await paint({ frame: 0 });
  await server.heard();
  panes.arrange('wipe');
  panes.choose(1, 'occlusion');
  flushSync();
  assert.deepEqual(
    (await server.heard()).filter(({ type }) => type === 'open'),
    [],
  );
});

test('where the network cannot do a method the panes go back to what worked', async (t) => {
  const { server, panes, say } = await openViewer(t);
  panes.choose(0, 'gradcam');
  flushSync();
  await server.heard();
  await say({ type: 'error', code: 'METHOD_UNSUITED', message: 'No.', hint: 'Look.' });
  assert.deepEqual([panes.layout, panes.methods[0]], ['one', METHOD]);
  // They show what streams: nothing more is to be asked for.
  assert.deepEqual(await server.heard(), []);
});

test('the layout that was asked for stays where its first methods work', async (t) => {
  const { panes, say, server } = await openViewer(t);
  panes.arrange('two');
  flushSync();
  await server.heard();
  await say({ type: 'error', code: 'METHOD_UNSUITED', message: 'No.', hint: 'Look.' });
  assert.deepEqual([panes.layout, panes.shown], ['two', [METHOD, METHOD]]);
});

test('before anything has worked, one pane with the usual method is tried', async (t) => {
  const { server, panes, errors, say } = await startViewer(t, {
    address: 'panes=two&methods=gradient gradcam',
  });
  assert.deepEqual(panes.streamed, ['gradient', 'gradcam']);
  await server.heard();
  await say({ type: 'error', code: 'METHOD_UNSUITED', message: 'No.', hint: 'Look.' });
  assert.deepEqual([panes.layout, panes.methods], ['one', USUAL]);
  assert.deepEqual(await server.heard(), [
    { type: 'open', recording: 'a', network: 'net', methods: [METHOD], frame: 0 },
  ]);
  // The reason for that stays on the page.
  assert.equal(errors.shown.length, 1);
});

test('a recording that cannot be opened at the start leaves the panes alone', async (t) => {
  const { panes, say } = await startViewer(t, { address: 'panes=two&methods=gradient gradcam' });
  await say({ type: 'error', code: 'VIDEO_UNREADABLE', message: 'No.', hint: 'Look.' });
  assert.deepEqual(panes.streamed, ['gradient', 'gradcam']);
});

test('the panes show what a feed is explained by, and keep what they already do', async (t) => {
  const message = openedFeed();
  const methods = ['gradient', 'gradcam', METHOD];
  const { server, panes, say } = await startViewer(t, {
    greeting: hello({ feeds: [message.feed] }),
  });
  await say(message);
  await say({ ...message, network: { ...message.network, methods } });
  assert.deepEqual([panes.layout, panes.methods], ['four', [...methods, 'gradient']]);
  await say({ ...message, network: { ...message.network, methods: ['gradcam', METHOD] } });
  assert.deepEqual([panes.layout, panes.shown], ['two', ['gradcam', METHOD]]);
  panes.toggle('wipe');
  await say({ ...message, network: { ...message.network, methods: ['gradient', METHOD] } });
  assert.deepEqual([panes.layout, panes.shown], ['wipe', ['gradient', METHOD]]);
  assert.deepEqual(
    (await server.heard()).map(({ type }) => type),
    ['watch'],
  );
});
