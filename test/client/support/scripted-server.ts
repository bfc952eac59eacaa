import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { Socket, SocketHandlers } from '../../../client/stream/connection.svelte.ts';
import {
  SUBPROTOCOL, type ClientMessage, type ServerMessage,
} from '../../../shared/protocol/control-messages.ts';

/** A server on a real socket that says what the test tells it to say. */
export class ScriptedServer {
  /** Connections that pages have made so far. */
  connections = 0;
  readonly #server: WebSocketServer;
  #socket: WebSocket | null = null;
  #heard: ClientMessage[] = [];
  /** Messages that one side has given to its socket, and that the other side has taken from it. */
  readonly #said = { given: 0, taken: 0 };
  readonly #asked = { given: 0, taken: 0 };
  #waiting: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#socket = socket;
      this.connections++;
      socket.on('message', (data: Buffer) => {
        this.#heard.push(JSON.parse(data.toString()) as ClientMessage);
        this.#asked.taken++;
        this.#wake();
      });
      this.#wake();
    });
  }

  static async start(t: Pick<TestContext, 'after'>): Promise<ScriptedServer> {
    const handleProtocols = (protocols: Set<string>) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false);
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols });
    await once(server, 'listening');
    t.after(() => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    });
    return new ScriptedServer(server);
  }

  /** The page's side of the socket. */
  readonly open = (handlers: SocketHandlers): Socket => {
    const { port } = this.#server.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    const told = (tell: () => void) => {
      tell();
      this.#wake();
    };
    socket.on('open', () => told(handlers.opened));
    socket.on('message', (data: ArrayBuffer | Buffer, isBinary) => {
      this.#said.taken++;
      told(() => handlers.received(isBinary ? (data as ArrayBuffer) : Buffer.from(data as Buffer).toString()));
    });
    socket.on('close', (code) => told(() => handlers.closed(code)));
    socket.on('error', () => {});
    return {
      send: (text) => {
        if (socket.readyState !== WebSocket.OPEN) return false;
        this.#asked.given++;
        socket.send(text);
        return true;
      },
      close: () => socket.close(),
    };
  };

  /** Says it, and waits until the page has taken it. */
  async say(...messages: readonly (ServerMessage | Uint8Array)[]): Promise<void> {
    for (const message of messages) {
      this.#said.given++;
      this.#socket?.send(message instanceof Uint8Array ? message : JSON.stringify(message));
    }
    await this.until(() => this.#said.taken === this.#said.given);
    // What the page does by promises, such as decoding a picture.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** What the page has asked for since the last call, when all of it has come. */
  async heard(): Promise<ClientMessage[]> {
    await this.until(() => this.#asked.taken === this.#asked.given);
    return this.#heard.splice(0);
  }

  /** Ends the connection with this code, and waits until the page knows. */
  async drop(code: number, isKnown: () => boolean): Promise<void> {
    this.#socket?.close(code);
    await this.until(isKnown);
  }

  /** Looks after everything that happens on a socket. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
