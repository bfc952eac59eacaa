import { once } from 'node:events';
import { WebSocket } from 'ws';
import { SUBPROTOCOL, type ServerMessage } from '../../../shared/protocol/control-messages.ts';

/** A client that opens and plays as soon as it can; keeps the codes of errors and of the close. */
export class Restless {
  readonly codes: string[] = [];
  closed: number | null = null;
  readonly socket: WebSocket;
  readonly settled: Promise<unknown>;
  opened = false;
  frames = 0;

  constructor(port: number, recording: string) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL);
    const send = (message: object) =>
      this.socket.readyState === WebSocket.OPEN && this.socket.send(JSON.stringify(message));
    this.settled = new Promise<void>((resolve) => {
      this.socket.on('error', () => {});
      this.socket.on('close', (code) => {
        this.closed = code;
        resolve();
      });
      this.socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) {
          send({ type: 'painted', sequence: this.frames++ });
          if (this.frames > 20) resolve();
          return;
        }
        const message = JSON.parse(data.toString()) as ServerMessage;
        if (message.type === 'hello')
          send({ type: 'open', recording, network: 'reading', methods: ['visualbackprop'] });
        if (message.type === 'opened') this.opened = true;
        if (message.type === 'opened') send({ type: 'play', frame: 0, speed: 1, loop: true });
        if (message.type !== 'error') return;
        this.codes.push(message.code);
        resolve();
      });
    });
  }

  async leave(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.terminate();
    await closed;
  }
}
