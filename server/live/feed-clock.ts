/** Two pictures of different connections are at least so many seconds apart. */
const APART = 0.001;

/**
 * The one time axis of a feed, over all its connections: seconds since 1970. Within a connection it
 * runs as the stream's timestamps do; where the stream begins anew, its first picture stands at its
 * arrival.
 */
export class FeedClock {
  #offset: number | null = null;
  #last = -Infinity;

  /** The next picture is the first one of a connection. */
  startConnection(): void {
    this.#offset = null;
  }

  /** `pts` in seconds, ascending within a connection; `arrival` in milliseconds since 1970. */
  time(pts: number, arrival: number): number {
    this.#offset ??= Math.max(arrival / 1000, this.#last + APART) - pts;
    this.#last = pts + this.#offset;
    return this.#last;
  }

  /** What turns timestamps of this connection into feed time; null before its first picture. */
  get offset(): number | null {
    return this.#offset;
  }
}
