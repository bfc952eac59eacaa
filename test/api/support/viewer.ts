import { once } from 'node:events';
import { WebSocket } from 'ws';
import {
  SUBPROTOCOL,
  type ClientMessage,
  type OpenedFeed,
  type OpenedMessage,
  type OpenedRecording,
  type ServerMessage,
} from '../../../shared/protocol/control-messages.ts';
import { decodeFrame, type FrameMessage } from '../../../shared/protocol/decode-frame.ts';
import { readFrameNumber } from '../../support/clips.ts';
import { READING } from './reading-network.ts';

export interface SeenFrame extends FrameMessage {
  /** `performance.now()` at arrival. */
  readonly arrived: number;
}

type MessageOf<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>;

/** A client as the page is one, on a real socket. */
export class Viewer {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  readonly frames: SeenFrame[] = [];
  /** Milliseconds from a frame's arrival to its acknowledgement; null: none is sent. */
  acknowledgeAfter: number | null = 0;
  #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#takeFrame(data);
      else this.messages.push(JSON.parse(data.toString()) as ServerMessage);
      this.#wake();
    });
    socket.on('close', () => this.#wake());
    socket.on('error', () => {});
  }

  static async connect({ port }: { port: number }): Promise<Viewer> {
    const viewer = new Viewer(new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL));
    await viewer.message('hello');
    return viewer;
  }

  /** Opens and waits until the first frame is there with its mask. */
  async open(
    recording: string,
    network: string,
    methods: readonly string[] = ['visualbackprop'],
    frame?: number,
  ): Promise<OpenedRecording> {
    const [messages, frames] = [this.messages.length, this.frames.length];
    this.send({
      type: 'open',
      recording,
      network,
      methods,
      ...(frame === undefined ? {} : { frame }),
    });
    const opened = await this.openedRecording(undefined, messages);
    await this.frame(({ parts }) => parts.some(({ kind }) => kind === 'mask'), frames);
    return opened;
  }

  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  acknowledge({ sequence }: SeenFrame): void {
    if (this.socket.readyState === WebSocket.OPEN) this.send({ type: 'painted', sequence });
  }

  /** The first message of a type, from the `since`th message on, that fulfils a condition. */
  async message<Type extends ServerMessage['type']>(
    type: Type,
    condition: (message: MessageOf<Type>) => boolean = () => true,
    since = 0,
  ): Promise<MessageOf<Type>> {
    const matches = (message: ServerMessage): message is MessageOf<Type> =>
      message.type === type && condition(message as MessageOf<Type>);
    return this.until(() => this.messages.slice(since).find(matches), type);
  }

  openedRecording(
    condition: (message: OpenedRecording) => boolean = () => true,
    since = 0,
  ): Promise<OpenedRecording> {
    return this.message('opened', isAs('fixed', condition), since) as Promise<OpenedRecording>;
  }

  openedFeed(
    condition: (message: OpenedFeed) => boolean = () => true,
    since = 0,
  ): Promise<OpenedFeed> {
    return this.message('opened', isAs('growing', condition), since) as Promise<OpenedFeed>;
  }

  /** The first frame, from the `since`th on, that fulfils a condition. */
  async frame(condition: (frame: SeenFrame) => boolean, since = 0): Promise<SeenFrame> {
    return this.until(() => this.frames.slice(since).find(condition), 'frame');
  }

  async until<Value>(find: () => Value | undefined | false, what = 'condition'): Promise<Value> {
    for (;;) {
      const found = find();
      if (found) return found;
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(
          `The connection was closed before: ${what}. Last: ${JSON.stringify(this.messages.at(-1))?.slice(0, 300)}`,
        );
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Seeks and gives the answer. */
  async seek(frame: number, generation: number): Promise<SeenFrame> {
    const since = this.frames.length;
    this.send({ type: 'seek', frame, generation });
    return this.frame((answer) => answer.generation === generation, since);
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }

  #takeFrame(data: Buffer): void {
    const frame = { ...decodeFrame(data), arrived: performance.now() };
    this.frames.push(frame);
    if (this.acknowledgeAfter === 0) this.acknowledge(frame);
    else if (this.acknowledgeAfter !== null)
      setTimeout(() => this.acknowledge(frame), this.acknowledgeAfter);
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function isAs<Extent extends OpenedMessage['extent']>(
  extent: Extent,
  condition: (message: Extract<OpenedMessage, { extent: Extent }>) => boolean,
): (message: OpenedMessage) => boolean {
  return (message) =>
    message.extent === extent && condition(message as Extract<OpenedMessage, { extent: Extent }>);
}

/** The number that a frame's mask shows. */
export function maskNumber({ parts }: FrameMessage): number | null {
  const mask = parts.find(({ kind }) => kind === 'mask');
  return mask ? readFrameNumber(mask.bytes, READING.width, READING.height) : null;
}
