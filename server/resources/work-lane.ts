import { RoadgazeError } from '../../shared/errors.ts';

export interface LaneRules {
  /** What there is room for, as in "This machine … at a time". */
  readonly what: string;
  /** So many may work at the same time. */
  readonly places: number;
  /** So many may wait, each for so long (ms). */
  readonly waiting: number;
  readonly patience: number;
}

interface Waiting {
  admit(): void;
}

/**
 * Work of one kind, a few at a time, for all viewers together: first come, first served. Who waits
 * can leave at any time, and no more than so many wait.
 */
export class WorkLane {
  readonly #rules: LaneRules;
  readonly #waiting = new Set<Waiting>();
  #working = 0;

  constructor(rules: LaneRules) {
    this.#rules = rules;
  }

  /** Whether somebody waits for a place: who does not need his should give it back. */
  get isFull(): boolean {
    return this.#waiting.size > 0;
  }

  /**
   * Resolves when there is a place; the function that it gives gives it back. Throws SERVER_BUSY
   * where too many wait, or none becomes free for too long, and the signal's reason.
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#working < this.#rules.places) this.#working++;
    else await this.#wait(signal);
    let holds = true;
    return () => {
      if (!holds) return;
      holds = false;
      this.#working--;
      this.#admit();
    };
  }

  /** Does work when there is a place for it. Throws what `enter` does, and what the work throws. */
  async run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const leave = await this.enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#rules.waiting) return Promise.reject(this.#busy());
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const waiting: Waiting = {
        admit: () => {
          leave();
          resolve();
        },
      };
      const abort = (): void => {
        leave();
        reject(signal!.reason as Error);
      };
      const timer = setTimeout(() => {
        leave();
        reject(this.#busy());
      }, this.#rules.patience);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /**
   * A place is taken for who is admitted at once, so that nobody who comes in between overtakes.
   */
  #admit(): void {
    const [next] = this.#waiting;
    if (!next || this.#working >= this.#rules.places) return;
    this.#working++;
    next.admit();
  }

  #busy(): RoadgazeError {
    return new RoadgazeError(
      'SERVER_BUSY',
      `This machine ${this.#rules.what} at a time, and others are before you.`,
      'Try again in a moment, or let fewer watch at the same time.',
    );
  }
}
