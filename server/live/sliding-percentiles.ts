/** Medians and 95th percentiles of the last values, in milliseconds. */
export interface DelaySummary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
}

/** Keeps the last `size` values in a ring; sorting waits until somebody asks. */
export class SlidingPercentiles {
  readonly #values: Float64Array;
  #count = 0;

  constructor(size = 512) {
    this.#values = new Float64Array(size);
  }

  add(value: number): void {
    this.#values[this.#count++ % this.#values.length] = value;
  }

  reset(): void {
    this.#count = 0;
  }

  /** null before the first value. Nearest-rank percentiles. */
  summary(): DelaySummary | null {
    const count = Math.min(this.#count, this.#values.length);
    if (count === 0) return null;
    const sorted = this.#values.slice(0, count).sort();
    const at = (fraction: number): number => sorted[Math.ceil(fraction * count) - 1]!;
    return { count, p50: at(0.5), p95: at(0.95) };
  }
}
