import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Random } from '../../../recordings/scene/world/random.ts';
import { startServer } from '../../../server/api/server.ts';
import { DEFAULT_FLAG_SETTINGS } from '../../../shared/flags.ts';
import { SUBPROTOCOL } from '../../../shared/protocol/control-messages.ts';
import { decodeFrame } from '../../../shared/protocol/decode-frame.ts';
import { writeReadingNetwork } from '../../api/support/reading-network.ts';
import { makeNumberedClip } from '../../support/clips.ts';
import { clientMessages } from '../client-messages.ts';
import { Defect } from '../judge.ts';
import { mutateJson } from '../mutate/json.ts';
import { bytesOf, textOf, type FuzzTarget } from '../target.ts';

/** What a client does, in this order. */
type Step =
  | { readonly do: 'text'; readonly text: string; readonly times?: number }
  | { readonly do: 'binary'; readonly hex: string }
  | { readonly do: 'fragments'; readonly texts: readonly string[] }
  /** Bytes on the connection itself, behind the WebSocket's back. */
  | { readonly do: 'raw'; readonly hex: string }
  /** Acknowledges the frames that have come. */
  | { readonly do: 'paint' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'signals'; readonly feed: string; readonly text: string }
  | { readonly do: 'leave' };

/** What may come at any time once something is open. */
const wellTimed = clientMessages.filter(({ type }) => type !== 'painted');
const OPEN = JSON.stringify(clientMessages[0]);
/** Close codes that tell a client of its own fault; 1000 and 1005: it left by itself. */
const OWN_FAULT = new Set([1000, 1002, 1005, 1006, 1007, 1009, 4400]);
/** More is held back by the server for so long that no answer comes in time, as it should. */
const MOST_REPEATED = 40;
const SETTLE_MS = 30;
const ANSWER_MS = 4000;

/**
 * A real server and a client that sends what no page would: messages that are nearly right, in the
 * wrong order, too many, in pieces, binary, or no WebSocket frames at all.
 */
export async function open(folder: string): Promise<FuzzTarget> {
  await makeNumberedClip(join(folder, 'a.mp4'), { frames: 12 });
  const server = await startServer({
    recordings: folder,
    networks: [await writeReadingNetwork(folder)],
    roads: [],
    road: { kind: 'none' },
    provider: 'cpu',
    workers: 1,
    port: 0,
    host: '127.0.0.1',
    token: null,
    flags: DEFAULT_FLAG_SETTINGS,
    clientFolder: join(folder, 'none'),
    lingerSeconds: 5,
  });
  return {
    make: (random) => bytesOf(JSON.stringify(script(random))),
    run: (input) => play(server.port, readScript(input)),
    close: () => server.close(),
  };
}

function script(random: Random): Step[] {
  const steps: Step[] = random.chance(0.8) ? [{ do: 'text', text: OPEN }] : [];
  if (steps.length > 0 && random.chance(0.6)) steps.push({ do: 'wait', ms: 100 });
  for (let count = 1 + random.below(6); count > 0; count--) steps.push(step(random));
  return steps;
}

function step(random: Random): Step {
  const valid = () => JSON.stringify(random.pick(wellTimed));
  const text = () =>
    random.chance(0.8) ? valid() : mutateJson(random.pick(clientMessages), random);
  const hex = (most: number) =>
    Buffer.from(Array.from({ length: random.below(most) }, () => random.below(256))).toString(
      'hex',
    );
  switch (random.below(14)) {
    case 0:
      return {
        do: 'binary',
        hex: random.chance(0.5) ? Buffer.from(valid()).toString('hex') : hex(60),
      };
    case 1: {
      const whole = text();
      const at = random.below(whole.length + 1);
      return { do: 'fragments', texts: [whole.slice(0, at), '', whole.slice(at)] };
    }
    case 2:
      return { do: 'raw', hex: hex(12) };
    case 3:
      return { do: 'text', text: valid(), times: 1 + random.below(MOST_REPEATED) };
    case 4:
      return { do: 'text', text: 'x'.repeat(random.pick([0, 1, 16_384, 16_385])) };
    case 5:
      return { do: 'wait', ms: random.below(40) };
    case 6:
      return {
        do: 'signals',
        feed: random.pick(['feed-1', 'front', 'rear', '%zz', '..']),
        text: mutateJson({ t: 1, steering: 0.1, speed: 3 }, random),
      };
    case 7:
      return { do: 'paint' };
    case 8:
      return random.chance(0.3) ? { do: 'leave' } : { do: 'paint' };
    default:
      return { do: 'text', text: text() };
  }
}

