import type { Player } from './player.ts';
import type { Playhead } from './playhead.svelte.ts';
import type { PlayingParts } from './playing-parts.ts';

type Parts = Pick<PlayingParts, 'commands' | 'drive' | 'playback' | 'repeat'>;

/** Plays recordings. */
export class RecordingPlayer implements Player {
  readonly #parts: Parts;
  readonly #playhead: Playhead;
  readonly #speed: () => number;

  constructor(parts: Parts, playhead: Playhead, speed: () => number) {
    this.#parts = parts;
    this.#playhead = playhead;
    this.#speed = speed;
  }

  start(): void {
    const { position, last } = this.#playhead;
    const range = this.#parts.repeat.repeated;
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
    this.#parts.commands.send({ type: 'pause' });
    this.#parts.playback.pauses();
  }

  seek(frame: number): number {
    const generation = this.#parts.commands.seek(frame);
    this.#parts.playback.rests();
    return generation;
  }

  step(frames: number): void {
    if (this.#parts.playback.playing && this.#parts.drive.isReady) this.pause();
    this.#playhead.askInTurn(this.#playhead.position + frames);
  }

  #send(frame: number | undefined): void {
    const { commands, playback, repeat } = this.#parts;
    const speed = this.#speed();
    // The server repeats whole drives; a range is repeated from here, because it can change at any
    // time.
    const loop = repeat.loop && !repeat.range;
    commands.send({ type: 'play', speed, loop, ...(frame === undefined ? {} : { frame }) });
    playback.plays(speed);
  }
}
