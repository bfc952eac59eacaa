/** Reads that are begun at the same time; the reader itself has a lane of its own. */
const AT_ONCE = 4;
/** What was asked for before, and is not on any screen any more, is forgotten. */
const MOST_WANTED = 400;
/** So long what was read is not looked at again, ms. */
const FRESH = 10_000;

/** A drive, and by what it is known whether it is still what it was. */
export interface WantedDrive {
  readonly id: string;
  readonly version: string;
}

/**
 * Has details read that somebody looks at, those that were asked for last first; and when nobody
 * waits for any, those of all, one at a time.
 */
export class WantedDetails {
  readonly #read: (id: string) => Promise<void>;
  /** Versions by id, in the order in which they were asked for. */
  readonly #wanted = new Map<string, string>();
  readonly #begun = new Map<string, { readonly version: string; readonly at: number }>();
  #all: readonly WantedDrive[] = [];
  #next = 0;
  #reading = 0;
  #closed = false;

  constructor(read: (id: string) => Promise<void>) {
    this.#read = read;
  }

  want(drives: readonly WantedDrive[]): void {
    for (const { id, version } of drives.toReversed()) {
      if (this.#isFresh(id, version)) continue;
      this.#wanted.delete(id);
      this.#wanted.set(id, version);
    }
    for (const oldest of this.#wanted.keys()) {
      if (this.#wanted.size <= MOST_WANTED) break;
      this.#wanted.delete(oldest);
    }
    this.#go();
  }

  /** Each once; who asks again while it goes on asks for nothing more. */
  wantAll(drives: readonly WantedDrive[]): void {
    if (this.#next < this.#all.length) return;
    this.#all = drives.filter(({ id, version }) => this.#begun.get(id)?.version !== version);
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
      const next = this.#take();
      if (next === null) return;
      const { id, version } = next;
      this.#reading++;
      this.#begun.set(id, { version, at: performance.now() });
      void this.#read(id)
        .catch(() => {})
        .finally(() => {
          this.#reading--;
          this.#go();
        });
    }
  }

  #take(): WantedDrive | null {
    const last = [...this.#wanted].at(-1);
    if (last !== undefined) {
      const [id, version] = last;
      this.#wanted.delete(id);
      return { id, version };
    }
    // In the background, one at a time.
    if (this.#reading > 0) return null;
    while (this.#next < this.#all.length) {
      const drive = this.#all[this.#next++]!;
      if (this.#begun.get(drive.id)?.version !== drive.version) return drive;
    }
    return null;
  }

  #isFresh(id: string, version: string): boolean {
    const known = this.#begun.get(id);
    return known?.version === version && performance.now() - known.at < FRESH;
  }
}
