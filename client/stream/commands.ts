import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import type { Sender } from './connection.svelte.ts';
import { Signal } from './signal.ts';

/**
 * Commands to the server for what is open. Those that show other frames are counted, and frames
 * carry the count.
 */
export class Commands {
  /** Frames that were asked for before are not wanted any more. */
  readonly outdated = new Signal();
  readonly #sender: Sender;
  #generation = 0;
  /** Frames of older generations were asked for by commands that are over. */
  #oldest = 0;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  send(message: ClientMessage): void {
    this.#sender.send(message);
  }

  /**
   * Shows exactly this frame; whatever is still on its way from before is thrown away. Answers the
   * generation.
   */
  seek(frame: number): number {
    return this.show((generation) => ({ type: 'seek', frame, generation }));
  }

  /** Sends what shows other frames from now on. Answers the generation. */
  show(message: (generation: number) => ClientMessage): number {
    this.#oldest = ++this.#generation;
    this.outdated.emit();
    this.send(message(this.#generation));
    return this.#generation;
  }

  /** Whether something else was asked for since. */
  isOutdated(generation: number): boolean {
    return generation < this.#oldest;
  }

  /** Something else is opened, and its frames begin with any generation. */
  restart(): void {
    this.#oldest = 0;
  }
}
