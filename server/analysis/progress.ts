const WINDOW = 2000;

/** How fast a job goes, over its last two seconds of work. */
export class Progress {
  #samples: { readonly time: number; readonly done: number }[] = [
    { time: performance.now(), done: 0 },
  ];
  #rate = 0;
  #complete = false;

  get isComplete(): boolean {
    return this.#complete;
  }

  /** Frames a second; the last known rate once complete. */
  get framesPerSecond(): number {
    return this.#rate;
  }

  secondsLeft(done: number, total: number): number | null {
    if (this.#complete) return 0;
    return this.#rate > 0 ? Math.max(0, total - done) / this.#rate : null;
  }

  advance(done: number): void {
    const now = performance.now();
    if (now - this.#samples.at(-1)!.time < WINDOW / 20) return;
    this.#samples.push({ time: now, done });
    while (this.#samples.length > 2 && now - this.#samples[0]!.time > WINDOW) this.#samples.shift();
    const oldest = this.#samples[0]!;
    this.#rate = ((done - oldest.done) / (now - oldest.time)) * 1000;
  }

  complete(): void {
    this.#complete = true;
  }
}
