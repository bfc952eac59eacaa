/** Tells of changes. Who waits looks again at what changed: a ring says nothing but "look". */
export class Bell {
  readonly #listeners = new Set<() => void>();

  ring(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` at every ring until the function that this returns is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves at the next ring, or after so many milliseconds (rounded up, at least one). */
  wait(atMost = Infinity): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const unsubscribe = this.listen(() => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      });
      if (atMost < Infinity) {
        timer = setTimeout(
          () => {
            unsubscribe();
            resolve();
          },
          Math.max(1, Math.ceil(atMost)),
        );
      }
    });
  }
}
