import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';
import { decodeFrame, type FrameMessage } from '../../shared/protocol/decode-frame.ts';
import type { Clock } from './clock.ts';
import { FrameQueue } from './frame-queue.ts';

/** A decoded picture, which holds memory until it is closed. */
export interface Picture {
  close(): void;
}

/** What the page decodes JPEG pictures with, and when it draws. */
export interface PictureTools<P extends Picture> extends Clock {
  readonly decode: (jpeg: Uint8Array) => Promise<P>;
}

/** A frame whose picture is decoded. */
export interface ReadyFrame<P extends Picture> {
  readonly sequence: number;
  readonly generation: number;
  readonly message: FrameMessage;
  /** null where the message carries only masks for the picture that is already there. */
  readonly picture: P | null;
  /** What was open when the frame arrived: its crop places this frame's mask. */
  readonly opened: OpenedMessage | null;
}

export interface PresenterHandlers<P extends Picture> {
  /** False for a frame nobody wants to see any more, e.g. of an old seek. */
  readonly wanted: (frame: {
    readonly message: FrameMessage;
    readonly opened: OpenedMessage | null;
  }) => boolean;
  /**
   * Draws, and closes the picture when it is not needed any more; called inside an animation frame.
   */
  readonly paint: (frame: ReadyFrame<P>) => void;
  /** The server may send more: everything up to `sequence` is painted or thrown away. */
  readonly acknowledge: (sequence: number) => void;
}

/**
 * From bytes to painted frames: decodes pictures as they come, draws at most one per animation
 * frame, and acknowledges a frame only after it has been drawn. In a hidden tab there are no
 * animation frames, so the server is not asked for more.
 */
export class Presenter<P extends Picture> {
  readonly #handlers: PresenterHandlers<P>;
  readonly #tools: PictureTools<P>;
  readonly #queue = new FrameQueue<ReadyFrame<P>>((frame) => frame.picture?.close());
  #scheduled = false;
  #connection = 0;
  #painted = 0;

  constructor(handlers: PresenterHandlers<P>, tools: PictureTools<P>) {
    this.#handlers = handlers;
    this.#tools = tools;
  }

  get painted(): number {
    return this.#painted;
  }

  get skipped(): number {
    return this.#queue.skipped;
  }

  /** Takes one binary message. Throws PROTOCOL_VIOLATION where it is not one. */
  receive(bytes: Uint8Array, opened: OpenedMessage | null): void {
    const message = decodeFrame(bytes);
    if (!this.#handlers.wanted({ message, opened })) {
      this.#handlers.acknowledge(message.sequence);
      return;
    }
    void this.#decode(message, opened, this.#connection);
  }

  /** Throws away waiting frames that are not wanted any more. */
  refresh(): void {
    const refused = this.#queue.retain((frame) => this.#handlers.wanted(frame));
    if (refused) this.#handlers.acknowledge(refused.sequence);
  }

  /** Sequence numbers start again from 0 on a new connection. */
  restart(): void {
    this.#connection++;
    this.#queue.restart();
  }

  async #decode(
    message: FrameMessage,
    opened: OpenedMessage | null,
    connection: number,
  ): Promise<void> {
    const part = message.parts.find(({ kind }) => kind === 'picture');
    let picture: P | null = null;
    if (part) {
      try {
        picture = await this.#tools.decode(part.bytes);
      } catch {
        // A damaged picture is one frame lost, not the end of playback.
        if (connection === this.#connection) this.#handlers.acknowledge(message.sequence);
        return;
      }
    }
    if (connection !== this.#connection || !this.#handlers.wanted({ message, opened })) {
      picture?.close();
      if (connection === this.#connection) this.#handlers.acknowledge(message.sequence);
      return;
    }
    this.#queue.push({
      sequence: message.sequence,
      generation: message.generation,
      message,
      picture,
      opened,
    });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#tools.nextFrame(() => {
      this.#scheduled = false;
      const frame = this.#queue.shift();
      if (frame) {
        this.#handlers.paint(frame);
        this.#painted++;
        this.#handlers.acknowledge(frame.sequence);
      }
      this.#schedule();
    });
  }
}
