/**
 * Seconds of which the smallest delay counts: long enough to meet an undelayed message, short
 * enough to follow clocks that drift.
 */
const WINDOW = 60;
const BUCKETS = 30;

/**
 * Offset between a sender's clock and ours: the smallest (arrival − sent) of the last minute, as in
 * NTP's clock filter. What remains above it is delay that varies; the constant part of the delay
 * cannot be seen from one side.
 */
export class MinimumDelay {
  readonly #buckets: { slot: number; least: number }[] = [];

  /** Both in seconds, each of its own clock. Gives the delay above the smallest one, ≥ 0. */
  add(sent: number, arrival: number): number {
    const difference = arrival - sent;
    const slot = Math.floor((arrival * BUCKETS) / WINDOW);
    const last = this.#buckets.at(-1);
    // Our clock may be set back, too: by little, the last bucket goes on; by more, nothing from
    // before counts.
    if (last && slot <= last.slot - BUCKETS) this.reset();
    if (last && slot <= last.slot && this.#buckets.length > 0)
      last.least = Math.min(last.least, difference);
    else this.#buckets.push({ slot, least: difference });
    while (this.#buckets[0]!.slot <= slot - BUCKETS) this.#buckets.shift();
    return difference - this.offset!;
  }

  /** What to add to the sender's clock to get ours, seconds; null before the first message. */
  get offset(): number | null {
    if (this.#buckets.length === 0) return null;
    let least = Infinity;
    for (const bucket of this.#buckets) least = Math.min(least, bucket.least);
    return least;
  }

  reset(): void {
    this.#buckets.length = 0;
  }
}
