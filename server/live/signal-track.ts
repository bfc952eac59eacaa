import { MinimumDelay } from './minimum-delay.ts';
import { OrderedSignals } from './ordered-signals.ts';
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
/** Vehicles send 10 to 1000 a second. What comes faster for longer than a second is not read. */
const LINES_PER_SECOND = 5000;

/** What came by one setting of the sender's clock. */
class SentByClock {
  readonly signals = new OrderedSignals();
  readonly delay = new MinimumDelay();

  /**
   * Seconds by which the clock must have been set for the signal to come from it; 0 where there was
   * none.
   */
  jump(t: number, arrival: number): number {
    const { newest } = this.signals;
    return newest === null
      ? 0
      : Math.min(Math.abs(t - newest), Math.abs(arrival - t - this.delay.offset!));
  }
}

/**
 * Driving signals as they come in, with the sender's own times. Alignment happens when somebody
 * looks: the estimate of the clocks' offset gets better with every message, also for those that
 * came before. Takes whatever anybody sends: memory, and work for each line, are bounded.
 */
export class SignalTrack {
  readonly #seconds: number;
  #clock = new SentByClock();
  /** A single wrong time must not cost what came before it. */
  #clockBefore: SentByClock | null = null;
  #lines = LINES_PER_SECOND;
  #countedAt = -Infinity;
  #received = 0;
  #rejected = 0;

  /** Keeps so many seconds of signals. */
  constructor(seconds = 600) {
    this.#seconds = seconds;
  }

  /**
   * Lines as readSignalLine takes them, however many; `arrival` in milliseconds since 1970. What
   * cannot be read is counted; so is, as one, the rest of a message that came too fast.
   */
  addText(text: string, arrival: number): void {
    this.#lines = Math.min(
      LINES_PER_SECOND,
      this.#lines + (Math.max(0, arrival - this.#countedAt) * LINES_PER_SECOND) / 1000,
    );
    this.#countedAt = arrival;
    for (let start = 0, end; start < text.length; start = end + 1) {
      end = text.indexOf('\n', start);
      if (end < 0) end = text.length;
      if (this.#lines < 1) return void this.#rejected++;
      this.#lines--;
      const line = text.slice(start, end);
      if (line.trim() === '') continue;
      const signal = readSignalLine(line);
      if (signal) this.add(signal, arrival);
      else this.#rejected++;
    }
  }

  add(signal: DrivingSignal, arrival: number): void {
    const now = arrival / 1000;
    if (this.#clock.jump(signal.t, now) > NEW_CLOCK) {
      const isAsBefore = this.#clockBefore && this.#clockBefore.jump(signal.t, now) <= NEW_CLOCK;
      [this.#clock, this.#clockBefore] = [
        isAsBefore ? this.#clockBefore! : new SentByClock(),
        this.#clock,
      ];
    }
    const { signals, delay } = this.#clock;
    this.#received++;
    delay.add(signal.t, now);
    signals.insert(signal);
    signals.forget(signals.newest! - this.#seconds, MOST);
  }

  /**
   * The last signal at or before a feed time that tells steering or speed, unless it is more than a
   * second older.
   */
  asOf(time: number): AlignedSignal | null {
    const signal = this.#last(time, ({ steering, speed }) => steering !== null || speed !== null);
    if (!signal) return null;
    const { t, steering, speed } = signal;
    return { time: t + this.#clock.delay.offset!, steering, speed };
  }

  /** The same of another value, by its name. */
  valueAt(time: number, name: string): number | null {
    const has = ({ values }: DrivingSignal) => values !== undefined && Object.hasOwn(values, name);
    return this.#last(time, has)?.values![name] ?? null;
  }

  #last(time: number, fits: (signal: DrivingSignal) => boolean): DrivingSignal | null {
    const { offset } = this.#clock.delay;
    if (offset === null) return null;
    const sent = time - offset;
    return this.#clock.signals.lastOf(sent, sent - OLDEST, fits);
  }

  get counters(): {
    readonly received: number;
    readonly rejected: number;
    readonly offset: number | null;
  } {
    return { received: this.#received, rejected: this.#rejected, offset: this.#clock.delay.offset };
  }
}
