import { Bell } from './player-bell.ts';

/**
 * Lets background work wait while a viewer waits for a frame. One for the whole process: they share
 * its processors.
 */
export class PlaybackPriority {
  #holders = 0;
  readonly #freed = new Bell();

  /** Background work waits until the function that this returns is called. */
  hold(): () => void {
    this.#holders++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders--;
      if (this.#holders === 0) this.#freed.ring();
    };
  }

  /**
   * Resolves when no viewer waits, and at the latest after so many milliseconds, so that the
   * background never starves.
   */
  async whenFree(atMost: number): Promise<void> {
    const deadline = performance.now() + atMost;
    while (this.#holders > 0) {
      const left = deadline - performance.now();
      if (left <= 0) return;
      await this.#freed.wait(left);
    }
  }
}