function readScript(input: Uint8Array): Step[] {
  try {
    const steps = JSON.parse(textOf(input)) as Step[];
    return Array.isArray(steps) ? steps : [];
  } catch {
    return [];
  }
}

/**
 * Plays a script on a connection of its own, and holds what the server says and does against the
 * protocol.
 */
async function play(port: number, steps: readonly Step[]): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL, {
    skipUTF8Validation: true,
  });
  const faults: string[] = [];
  const seen: { frames: number[]; codes: Set<string> } = { frames: [], codes: new Set() };
  let code: number | null = null;
  socket.on('message', (data: Buffer, isBinary) => take(data, isBinary, seen, faults));
  socket.on('close', (reason) => {
    code = reason;
  });
  socket.on('error', () => {});
  await begun(socket);
  for (const each of steps) {
    if (socket.readyState !== WebSocket.OPEN) break;
    await doStep(each, socket, port, seen.frames);
  }
  // Everything before it has been read once it is answered.
  if (socket.readyState === WebSocket.OPEN) await answered(socket);
  await setTimeout(SETTLE_MS);
  const closedWith = code as number | null;
  socket.terminate();
  if (closedWith !== null && !OWN_FAULT.has(closedWith))
    faults.push(`It closed with ${closedWith}`);
  const health = await fetch(`http://127.0.0.1:${port}/healthz`, {
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (health.status !== 200) faults.push(`/healthz says ${health.status}`);
  await removeFeeds(port);
  if (faults.length > 0) throw new Defect(faults[0]);
  return closedWith === null ? ([...seen.codes].sort()[0] ?? 'served') : `closed ${closedWith}`;
}

function take(
  data: Buffer,
  isBinary: boolean,
  seen: { frames: number[]; codes: Set<string> },
  faults: string[],
): void {
  try {
    if (isBinary) return void seen.frames.push(decodeFrame(data).sequence);
    const message = JSON.parse(data.toString()) as {
      type: string;
      code?: string;
      message?: string;
    };
    if (message.type !== 'error') return;
    seen.codes.add(message.code!);
    if (message.code === 'INTERNAL' || /undefined|\[object/.test(message.message!))
      faults.push(`The server said ${message.code}: ${message.message}`);
  } catch (error) {
    faults.push(`The server sent what cannot be read: ${(error as Error).message}`);
  }
}

async function doStep(
  step: Step,
  socket: WebSocket,
  port: number,
  frames: readonly number[],
): Promise<void> {
  switch (step.do) {
    case 'text':
      for (let times = step.times ?? 1; times > 0; times--) socket.send(step.text);
      return;
    case 'binary':
      return socket.send(Buffer.from(step.hex, 'hex'), { binary: true });
    case 'fragments':
      return step.texts.forEach((text, index) =>
        socket.send(text, { fin: index === step.texts.length - 1 }),
      );
    case 'raw':
      return void (socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
        Buffer.from(step.hex, 'hex'),
      );
    case 'paint':
      return frames.length > 0
        ? socket.send(JSON.stringify({ type: 'painted', sequence: frames.at(-1) }))
        : undefined;
    case 'wait':
      return setTimeout(Math.min(100, step.ms));
    case 'signals':
      return sendSignals(step, port);
    case 'leave':
      return socket.close();
  }
}

async function sendSignals(
  { feed, text }: Extract<Step, { do: 'signals' }>,
  port: number,
): Promise<void> {
  const vehicle = new WebSocket(`ws://127.0.0.1:${port}/api/signals/${feed}`);
  vehicle.on('error', () => {});
  await begun(vehicle);
  if (vehicle.readyState === WebSocket.OPEN) vehicle.send(text);
  vehicle.close();
}

/** Open, or refused. */
const begun = (socket: WebSocket) =>
  new Promise<void>((resolve) => socket.on('open', resolve).on('close', () => resolve()));

async function answered(socket: WebSocket): Promise<void> {
  const answer = new Promise((resolve) => socket.on('pong', resolve).on('close', resolve));
  if (socket.readyState === WebSocket.OPEN) socket.ping();
  if ((await Promise.race([answer, setTimeout(ANSWER_MS, 'late')])) === 'late')
    throw new Defect('The server does not answer');
}

/** The next input begins without feeds. */
async function removeFeeds(port: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL);
  socket.on('error', () => {});
  const [data] = (await once(socket, 'message')) as [Buffer];
  const { feeds } = JSON.parse(data.toString()) as { feeds: { id: string }[] };
  for (const { id } of feeds) socket.send(JSON.stringify({ type: 'remove-feed', feed: id }));
  await answered(socket);
  socket.close();
}
