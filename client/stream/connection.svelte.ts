import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import type { ClientMessage, ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { Clock } from './clock.ts';

export interface ConnectionState {
  readonly phase: 'connecting' | 'open' | 'lost' | 'refused';
  /** Attempts to connect again since the connection was lost; 0 while it is open. */
  readonly attempt: number;
  /** When the next attempt is made, by the clock's `now`; null while none is planned. */
  readonly retryAt: number | null;
}

/** A socket to the server that is being opened. Nothing is said by it any more after `close`. */
export interface Socket {
  /** False while it is not open. */
  send(text: string): boolean;
  close(): void;
}

export interface SocketHandlers {
  readonly opened: () => void;
  readonly received: (data: string | ArrayBuffer) => void;
  readonly closed: (code: number) => void;
}

export interface Receiver {
  readonly message: (message: ServerMessage) => void;
  readonly frame: (bytes: Uint8Array) => void;
  /** After `state` has changed. */
  readonly changed: (state: ConnectionState) => void;
}

/** Takes commands for the server. */
export interface Sender {
  /**
   * False where there is no connection; the message is then lost on purpose, because its moment is
   * over.
   */
  send(message: ClientMessage): boolean;
}

const FIRST_DELAY = 250;
const LONGEST_DELAY = 5_000;
/**
 * The server has read the whole page's protocol and disagrees: trying again with the same page
 * cannot help.
 */
const FINAL_CODES: readonly number[] = [CLOSE_CODES.PROTOCOL_VIOLATION, CLOSE_CODES.TOO_LARGE];

/** There is no room now: it would not get better by asking often. */
const CROWDED_CODES: readonly number[] = [CLOSE_CODES.UNREAD, CLOSE_CODES.BUSY];

/** Milliseconds to wait before attempt 1, 2, …: doubling, at most 5 s. */
export function retryDelay(attempt: number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1));
}

/**
 * The connection to the server; connects again by itself, with growing pauses, until it is closed.
 */
export class Connection implements Sender {
  state = $state.raw<ConnectionState>({ phase: 'connecting', attempt: 0, retryAt: null });
  readonly #openSocket: (handlers: SocketHandlers) => Socket;
  readonly #now: Clock['now'];
  #receiver: Receiver | null = null;
  #socket: Socket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #closed = false;

  constructor(openSocket: (handlers: SocketHandlers) => Socket, { now }: Pick<Clock, 'now'>) {
    this.#openSocket = openSocket;
    this.#now = now;
  }

  get isOpen(): boolean {
    return this.state.phase === 'open';
  }

  /** Lost, or refused for good. */
  get isGone(): boolean {
    return this.state.phase === 'lost' || this.state.phase === 'refused';
  }

  /** Connects for the first time; everything that comes is told to `receiver`. */
  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#connect();
  }

  send(message: ClientMessage): boolean {
    return this.#socket?.send(JSON.stringify(message)) ?? false;
  }

  /**
   * Connects at once: a lost connection without waiting, an open one anew (the server then lists
   * its folder again).
   */
  reconnect(): void {
    clearTimeout(this.#timer);
    this.#leave();
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#leave();
  }

  #leave(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #connect(): void {
    this.#change({
      phase: this.#attempt === 0 ? 'connecting' : 'lost',
      attempt: this.#attempt,
      retryAt: null,
    });
    const socket: Socket = this.#openSocket({
      opened: () => {
        if (socket !== this.#socket) return;
        this.#attempt = 0;
        this.#change({ phase: 'open', attempt: 0, retryAt: null });
      },
      received: (data) => {
        if (socket !== this.#socket) return;
        if (typeof data === 'string') this.#receiver?.message(JSON.parse(data) as ServerMessage);
        else this.#receiver?.frame(new Uint8Array(data));
      },
      closed: (code) => {
        if (socket === this.#socket) this.#lost(code);
      },
    });
    this.#socket = socket;
  }

  #lost(code: number): void {
    this.#socket = null;
    if (this.#closed) return;
    if (FINAL_CODES.includes(code)) {
      this.#change({ phase: 'refused', attempt: 0, retryAt: null });
      return;
    }
    this.#attempt++;
    const delay = CROWDED_CODES.includes(code) ? LONGEST_DELAY : retryDelay(this.#attempt);
    this.#change({ phase: 'lost', attempt: this.#attempt, retryAt: this.#now() + delay });
    this.#timer = setTimeout(() => this.#connect(), delay);
  }

  #change(state: ConnectionState): void {
    this.state = state;
    this.#receiver?.changed(state);
  }
}
