import type { Playhead } from './playhead.svelte.ts';
import type { Session } from './session.svelte.ts';

/** Plays backwards, as fast as single frames can be fetched. */
export class Reverse {
  /** 0 while it does not. */
  speed = $state(0);
  readonly #session: Session;
  readonly #playhead: Playhead;
  #from = { time: 0, at: 0 };

  constructor(session: Session, playhead: Playhead) {
    this.#session = session;
    this.#playhead = playhead;
  }

  start(speed: number): void {
    const { columns } = this.#session.analysis;
    if (!columns) return;
    this.speed = speed;
    this.#from = { time: columns.time[this.#playhead.position] ?? 0, at: performance.now() };
    this.#goBack();
  }

  stop(): void {
    this.speed = 0;
  }

  /** To be called for every painted frame. */
  painted(): void {
    if (this.speed > 0) this.#later();
  }

  #later(): void {
    requestAnimationFrame(() => this.#goBack());
  }

  #goBack(): void {
    const { columns } = this.#session.analysis;
    if (this.speed === 0 || !columns || this.#playhead.isAsking) return;
    const time = this.#from.time - ((performance.now() - this.#from.at) / 1000) * this.speed;
    const frame = time <= 0 ? 0 : columns.nearest(time);
    if (frame < this.#playhead.position) this.#playhead.ask(frame);
    else this.#later();
    if (frame === 0) this.stop();
  }
}
