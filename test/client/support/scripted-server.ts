import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Socket, SocketHandlers } from '../../../client/stream/connection.svelte.ts';
import {
  SUBPROTOCOL,
  type ClientMessage,
  type ServerMessage,
} from '../../../shared/protocol/control-messages.ts';
import { openSocket } from './open-socket.ts';

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
    const handleProtocols = (protocols: Set<string>) =>
      protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false;
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
    const then =
      <T extends unknown[]>(tell: (...values: T) => void, count = false) =>
      (...values: T) => {
        if (count) this.#said.taken++;
        tell(...values);
        this.#wake();
      };
    const { opened, received, closed } = handlers;
    const socket = openSocket(port, {
      opened: then(opened),
      received: then(received, true),
      closed: then(closed),
    });
    return {
      ...socket,
      send: (text) => {
        const isSent = socket.send(text);
        if (isSent) this.#asked.given++;
        return isSent;
      },
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
    const socket = this.#socket;
    if (!socket) return;
    const closed = once(socket, 'close');
    socket.close(code);
    await Promise.all([closed, this.until(isKnown)]);
  }

  /** Looks after everything that happens on a socket. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
