/** ms */
const WINDOW = 2000;

/** Events a second over the last two seconds, or since the first event where that is shorter. */
export class RateMeter {
  readonly #times: number[] = [];

  /** `time` in milliseconds, ascending. */
  add(time: number): void {
    this.#times.push(time);
    this.#forget(time);
  }

  rate(time: number): number {
    this.#forget(time);
    const [first] = this.#times;
    if (first === undefined || this.#times.length < 2) return 0;
    return ((this.#times.length - 1) * 1000) / Math.max(time - first, 1);
  }

  #forget(time: number): void {
    const first = this.#times.findIndex((at) => at > time - WINDOW);
    this.#times.splice(0, first < 0 ? this.#times.length : first);
  }
}
