import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { SUBPROTOCOL, type ServerMessage } from '../../shared/protocol/control-messages.ts';
import { decodeFrame } from '../../shared/protocol/decode-frame.ts';

export type Random = (least: number, most: number) => number;

/** What viewers met, by code. */
export interface ViewerTally {
  readonly visits: Record<'plain' | 'deaf' | 'rude', number>;
  frames: number;
  readonly errors: Map<string, number>;
  readonly closes: Map<number, number>;
  /** Of errors that are defects. */
  readonly internal: string[];
}

export const newTally = (): ViewerTally => ({
  visits: { plain: 0, deaf: 0, rude: 0 },
  frames: 0,
  errors: new Map(),
  closes: new Map(),
  internal: [],
});

const METHODS = ['visualbackprop', 'gradient', 'gradcam'];

/** Comes, does what its kind does, and goes, again and again until `signal`. */
export async function comeAndGo(
  port: number,
  random: Random,
  tally: ViewerTally,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const draw = random(0, 1);
    const kind = draw < 0.7 ? 'plain' : draw < 0.85 ? 'deaf' : 'rude';
    tally.visits[kind]++;
    if (kind === 'rude' && random(0, 1) < 0.3) await talkNonsense(port, random);
    else await visit(port, kind, random, tally, signal);
    await pause(random(50, 1500));
  }
}

async function visit(
  port: number,
  kind: 'plain' | 'deaf' | 'rude',
  random: Random,
  tally: ViewerTally,
  signal: AbortSignal,
): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL);
  const count = <Key>(map: Map<Key, number>, key: Key) =>
    void map.set(key, (map.get(key) ?? 0) + 1);
  const send = (message: object | string | Buffer): void => {
    if (socket.readyState === WebSocket.OPEN)
      socket.send(
        typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
      );
  };
  let hello: Extract<ServerMessage, { type: 'hello' }> | null = null;
  let opened = false;
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.on('close', (code) => {
      count(tally.closes, code);
      resolve();
    });
  });
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      tally.frames++;
      return send({ type: 'painted', sequence: decodeFrame(data).sequence });
    }
    const message = JSON.parse(data.toString()) as ServerMessage;
    if (message.type === 'hello') hello = message;
    else if (message.type === 'opened') opened = true;
    else if (message.type === 'error') {
      count(tally.errors, message.code);
      if (message.code === 'INTERNAL') tally.internal.push(message.message);
    }
  });
  const stay = Promise.race([closed, pause(random(1500, 12_000))]);
  const one = <T>(list: readonly T[]): T | undefined => list[Math.floor(random(0, list.length))];
  const choose = () => {
    opened = false;
    const feed = one(hello!.feeds);
    if (feed && random(0, 1) < 0.4) return send({ type: 'watch', feed: feed.id });
    send({
      type: 'open',
      recording: one(hello!.recordings)?.id ?? 'none',
      network: one(hello!.networks)?.id ?? 'none',
      methods: [one(METHODS)],
    });
  };
  let generation = 0;
  let isThere = true;
  void stay.then(() => (isThere = false));
  while (isThere && !signal.aborted) {
    await Promise.race([pause(random(100, 900)), stay]);
    if (!isThere || !hello) continue;
    if (!opened) {
      choose();
      // Both answers may take long on a busy machine.
      for (let tries = 0; tries < 20 && !opened && isThere; tries++)
        await Promise.race([pause(200), stay]);
      if (opened) send({ type: 'play', frame: 0, speed: 1, loop: true });
      if (kind === 'deaf') (socket as unknown as { _socket: { pause(): void } })._socket.pause();
      continue;
    }
    if (kind === 'deaf') continue;
    if (kind === 'rude') {
      const rudeness = Math.floor(random(0, 5));
      if (rudeness === 0) send('{"type":');
      else if (rudeness === 1) send(Buffer.alloc(2000, 7));
      else if (rudeness === 2)
        for (let n = 0; n < 500; n++)
          send({ type: 'seek', frame: Math.floor(random(0, 800)), generation: ++generation });
      else if (rudeness === 3)
        send(JSON.stringify({ type: 'open', recording: 'x'.repeat(40_000) }));
      else for (let n = 0; n < 300; n++) socket.ping('?');
      continue;
    }
    const act = random(0, 1);
    if (act < 0.3)
      send({ type: 'seek', frame: Math.floor(random(0, 900)), generation: ++generation });
    else if (act < 0.5)
      send({ type: 'play', frame: Math.floor(random(0, 700)), speed: 1, loop: false });
    else if (act < 0.6) send({ type: 'pause' });
    else if (act < 0.7) choose();
  }
  if (random(0, 1) < 0.5) socket.terminate();
  else socket.close();
  await Promise.race([closed, pause(3000)]);
  socket.terminate();
}

/** Bytes that are no HTTP, half a request, or a request for a WebSocket that then tears. */
async function talkNonsense(port: number, random: Random): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const upgrade = `GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`;
  const words = [
    Buffer.alloc(5000, Math.floor(random(0, 256))),
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`,
    upgrade,
    `${upgrade}${'\u00ff'.repeat(300)}`,
  ];
  socket.write(words[Math.floor(random(0, words.length))]!);
  await pause(random(50, 1000));
  socket.destroy();
}
