import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../support/runes.ts';
import { feed, hello, METHOD, opened, openedFeed } from './support/messages.ts';
import { flushSync, openViewer, startViewer } from './support/viewer.ts';

const { addressText, readAddress } = await import('../../client/state/address.svelte.ts');

test('an address is read as it was written', () => {
  const address = {
    recording: 'a b&c.mp4',
    network: 'n=1',
    frame: 0,
    panes: 'two',
    methods: ['gradient:+', 'lime'],
  };
  assert.deepEqual(readAddress(addressText(address)), address);
  assert.equal(addressText({ feed: 'f', recording: 'a' }), 'feed=f');
  assert.equal(addressText({}), '');
});

test('what an address does not say, or says wrongly, is left out', () => {
  assert.deepEqual(readAddress(''), {});
  assert.deepEqual(readAddress('recording=&frame=x&network=&panes=&x=1'), {});
  assert.deepEqual(readAddress('frame=-1'), {});
  assert.deepEqual(readAddress('frame=12.7'), { frame: 12 });
});

test('the address is that of the frame that rests on the screen', async (t) => {
  const { addresses, transport, panes, paint } = await openViewer(t);
  assert.deepEqual(readAddress(addresses.at(-1) ?? ''), {
    recording: 'a',
    network: 'net',
    frame: 0,
    panes: 'one',
    methods: panes.methods,
  });
  const count = addresses.length;
  transport.seek(7);
  flushSync();
  assert.equal(addresses.length, count);
  await paint({ frame: 7, generation: 1 });
  assert.equal(readAddress(addresses.at(-1) ?? '').frame, 7);
  transport.play();
  await paint({ frame: 8, generation: 1 });
  assert.equal(readAddress(addresses.at(-1) ?? '').frame, 7);
  transport.pause();
  flushSync();
  assert.equal(readAddress(addresses.at(-1) ?? '').frame, 8);
});

test('the address of a feed has no frame', async (t) => {
  const { addresses, say, panes } = await startViewer(t, {
    greeting: hello({ feeds: [feed('f')] }),
  });
  await say(openedFeed());
  assert.deepEqual(readAddress(addresses.at(-1) ?? ''), {
    feed: 'f',
    panes: 'one',
    methods: panes.methods,
  });
});

test('a page with a frame in its address shows it and stays there; one without plays', async (t) => {
  const named = await startViewer(t, { address: 'recording=b&frame=12', wantsStillness: false });
  assert.deepEqual(await named.server.heard(), [
    { type: 'open', recording: 'b', network: 'net', methods: [METHOD], frame: 12 },
  ]);
  await named.say(opened());
  await named.paint({ frame: 12 });
  assert.equal(named.transport.playing, false);
  const plain = await startViewer(t, { wantsStillness: false });
  await plain.say(opened());
  await plain.paint({ frame: 0 });
  assert.equal(plain.transport.playing, true);
  const still = await openViewer(t);
  assert.equal(still.transport.playing, false);
});

test('a page that is left ends its connection', async (t) => {
  const { end, connection } = await openViewer(t);
  end();
  assert.equal(connection.send({ type: 'pause' }), false);
});
