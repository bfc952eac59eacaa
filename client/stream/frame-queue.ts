/** What the queue has to know of a frame that is ready to be drawn. */
export interface Queued {
  readonly sequence: number;
  readonly generation: number;
}

/**
 * Frames that are decoded and wait for an animation frame. Holds two, because at high frame rates
 * two can be ready between two animation frames without the page being late; of three the oldest is
 * thrown away and counted.
 */
export class FrameQueue<T extends Queued> {
  readonly #discard: (frame: T) => void;
  #waiting: T[] = [];
  #newest = -1;
  #skipped = 0;

  constructor(discard: (frame: T) => void) {
    this.#discard = discard;
  }

  /** Frames thrown away because newer ones were ready. */
  get skipped(): number {
    return this.#skipped;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** A frame that is older than one already here (decoding overtook it) is thrown away. */
  push(frame: T): void {
    if (frame.sequence < this.#newest) {
      this.#drop(frame);
      return;
    }
    this.#newest = frame.sequence;
    this.#waiting.push(frame);
    if (this.#waiting.length > 2) this.#drop(this.#waiting.shift());
  }

  shift(): T | undefined {
    return this.#waiting.shift();
  }

  /**
   * Throws away what `keep` refuses: frames of an old seek are no loss, so they are not counted.
   * Answers the newest of them, which is to be acknowledged: the server waits for a word about
   * every frame.
   */
  retain(keep: (frame: T) => boolean): T | undefined {
    const refused = this.#waiting.filter((frame) => !keep(frame));
    this.#waiting = this.#waiting.filter((frame) => !refused.includes(frame));
    for (const frame of refused) this.#discard(frame);
    return refused.at(-1);
  }

  /** For a new connection, which counts from 0 again. */
  restart(): void {
    this.retain(() => false);
    this.#newest = -1;
  }

  #drop(frame: T | undefined): void {
    if (!frame) return;
    this.#skipped++;
    this.#discard(frame);
  }
}
