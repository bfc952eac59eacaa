import type { Player } from './player.ts';
import type { Playhead } from './playhead.svelte.ts';
import type { Repeat } from './repeat.svelte.ts';
import type { Session } from './session.svelte.ts';

/** Plays recordings. */
export class RecordingPlayer implements Player {
  readonly #session: Session;
  readonly #playhead: Playhead;
  readonly #repeat: Repeat;
  readonly #speed: () => number;

  constructor(session: Session, playhead: Playhead, repeat: Repeat, speed: () => number) {
    this.#session = session;
    this.#playhead = playhead;
    this.#repeat = repeat;
    this.#speed = speed;
  }

  start(): void {
    const { position, last } = this.#playhead;
    const range = this.#repeat.repeated;
    const atEnd = position >= (range ? range.last : last);
    this.startAt(atEnd ? (range?.first ?? 0) : position);
  }

  /** Without a picture of its own where the playhead is there already. */
  startAt(frame: number): void {
    if (frame !== this.#playhead.position) this.#playhead.ask(frame);
    this.#send(frame);
  }

  /** Plays on from here, where nothing else is known of what the server shows. */
  resume(): void {
    this.#send(this.#playhead.position);
  }

  goOn(): void {
    this.#send(undefined);
  }

  playFrom(frame: number): void {
    this.#playhead.ask(frame);
    this.#send(this.#playhead.target ?? undefined);
  }

  pause(): void {
    this.#session.send({ type: 'pause' });
    this.#session.playback = { ...this.#session.playback, playing: false };
  }

  seek(frame: number): number {
    const generation = this.#session.seek(frame);
    this.#session.playback = { ...this.#session.playback, playing: false, ended: false };
    return generation;
  }

  step(frames: number): void {
    if (this.#session.playback.playing && this.#session.isReady) this.pause();
    this.#playhead.askInTurn(this.#playhead.position + frames);
  }

  #send(frame: number | undefined): void {
    const speed = this.#speed();
    // The server repeats whole drives; a range is repeated from here, because it can change at any time.
    const loop = this.#repeat.loop && !this.#repeat.range;
    this.#session.send({ type: 'play', speed, loop, ...(frame === undefined ? {} : { frame }) });
    this.#session.playback = { playing: true, speed, ended: false };
  }
}
