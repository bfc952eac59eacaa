import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import { SUBPROTOCOL, type ClientMessage, type ServerMessage } from '../../shared/protocol/control-messages.ts';

export interface ConnectionState {
  readonly phase: 'connecting' | 'open' | 'lost' | 'refused';
  /** Attempts to connect again since the connection was lost; 0 while it is open. */
  readonly attempt: number;
  /** When the next attempt is made, as `performance.now()`; null while none is planned. */
  readonly retryAt: number | null;
}

export interface ConnectionHandlers {
  readonly message: (message: ServerMessage) => void;
  readonly frame: (bytes: Uint8Array) => void;
  readonly state: (state: ConnectionState) => void;
}

const FIRST_DELAY = 250;
const LONGEST_DELAY = 5_000;
/** The server has read the whole page's protocol and disagrees: trying again with the same page cannot help. */
const FINAL_CODES: readonly number[] = [CLOSE_CODES.PROTOCOL_VIOLATION, CLOSE_CODES.TOO_LARGE];

/** Milliseconds to wait before attempt 1, 2, …: doubling, at most 5 s. */
export function retryDelay(attempt: number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1));
}

/** The socket to the server; connects again by itself, with growing pauses, until it is closed. */
export class Connection {
  readonly #url: string;
  readonly #handlers: ConnectionHandlers;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #closed = false;

  constructor(url: string, handlers: ConnectionHandlers) {
    this.#url = url;
    this.#handlers = handlers;
    this.#connect();
  }

  /** False where there is no connection; the message is then lost on purpose, because its moment is over. */
  send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Connects at once: a lost connection without waiting, an open one anew (the server then lists its folder again). */
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
    this.#handlers.state({ phase: this.#attempt === 0 ? 'connecting' : 'lost', attempt: this.#attempt, retryAt: null });
    const socket = new WebSocket(this.#url, SUBPROTOCOL);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.#attempt = 0;
      this.#handlers.state({ phase: 'open', attempt: 0, retryAt: null });
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.#socket) return;
      if (typeof data === 'string') this.#handlers.message(JSON.parse(data) as ServerMessage);
      else this.#handlers.frame(new Uint8Array(data));
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lost(code);
    };
  }

  #lost(code: number): void {
    this.#socket = null;
    if (this.#closed) return;
    if (FINAL_CODES.includes(code)) {
      this.#handlers.state({ phase: 'refused', attempt: 0, retryAt: null });
      return;
    }
    this.#attempt += 1;
    const delay = retryDelay(this.#attempt);
    this.#handlers.state({ phase: 'lost', attempt: this.#attempt, retryAt: performance.now() + delay });
    this.#timer = setTimeout(() => this.#connect(), delay);
  }
}
