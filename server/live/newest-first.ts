/**
 * Runs work on the newest item: at most `limit` at a time, one more may wait, and a newer one takes
 * its place. Results come out in the order of their items; one that was overtaken by a newer result
 * is dropped.
 */
export class NewestFirst<Item, Result> {
  readonly #limit: number;
  readonly #run: (item: Item) => Promise<Result>;
  readonly #handlers: NewestFirstHandlers<Item, Result>;
  #waiting: { readonly item: Item; readonly turn: number } | null = null;
  #running = 0;
  #turn = 0;
  #lastOut = -1;
  #closed = false;
  #idle: (() => void) | null = null;

  constructor(
    limit: number,
    run: (item: Item) => Promise<Result>,
    handlers: NewestFirstHandlers<Item, Result>,
  ) {
    this.#limit = limit;
    this.#run = run;
    this.#handlers = handlers;
  }

  offer(item: Item): void {
    if (this.#closed) return;
    const entry = { item, turn: this.#turn++ };
    if (this.#running < this.#limit) return void this.#start(entry);
    if (this.#waiting) this.#handlers.dropped(this.#waiting.item);
    this.#waiting = entry;
  }

  /** Resolves when nothing runs any more. What waits is forgotten, and no result comes out. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = null;
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  async #start({ item, turn }: { readonly item: Item; readonly turn: number }): Promise<void> {
    this.#running++;
    try {
      const result = await this.#run(item);
      if (this.#closed) return;
      if (turn < this.#lastOut) return this.#handlers.dropped(item);
      this.#lastOut = turn;
      this.#handlers.done(item, result);
    } catch (error) {
      if (!this.#closed) this.#handlers.failed(item, error);
    } finally {
      this.#running--;
      const next = this.#waiting;
      this.#waiting = null;
      if (next) void this.#start(next);
      else if (this.#running === 0) this.#idle?.();
    }
  }
}

export interface NewestFirstHandlers<Item, Result> {
  done(item: Item, result: Result): void;
  /** A newer item took its place, or a newer result came out before its own. */
  dropped(item: Item): void;
  failed(item: Item, error: unknown): void;
}
