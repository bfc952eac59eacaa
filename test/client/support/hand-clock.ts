import type { Clock } from '../../../client/stream/clock.ts';

/** A clock that stands still, and a screen that is drawn, only as the test says. */
export class HandClock implements Clock {
  time = 1_000;
  #acts: (() => void)[] = [];

  readonly now = (): number => this.time;

  readonly nextFrame = (act: () => void): void => {
    this.#acts.push(act);
  };

  /**
   * One animation frame: what asks for the next one while it is drawn waits for that. Answers
   * whether anything was to be done.
   */
  drawFrame(): boolean {
    const acts = this.#acts;
    this.#acts = [];
    for (const act of acts) act();
    return acts.length > 0;
  }
}
