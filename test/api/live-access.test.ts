import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { ServerOptions } from '../../server/api/server.ts';
import { freeUdpPort, sendFile } from '../live/support/sources.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { roadgaze } from '../support/warm-cli.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

const PROGRAM = join(repositoryRoot, 'dist/node/server/cli/main.js');

async function start(t: TestContext, options: Partial<ServerOptions> = {}) {
  const folder = temporaryFolder(t);
  const network = await writeReadingNetwork(folder);
  const server = await serve(t, {
    recordings: temporaryFolder(t),
    networks: [network],
    ...options,
  });
  const address = `udp://127.0.0.1:${await freeUdpPort()}`;
  const send = async () =>
    sendFile(
      t,
      await makeNumberedClip(join(folder, 'source.ts'), {
        frames: 300,
        fps: 15,
        size: [160, 96],
        keyframes: 8,
      }),
      '-f',
      'mpegts',
      `${address}?pkt_size=1316`,
    );
  return { server, network, address, send, url: `http://127.0.0.1:${server.port}` };
}

/** Status of the answer to a WebSocket handshake. */
async function handshake(
  url: string,
  options: { headers?: Record<string, string>; protocol?: string } = {},
): Promise<number> {
  const socket = new WebSocket(
    url,
    options.protocol === undefined ? [] : [options.protocol],
    options.headers ? { headers: options.headers } : {},
  );
  return new Promise((resolve) => {
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', () => {});
  });
}

describe('what may be opened as a live feed from the page', () => {
  it('refuses addresses that could reach files and programs, and never repeats a password', async (t) => {
    const { server } = await start(t);
    const viewer = await Viewer.connect(server);
    t.after(() => viewer.close());
    for (const address of [
      'file:///etc/passwd',
      'concat:/etc/passwd',
      'data:video/mp4;base64,AA',
      '/etc/passwd',
      '-',
      'rtsp://me:secret@',
      'udp://127.0.0.1:5000?localaddr=a&x=/etc/passwd',
    ]) {
      const since = viewer.messages.length;
      viewer.send({ type: 'add-feed', address });
      assert.equal(
        (await viewer.message('error', undefined, since)).code,
        'FEED_ADDRESS_INVALID',
        address,
      );
    }
    viewer.send({ type: 'add-feed', address: 'rtsp://me:secret@127.0.0.1:9/road' });
    const { feeds } = await viewer.message('feeds');
    assert.equal(feeds[0]!.label, 'rtsp://***@127.0.0.1:9/road');
    await viewer.message('feed-state', ({ state }) => state.name === 'reconnecting');
    assert.ok(!JSON.stringify(viewer.messages).includes('secret'));
    const health = await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).text();
    const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    assert.ok(!`${health}${metrics}`.includes('secret'));
  });

  it('ends the connection of who does not follow the protocol', async (t) => {
    const { server } = await start(t);
    const viewer = await Viewer.connect(server);
    viewer.socket.send(
      JSON.stringify({ type: 'add-feed', address: 'udp://127.0.0.1:5000', transport: 'pigeon' }),
    );
    const [code] = (await once(viewer.socket, 'close')) as [number];
    assert.equal(code, 4400);
  });

  it('lets no page of another origin in, to feeds, signals or metrics', async (t) => {
    const { server, address, url } = await start(t);
    const feed = await server.feeds.add({ address });
    const foreign = { Origin: 'http://evil.example' };
    const socket = url.replace('http', 'ws');
    assert.equal(
      await handshake(`${socket}/api/stream`, { headers: foreign, protocol: 'roadgaze.1' }),
      403,
    );
    assert.equal(await handshake(`${socket}/api/signals/${feed}`, { headers: foreign }), 403);
    assert.equal(await handshake(`${socket}/api/signals/${feed}`), 101);
    assert.equal(await handshake(`${socket}/api/signals/other`), 404);
    assert.equal((await fetch(`${url}/metrics`, { headers: foreign })).status, 403);
  });

  it('asks for the token everywhere where there is one', async (t) => {
    const { server, address, url } = await start(t, { host: '0.0.0.0', token: 'the-secret-token' });
    const feed = await server.feeds.add({ address });
    const socket = url.replace('http', 'ws');
    for (const path of ['/metrics', '/healthz'])
      assert.equal((await fetch(`${url}${path}`)).status, 401, path);
    assert.equal(await handshake(`${socket}/api/signals/${feed}`), 401);
    assert.equal(await handshake(`${socket}/api/stream`, { protocol: 'roadgaze.1' }), 401);
    const headers = { Authorization: 'Bearer the-secret-token' };
    assert.equal((await fetch(`${url}/metrics`, { headers })).status, 200);
    assert.equal(await handshake(`${socket}/api/signals/${feed}`, { headers }), 101);
    assert.equal(
      (await fetch(`${url}/metrics`, { headers: { Authorization: 'Bearer other' } })).status,
      401,
    );
  });
});

