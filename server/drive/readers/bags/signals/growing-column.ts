/** Numbers that come one by one; missing ones are NaN. */
export class GrowingColumn {
  #values = new Float64Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** Fills up with NaN. */
  fillTo(length: number): void {
    while (this.#length < length) this.push(NaN);
  }

  /** A copy of its own size. */
  values(): Float64Array {
    return this.#values.slice(0, this.#length);
  }
}
