/**
 * Looks when there is news: soon after it, but no sooner than `every` ms after the look before,
 * however much news comes. Whoever looks meets all that changed since. Without news nothing runs.
 */
export class Lookout {
  readonly #look: () => void;
  readonly #every: number;
  #timer: NodeJS.Timeout | null = null;
  #lookedAt = -Infinity;
  #closed = false;

  constructor(look: () => void, every: number) {
    this.#look = look;
    this.#every = every;
  }

  /** Never looks before it returns: whoever tells of news has other work. */
  news(): void {
    if (this.#timer || this.#closed) return;
    const wait = Math.max(0, this.#lookedAt + this.#every - performance.now());
    this.#timer = setTimeout(() => this.look(), Math.ceil(wait));
  }

  /** Looks at once. */
  look(): void {
    if (this.#closed) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#lookedAt = performance.now();
    this.#look();
  }

  /** Looks no more. */
  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