describe('a live feed beside the page', () => {
  it('plots driving signals that come by UDP and WebSocket', async (t) => {
    const { server, address, send, url } = await start(t);
    const port = await freeUdpPort();
    const feed = await server.feeds.add({
      address,
      name: 'front camera',
      signals: { host: '127.0.0.1', port },
    });
    await send();
    const viewer = await Viewer.connect(server);
    t.after(() => viewer.close());
    viewer.send({ type: 'watch', feed });
    const datagrams = createSocket('udp4');
    const stream = new WebSocket(
      `${url.replace('http', 'ws')}/api/signals/${encodeURIComponent('front camera')}`,
    );
    await once(stream, 'open');
    const say = (steering: number) =>
      JSON.stringify({ t: performance.now() / 1000, steering, speed: 10 * steering });
    let send1 = () => datagrams.send(say(0.25), port, '127.0.0.1');
    const timer = setInterval(() => send1(), 20);
    t.after(() => {
      clearInterval(timer);
      datagrams.close();
      stream.terminate();
    });
    await viewer.frame(({ driven, speed }) => driven === 0.25 && speed === 2.5);
    send1 = () => stream.send(`${say(-0.5)}\nnonsense\n`);
    await viewer.frame(({ driven }) => driven === -0.5);
    await viewer.message('feed-rows', ({ columns }) => columns.speed?.includes(-5) === true);
    const { signals } = await viewer.message(
      'feed-statistics',
      (message) => message.signals.rejected > 0,
    );
    assert.ok(signals.received > 2);
  });

  it('is measured for Prometheus under its name, and told by /healthz', async (t) => {
    const { server, address, send, url } = await start(t);
    await server.feeds.add({ address, name: 'front' });
    await send();
    const viewer = await Viewer.connect(server);
    t.after(() => viewer.close());
    await viewer.message('feed-state', ({ state }) => state.name === 'live');
    const answer = await fetch(`${url}/metrics`);
    assert.match(answer.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    assert.match(text, /^roadgaze_feed_state\{feed="front",state="live"\} 1$/m);
    assert.match(text, /^roadgaze_feed_decoded_frames_total\{feed="front"\} [1-9]\d*$/m);
    const { status, feeds } = (await (await fetch(`${url}/healthz`)).json()) as {
      status: string;
      feeds: { name: string; state: string }[];
    };
    assert.deepEqual(
      [status, feeds.map(({ name, state }) => [name, state])],
      ['ok', [['front', 'live']]],
    );
  });
});

describe('roadgaze serve with live feeds', () => {
  it('opens those named beside a recording, and leaves nothing behind', async (t) => {
    const { network, address, send } = await start(t);
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'drive.mp4'), { frames: 30 });
    const child = spawn(
      process.execPath,
      [
        PROGRAM,
        'serve',
        address,
        folder,
        '--model',
        network,
        '--road',
        'none',
        '--provider',
        'cpu',
        '--workers',
        '1',
        '--port',
        '0',
        '--no-clips',
        '--dvr-minutes',
        '1',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: folder } },
    );
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    while (!output.includes('Ctrl-C')) await once(child.stdout, 'data');
    assert.match(output, new RegExp(`^Live: ${address}, with reading\\.$`, 'm'));
    await send();
    const viewer = await Viewer.connect({
      port: Number(new URL(/http:\S+/.exec(output)![0]).port),
    });
    const { recordings, feeds } = await viewer.message('hello');
    assert.deepEqual([recordings.length, feeds.length], [1, 1]);
    viewer.send({ type: 'watch', feed: feeds[0]!.id });
    await viewer.frame(({ parts }) => parts.some(({ kind }) => kind === 'mask'));
    const recorded = () => readdirSync(folder).filter((name) => name.startsWith('roadgaze-live-'));
    assert.equal(recorded().length, 1);
    const ended = once(child, 'close');
    child.kill('SIGINT');
    assert.equal((await ended)[0], 130);
    assert.deepEqual(recorded(), []);
  });

  it('refuses what it cannot mean before it starts', async () => {
    const wrong: [string[], number, RegExp][] = [
      [['file:///etc/passwd'], 2, /^error FEED_ADDRESS_INVALID: /],
      [['a.mp4', 'b.mp4'], 2, /^error USAGE: /],
      [['udp://127.0.0.1:5000', '--dvr-bytes', 'much'], 2, /^error USAGE: /],
      [['--signals', 'udp://127.0.0.1:9000'], 2, /^error USAGE: /],
    ];
    for (const [args, status, message] of wrong) {
      const told = await roadgaze('serve', ...args, '--port', '0');
      assert.equal(told.status, status, told.stderr);
      assert.match(told.stderr, message);
    }
  });
});
