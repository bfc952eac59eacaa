import { MOST_UNSENT_IN_ALL } from '../resources/limits.ts';

/** Somebody to whom bytes wait to be sent. */
export interface Reader {
  readonly buffered: number;
  /** They read too slowly for what the server keeps. */
  letGo(): void;
}

/**
 * What waits to be sent to all who are connected, bounded together: of many who read slowly, each
 * within their own bound, the one with the most is let go.
 */
export class Unsent {
  readonly #most: number;
  /** Bytes of each reader when they were last looked at: some may have been read since. */
  readonly #readers = new Map<Reader, number>();
  #total = 0;

  /** `most` in bytes. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Call before `bytes` are sent to the reader, who is among the others from the first call on. */
  count(reader: Reader, bytes: number): void {
    this.#look(reader, bytes);
    if (this.#total <= this.#most) return;
    for (const each of this.#readers.keys()) this.#look(each, each === reader ? bytes : 0);
    while (this.#total > this.#most) {
      const [[slowest]] = [...this.#readers].sort(([, a], [, b]) => b - a) as [[Reader, number]];
      this.forget(slowest);
      slowest.letGo();
    }
  }

  forget(reader: Reader): void {
    this.#total -= this.#readers.get(reader) ?? 0;
    this.#readers.delete(reader);
  }

  #look(reader: Reader, coming: number): void {
    const buffered = reader.buffered + coming;
    this.#total += buffered - (this.#readers.get(reader) ?? 0);
    this.#readers.set(reader, buffered);
  }
}

/** Of all connections of this process. */
export const unsentInAll = new Unsent(MOST_UNSENT_IN_ALL);
