/** float64 values of unknown number, appended without an object per value. */
export class NumberColumn {
  length = 0;
  #buffer = new Float64Array(1024);

  push(value: number): void {
    if (this.length === this.#buffer.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer[this.length++] = value;
  }

  replaceLast(value: number): void {
    this.#buffer[this.length - 1] = value;
  }

  last(): number | undefined {
    return this.length ? this.#buffer[this.length - 1] : undefined;
  }

  /** Exactly `length` values, in memory of their own. */
  values(): Float64Array {
    return this.#buffer.slice(0, this.length);
  }
}
