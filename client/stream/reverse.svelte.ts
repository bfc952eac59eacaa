import type { Playhead } from './playhead.svelte.ts';
import type { PlayingParts } from './playing-parts.ts';

type Parts = Pick<PlayingParts, 'analysis' | 'clock'>;

/** Plays backwards, as fast as single frames can be fetched. */
export class Reverse {
  /** 0 while it does not. */
  speed = $state(0);
  readonly #parts: Parts;
  readonly #playhead: Playhead;
  #from = { time: 0, at: 0 };

  constructor(parts: Parts, playhead: Playhead) {
    this.#parts = parts;
    this.#playhead = playhead;
  }

  start(speed: number): void {
    const {
      analysis: { columns },
      clock,
    } = this.#parts;
    if (!columns) return;
    this.speed = speed;
    this.#from = { time: columns.time[this.#playhead.position] ?? 0, at: clock.now() };
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
    this.#parts.clock.nextFrame(() => this.#goBack());
  }

  #goBack(): void {
    const {
      analysis: { columns },
      clock,
    } = this.#parts;
    if (this.speed === 0 || !columns || this.#playhead.isAsking) return;
    const time = this.#from.time - ((clock.now() - this.#from.at) / 1000) * this.speed;
    const frame = time <= 0 ? 0 : columns.nearest(time);
    if (frame < this.#playhead.position) this.#playhead.ask(frame);
    else this.#later();
    if (frame === 0) this.stop();
  }
}
