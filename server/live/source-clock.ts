import type { SourceClockStatus } from '../../shared/protocol/feed-messages.ts';

/**
 * A picture that comes in so many milliseconds after it was taken, by two clocks that are set, is
 * believed. Below zero as far as such clocks differ.
 */
const EARLIEST = -20;
const LATEST = 60_000;
/**
 * What has been the case is believed until the contrary has been told for so long (ms): one wrong
 * report is no new clock.
 */
const INERTIA = 10_000;
/** Offsets this close (ms) are the same clock, which drifts. */
const SAME = 1;
const KEPT = 8;

/**
 * When the pictures of a connection were taken, by the source's own clock, as it tells beside the
 * stream.
 */
export class SourceClock {
  /** What to add to a timestamp of the stream from `from` on (both ms). */
  readonly #offsets: { from: number; offset: number }[] = [];
  #state: SourceClockStatus = { name: 'none' };
  #contrarySince: number | null = null;

  get state(): SourceClockStatus {
    return this.#state;
  }

  /**
   * The source took the picture of timestamp `pts` (s) at `time` by its clock; told at `now` by
   * ours, both in milliseconds since 1970.
   */
  add(pts: number, time: number, now: number): void {
    const difference = now - time;
    const name = difference >= EARLIEST && difference <= LATEST ? 'synchronized' : 'unsynchronized';
    if (this.#state.name === 'none' || this.#state.name === name) this.#contrarySince = null;
    else {
      this.#contrarySince ??= now;
      if (now - this.#contrarySince < INERTIA) return;
      this.#contrarySince = null;
    }
    if (name === 'unsynchronized') {
      this.#offsets.length = 0;
      this.#state = { name, difference };
      return;
    }
    this.#state = { name };
    const offset = time - pts * 1000;
    const last = this.#offsets.at(-1);
    if (last && Math.abs(offset - last.offset) < SAME) last.offset = offset;
    else this.#offsets.push({ from: pts * 1000, offset });
    if (this.#offsets.length > KEPT) this.#offsets.shift();
  }

  /** Milliseconds since 1970 by the source's clock; null where it is not known, or not believed. */
  timeOf(pts: number): number | null {
    const known = this.#offsets.findLast(({ from }) => from <= pts * 1000 + SAME);
    return known ? pts * 1000 + known.offset : null;
  }

  /** The next picture is the first one of a connection. */
  reset(): void {
    this.#offsets.length = 0;
    this.#state = { name: 'none' };
    this.#contrarySince = null;
  }
}

/** Seconds since 1970 are no uptime. */
const TIME_OF_DAY = 1e9;

/**
 * When a camera of this machine took the picture of timestamp `pts` (s), in milliseconds since
 * 1970: V4L2 stamps with the monotonic clock, drivers of long ago with the time of day. `now` and
 * `monotonic` (ms) are the two clocks at one moment.
 */
export function takenByCamera(pts: number, now: number, monotonic: number): number {
  return pts < TIME_OF_DAY ? now - monotonic + pts * 1000 : pts * 1000;
}
