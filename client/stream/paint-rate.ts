import type { Clock } from './clock.ts';

const INTERVAL = 500;

/** Painted frames per second, averaged over the last second and published twice a second. */
export class PaintRate {
  #counted = 0;
  #before = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor({ now: time }: Pick<Clock, 'now'>, publish: (perSecond: number) => void) {
    let last = time();
    let lastLength = INTERVAL;
    this.#timer = setInterval(() => {
      const now = time();
      const length = now - last;
      publish(((this.#counted + this.#before) / (length + lastLength)) * 1000);
      this.#before = this.#counted;
      this.#counted = 0;
      last = now;
      lastLength = length;
    }, INTERVAL);
  }

  count(): void {
    this.#counted++;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
