import { MinimumDelay } from './minimum-delay.ts';
import { readSignalLine, type DrivingSignal } from './signal-line.ts';

/** A signal on the feed's time axis. */
export interface AlignedSignal {
  /** Seconds since 1970, by our clock. */
  readonly time: number;
  readonly steering: number | null;
  readonly speed: number | null;
}

/** A sender's clock that jumps by more than this (s) has been set anew. */
const NEW_CLOCK = 5;
/** A signal older than this (s) says nothing about a picture. */
const OLDEST = 1;
const MOST = 100_000;

/**
 * Driving signals as they come in, with the sender's own times. Alignment happens when somebody looks: the estimate of the clocks' offset gets
 * better with every message, also for those that came before.
 */
export class SignalTrack {
  readonly #seconds: number;
  readonly #signals: DrivingSignal[] = [];
  readonly #delay = new MinimumDelay();
  #received = 0;
  #rejected = 0;

  /** Keeps so many seconds of signals. */
  constructor(seconds = 600) {
    this.#seconds = seconds;
  }

  /** Lines as readSignalLine takes them, however many; `arrival` in milliseconds since 1970. What cannot be read is counted. */
  addText(text: string, arrival: number): void {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const signal = readSignalLine(line);
      if (signal) this.add(signal, arrival);
      else this.#rejected++;
    }
  }

  add(signal: DrivingSignal, arrival: number): void {
    const last = this.#signals.at(-1);
    if (last && Math.abs(signal.t - last.t) > NEW_CLOCK && Math.abs(arrival / 1000 - signal.t - this.#delay.offset!) > NEW_CLOCK) {
      this.#signals.length = 0;
      this.#delay.reset();
    }
    this.#received++;
    this.#delay.add(signal.t, arrival / 1000);
    // Datagrams may overtake each other.
    let at = this.#signals.length;
    while (at > 0 && this.#signals[at - 1]!.t > signal.t) at--;
    if (at > 0 && this.#signals[at - 1]!.t === signal.t) this.#signals[at - 1] = signal;
    else this.#signals.splice(at, 0, signal);
    const oldest = this.#signals.at(-1)!.t - this.#seconds;
    let forget = 0;
    while (this.#signals[forget]!.t < oldest || this.#signals.length - forget > MOST) forget++;
    if (forget > this.#signals.length / 4) this.#signals.splice(0, forget);
  }

  /** The last signal at or before a feed time, unless it is more than a second older. */
  asOf(time: number): AlignedSignal | null {
    const { offset } = this.#delay;
    if (offset === null) return null;
    const sent = time - offset;
    let low = 0;
    let high = this.#signals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#signals[middle]!.t <= sent) low = middle + 1;
      else high = middle;
    }
    const signal = this.#signals[low - 1];
    if (!signal || sent - signal.t > OLDEST) return null;
    return { time: signal.t + offset, steering: signal.steering, speed: signal.speed };
  }

  get counters(): { readonly received: number; readonly rejected: number; readonly offset: number | null } {
    return { received: this.#received, rejected: this.#rejected, offset: this.#delay.offset };
  }
}
