import type { DrivingSignal } from './signal-line.ts';

/** A chunk with more is split. An insertion moves no more than one chunk. */
const LARGEST_CHUNK = 512;

/**
 * Signals in the order of their times, in chunks: putting one anywhere into many costs no more than
 * putting it at the end of few.
 */
export class OrderedSignals {
  /** None is empty. */
  readonly #chunks: DrivingSignal[][] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Of the newest signal; null without one. */
  get newest(): number | null {
    return this.#chunks.at(-1)?.at(-1)!.t ?? null;
  }

  /** Takes the place of one of the same time. */
  insert(signal: DrivingSignal): void {
    const { t } = signal;
    const place = Math.max(0, firstAfter(this.#chunks, t, ([first]) => first!.t) - 1);
    const signals = (this.#chunks[place] ??= []);
    const at = firstAfter(signals, t, timeOf);
    if (at > 0 && signals[at - 1]!.t === t) {
      signals[at - 1] = signal;
      return;
    }
    signals.splice(at, 0, signal);
    this.#count++;
    if (signals.length <= LARGEST_CHUNK) return;
    // What comes in order leaves full chunks behind.
    const isLast = place === this.#chunks.length - 1;
    this.#chunks.splice(place + 1, 0, signals.splice(isLast ? LARGEST_CHUNK : LARGEST_CHUNK / 2));
  }

  /** The last one of those that fit, from `oldest` to `t`; null without one. */
  lastOf(
    t: number,
    oldest: number,
    fits: (signal: DrivingSignal) => boolean,
  ): DrivingSignal | null {
    let place = firstAfter(this.#chunks, t, ([first]) => first!.t) - 1;
    for (; place >= 0; place--) {
      const chunk = this.#chunks[place]!;
      for (let at = firstAfter(chunk, t, timeOf) - 1; at >= 0; at--) {
        const signal = chunk[at]!;
        if (signal.t < oldest) return null;
        if (fits(signal)) return signal;
      }
    }
    return null;
  }

  /** Removes those before a time, and the oldest of more than `most`. */
  forget(before: number, most: number): void {
    for (let first = this.#chunks[0]; first; first = this.#chunks[0]) {
      if (first.at(-1)!.t >= before && this.#count - first.length < most) break;
      this.#count -= first.length;
      this.#chunks.shift();
    }
    const first = this.#chunks[0];
    if (!first || (first[0]!.t >= before && this.#count <= most)) return;
    let gone = Math.max(0, this.#count - most);
    while (first[gone]!.t < before) gone++;
    first.splice(0, gone);
    this.#count -= gone;
  }
}

function timeOf({ t }: DrivingSignal): number {
  return t;
}

/** Index of the first of `ordered` that is later than `t`. */
function firstAfter<T>(ordered: readonly T[], t: number, time: (one: T) => number): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time(ordered[middle]!) <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}
