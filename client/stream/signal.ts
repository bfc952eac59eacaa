/**
 * Something that happens: all who asked to hear of it are told at once, in the order in which they
 * asked.
 */
export class Signal<T = void> {
  #listeners: readonly ((value: T) => void)[] = [];

  /** Answers how to hear no more of it. */
  on(listener: (value: T) => void): () => void {
    const own = (value: T) => listener(value);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== own);
    };
  }

  emit(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }
}
