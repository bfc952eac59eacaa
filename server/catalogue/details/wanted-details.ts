/** Reads that are begun at the same time; the reader itself has a lane of its own. */
const AT_ONCE = 4;
/** What was asked for before, and is not on any screen any more, is forgotten. */
const MOST_WANTED = 400;
/** So long what was read is not looked at again, ms. */
const FRESH = 10_000;

/**
 * Has details read that somebody looks at, those that were asked for last first; and when nobody
 * waits for any, those of all, one at a time.
 */
export class WantedDetails {
  readonly #read: (id: string) => Promise<void>;
  /** In the order in which they were asked for. */
  readonly #wanted = new Set<string>();
  readonly #readAt = new Map<string, number>();
  #all: readonly string[] = [];
  #next = 0;
  #reading = 0;
  #closed = false;

  constructor(read: (id: string) => Promise<void>) {
    this.#read = read;
  }

  want(ids: readonly string[]): void {
    for (const id of ids.toReversed()) {
      if (this.#isFresh(id)) continue;
      this.#wanted.delete(id);
      this.#wanted.add(id);
    }
    for (const oldest of this.#wanted) {
      if (this.#wanted.size <= MOST_WANTED) break;
      this.#wanted.delete(oldest);
    }
    this.#go();
  }

  /** Each once; who asks again while it goes on asks for nothing more. */
  wantAll(ids: readonly string[]): void {
    if (this.#next < this.#all.length) return;
    this.#all = ids.filter((id) => !this.#readAt.has(id));
    this.#next = 0;
    this.#go();
  }

  close(): void {
    this.#closed = true;
    this.#wanted.clear();
    this.#all = [];
  }

  #go(): void {
    while (!this.#closed && this.#reading < AT_ONCE) {
      const id = this.#take();
      if (id === null) return;
      this.#reading++;
      this.#readAt.set(id, performance.now());
      void this.#read(id)
        .catch(() => {})
        .finally(() => {
          this.#reading--;
          this.#go();
        });
    }
  }

  #take(): string | null {
    const last = [...this.#wanted].at(-1);
    if (last !== undefined) {
      this.#wanted.delete(last);
      return last;
    }
    // In the background, one at a time.
    if (this.#reading > 0) return null;
    while (this.#next < this.#all.length) {
      const id = this.#all[this.#next++]!;
      if (!this.#readAt.has(id)) return id;
    }
    return null;
  }

  #isFresh(id: string): boolean {
    return performance.now() - (this.#readAt.get(id) ?? -Infinity) < FRESH;
  }
}
