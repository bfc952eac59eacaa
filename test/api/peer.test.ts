import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { Peer } from '../../server/api/peer.ts';
import { Unsent } from '../../server/api/unsent.ts';
import { MOST_UNSENT } from '../../server/resources/limits.ts';
import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import { SUBPROTOCOL } from '../../shared/protocol/control-messages.ts';
import { temporaryFolder } from '../support/paths.ts';
import { serveWithin } from './support/limited-serve.ts';
import { Viewer } from './support/viewer.ts';

/** Both ends of a WebSocket; the client answers no pings. */
async function connected(t: TestContext, pingEvery?: number, unsent?: Unsent) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  t.after(() => {
    for (const each of server.clients) each.terminate();
    server.close();
  });
  await once(server, 'listening');
  const coming = once(server, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    autoPong: false,
  });
  const [socket] = await coming;
  await once(client, 'open');
  return { client, socket, peer: new Peer(socket, pingEvery, unsent) };
}

type End = Awaited<ReturnType<typeof connected>>;

describe('the other end of a WebSocket', () => {
  for (const kind of ['text', 'binary'] as const) {
    it(`that reads nothing gets no more ${kind} than the bound, and is closed with its code`, async (t) => {
      const { client, socket, peer } = await connected(t);
      client.pause();
      const chunk = Buffer.alloc(1 << 20, 'x');
      let most = 0;
      for (let count = 0; count < 200 && socket.readyState === socket.OPEN; count++) {
        if (kind === 'text') peer.send(chunk.toString());
        else peer.sendBuffers([chunk.subarray(0, 10), chunk.subarray(10)]);
        most = Math.max(most, peer.buffered);
        await nextTurn();
      }
      assert.ok(most <= MOST_UNSENT + 2 * chunk.length, `${most}`);
      client.resume();
      assert.equal(((await once(client, 'close')) as [number])[0], CLOSE_CODES.UNREAD);
    });
  }

  it('that is furthest behind is closed with its code where all together wait for more than the bound', async (t) => {
    const most = 20 << 20;
    const unsent = new Unsent(most);
    const ends = await Promise.all([1, 2, 3].map(() => connected(t, undefined, unsent)));
    const [first, furthest, last] = ends as [End, End, End];
    const total = () => ends.reduce((sum, { peer }) => sum + peer.buffered, 0);
    const isOpen = ({ socket }: End) => socket.readyState === WebSocket.OPEN;
    for (const { client } of ends) client.pause();
    const chunk = Buffer.alloc(1 << 20, 'x');
    while (furthest.peer.buffered < most / 2) {
      furthest.peer.sendBuffers([chunk]);
      await nextTurn();
    }
    for (let count = 0; count < 50 && isOpen(furthest); count++) {
      assert.ok(total() <= most + chunk.length, `${total()}`);
      (count % 2 === 0 ? first : last).peer.sendBuffers([chunk]);
      await nextTurn();
    }
    furthest.client.resume();
    assert.equal(((await once(furthest.client, 'close')) as [number])[0], CLOSE_CODES.UNREAD);
    assert.ok(isOpen(first) && isOpen(last));
  });

  it('may get a single message that is larger than the bound', async (t) => {
    const { client, peer } = await connected(t);
    const sizes: number[] = [];
    client.on('message', (data: Buffer) => sizes.push(data.length));
    peer.send('x'.repeat(2 * MOST_UNSENT));
    peer.send('next');
    while (sizes.length < 2) await once(client, 'message');
    assert.deepEqual(sizes, [2 * MOST_UNSENT, 4]);
  });

  it('is let go when it reads nothing, though it sends pongs that nobody asked for', async (t) => {
    const { client, socket } = await connected(t, 50);
    client.pause();
    const pongs = setInterval(() => client.pong('here'), 5);
    t.after(() => clearInterval(pongs));
    await once(socket, 'close');
  });

  it('is kept as long as it answers pings', async (t) => {
    const { client, socket } = await connected(t, 20);
    let pings = 0;
    client.on('ping', (data) => {
      pings++;
      client.pong(data);
    });
    while (pings < 10) await once(client, 'ping');
    assert.equal(socket.readyState, socket.OPEN);
  });
});

describe(
  'a server that is flooded',
  { skip: process.platform !== 'linux' && 'memory is read from /proc' },
  () => {
    const floods: [string, (socket: WebSocket) => void][] = [
      ['pings, and reads no pongs', (socket) => socket.ping(Buffer.alloc(125))],
      ['pongs that nobody asked for', (socket) => socket.pong(Buffer.alloc(125))],
      [
        'cheap messages, and reads no answers',
        (socket) => socket.send(`{"type":"watch","feed":"none"}${' '.repeat(90)}`),
      ],
    ];
    for (const [what, send] of floods) {
      it(`with ${what}, reads slowly, does not grow, and serves others`, async (t) => {
        const { child, port, errors } = await serveWithin(t, 'true', temporaryFolder(t));
        const megabytes = () =>
          Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) /
          1024;
        const rude = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL);
        rude.on('error', () => {});
        await once(rude, 'open');
        rude.pause();
        const before = megabytes();
        // What the server does not read waits here.
        for (
          let count = 0;
          count < 600_000 && rude.readyState === rude.OPEN && rude.bufferedAmount < 24 << 20;
          count++
        ) {
          send(rude);
          if (count % 1000 === 0) await nextTurn();
        }
        assert.ok(
          rude.readyState !== rude.OPEN || rude.bufferedAmount >= 24 << 20,
          'everything was read',
        );
        const other = await Viewer.connect({ port });
        await other.close();
        assert.ok(megabytes() - before < 64, `${before} → ${megabytes()} MB`);
        rude.terminate();
        assert.equal(errors(), '');
      });
    }
  },
);
