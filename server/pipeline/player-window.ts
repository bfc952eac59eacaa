import { Bell } from './player-bell.ts';

const MOST_UNACKNOWLEDGED = 3;

/** Counts the frame messages of one connection, and keeps those under way few. */
export class AcknowledgementWindow {
  /** Rings with every acknowledgement. */
  readonly acknowledged = new Bell();
  #sent = 0;
  #done = 0;
  /** Milliseconds of `performance.now()` at which the window last opened or closed. */
  #changedAt = -Infinity;

  get isOpen(): boolean {
    return this.#sent - this.#done < MOST_UNACKNOWLEDGED;
  }

  /**
   * True if a frame could have been sent at every instant since `time` (milliseconds of
   * `performance.now()`).
   */
  hasBeenOpenSince(time: number): boolean {
    return this.isOpen && this.#changedAt <= time;
  }

  /** True if no frame could have been sent at any instant since `time`. */
  hasBeenClosedSince(time: number): boolean {
    return !this.isOpen && this.#changedAt <= time;
  }

  /** Takes a place and gives the sequence number to send. The window must be open. */
  take(): number {
    this.#sent++;
    if (!this.isOpen) this.#changedAt = performance.now();
    return this.#sent - 1;
  }

  /** Whether the message was sent and not acknowledged. */
  isUnderWay(sequence: number): boolean {
    return sequence >= this.#done && sequence < this.#sent;
  }

  /**
   * All messages up to `sequence` are painted or thrown away. False for one that was never sent.
   */
  acknowledge(sequence: number): boolean {
    if (sequence >= this.#sent) return false;
    const wasOpen = this.isOpen;
    this.#done = Math.max(this.#done, sequence + 1);
    if (!wasOpen && this.isOpen) this.#changedAt = performance.now();
    this.acknowledged.ring();
    return true;
  }
}
