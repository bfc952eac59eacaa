import type { WebSocket } from 'ws';
import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import { Bell } from '../pipeline/player-bell.ts';
import { MOST_UNSENT } from '../resources/limits.ts';
import { MessageAllowance } from './message-allowance.ts';
import { unsentInAll, type Reader, type Unsent } from './unsent.ts';

const PING_EVERY = 10_000;
/** Pings are answered while no more than this waits to be sent. */
const UNANSWERED = 64 << 10;
/** How long (ms) the close may take of a peer that reads nothing. */
const TAKING_LEAVE = 2000;

/**
 * The other end of a WebSocket, which may read slowly or not at all, and may send more than anybody
 * needs. What waits to be sent to it and to all others, and how fast it is read, is bounded; one
 * that vanished without a word is noticed.
 */
export class Peer implements Reader {
  readonly #socket: WebSocket;
  readonly #unsent: Unsent;
  readonly #allowance = new MessageAllowance();
  readonly #sent = new Bell();
  #largest = 0;
  #pause: NodeJS.Timeout | undefined;
  #leaving: NodeJS.Timeout | undefined;

  /** `socket` must not answer pings by itself. `pingEvery` in ms. */
  constructor(socket: WebSocket, pingEvery = PING_EVERY, unsent = unsentInAll) {
    this.#socket = socket;
    this.#unsent = unsent;
    // Who has not read a ping cannot know what it says: a pong that nobody asked for counts for
    // nothing.
    let asked = 0;
    let answered = true;
    let before = 0;
    socket.on('pong', (data) => {
      answered ||= data.toString() === String(asked);
      this.count(1);
    });
    socket.on('ping', (data) => {
      if (socket.bufferedAmount < UNANSWERED) socket.pong(data);
      this.count(1);
    });
    const timer = setInterval(() => {
      if (!answered && this.buffered >= before) return socket.terminate();
      answered = false;
      asked++;
      socket.ping(String(asked));
      before = this.buffered;
    }, pingEvery);
    socket.on('close', () => {
      unsent.forget(this);
      clearInterval(timer);
      clearTimeout(this.#pause);
      clearTimeout(this.#leaving);
    });
    // Too large or malformed messages; ws closes the connection itself, with the code that fits.
    socket.on('error', () => {});
  }

  /** Bytes that wait to be sent. */
  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  /** Calls `listener` whenever a message has left, until the function that this returns is called. */
  onSent(listener: () => void): () => void {
    return this.#sent.listen(listener);
  }

  onMessage(listener: (data: Buffer, isBinary: boolean) => void): void {
    this.#socket.on('message', listener as (data: unknown, isBinary: boolean) => void);
  }

  onClose(listener: () => void): void {
    this.#socket.on('close', listener);
  }

  /** A message of this cost came: no more is read before the peer has the allowance for it. */
  count(cost: number): void {
    const milliseconds = this.#allowance.take(cost);
    if (milliseconds === 0) return;
    this.#socket.pause();
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#socket.resume(), milliseconds);
  }

  send(text: string): void {
    if (this.#hasRoom(text.length)) this.#socket.send(text, () => this.#sent.ring());
  }

  /** One binary message in as many fragments as there are buffers: none of them is copied. */
  sendBuffers(buffers: readonly Uint8Array[]): void {
    if (!this.#hasRoom(buffers.reduce((sum, { byteLength }) => sum + byteLength, 0))) return;
    const last = buffers.length - 1;
    buffers.forEach((buffer, index) =>
      this.#socket.send(
        buffer,
        { binary: true, fin: index === last },
        index === last ? () => this.#sent.ring() : undefined,
      ),
    );
  }

  close(code: number, reason = ''): void {
    this.#unsent.forget(this);
    clearTimeout(this.#pause);
    this.#socket.resume();
    this.#socket.close(code, reason);
    // Its end may have to be read behind much else, by a peer that reads nothing.
    this.#leaving ??= setTimeout(() => this.#socket.terminate(), TAKING_LEAVE);
  }

  letGo(): void {
    this.close(CLOSE_CODES.UNREAD);
  }

  /** A single message may be larger than the bound: who reads at all gets through with it. */
  #hasRoom(size: number): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    this.#unsent.count(this, size);
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    if (this.buffered > Math.max(MOST_UNSENT, 2 * this.#largest)) {
      this.letGo();
      return false;
    }
    this.#largest = Math.max(this.#largest, size);
    return true;
  }
}
