import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import type { Player } from './player.ts';
import type { Playhead } from './playhead.svelte.ts';
import type { PlayingParts } from './playing-parts.ts';

type Parts = Pick<
  PlayingParts,
  'commands' | 'drive' | 'watched' | 'analysis' | 'playback' | 'screen'
>;

/** Plays the last minutes of the live feed that is watched. */
export class FeedPlayer implements Player {
  readonly #parts: Parts;
  readonly #playhead: Playhead;
  readonly #speed: () => number;
  /** Pictures to step on when the last step was answered. */
  #steps = 0;

  constructor(parts: Parts, playhead: Playhead, speed: () => number) {
    this.#parts = parts;
    this.#playhead = playhead;
    this.#speed = speed;
  }

  /** The newest picture is shown as it comes. */
  get isLive(): boolean {
    const { watched } = this.#parts;
    return watched.feed !== null && watched.mode === 'live';
  }

  start(): void {
    if (!this.#parts.playback.playing) this.#play(this.#time);
  }

  goOn(): void {
    if (!this.isLive) this.#play(this.#time);
  }

  playFrom(frame: number): void {
    if (this.#parts.drive.isReady) this.#play(this.#timeOf(frame));
  }

  pause(): void {
    const time = this.#time;
    this.#playhead.expect(
      this.#pausedBy((generation) => ({ type: 'seek-time', time, generation })),
    );
  }

  seek(frame: number): number {
    const time = this.#timeOf(frame);
    this.#steps = 0;
    return this.#pausedBy((generation) => ({ type: 'seek-time', time, generation }));
  }

  /** One after the other: the server counts from the picture that it has shown. */
  step(frames: number): void {
    if (!this.#parts.drive.isReady) return;
    if (this.#playhead.isBusy) {
      this.#steps += frames;
      return;
    }
    this.#steps = 0;
    this.#playhead.target = null;
    this.#playhead.expect(this.#pausedBy((generation) => ({ type: 'step', frames, generation })));
  }

  /** Steps that had to wait; they are the caller's from now on. */
  takeSteps(): number {
    const steps = this.#steps;
    this.#steps = 0;
    return steps;
  }

  /** Shows the newest picture again, and goes on. */
  goLive(): void {
    const { commands, watched, playback } = this.#parts;
    this.forget();
    commands.show((generation) => ({ type: 'live', generation }));
    watched.setMode('live');
    playback.plays(1);
  }

  /** What was asked for will not come. */
  forget(): void {
    this.#playhead.forget();
    this.#steps = 0;
  }

  /** Feed time of the frame that is shown. */
  get #time(): number {
    const { painted } = this.#parts.screen;
    return this.#playhead.target === null && painted
      ? painted.pts
      : this.#timeOf(this.#playhead.position);
  }

  #timeOf(frame: number): number {
    const { columns } = this.#parts.analysis;
    if (!columns) return 0;
    const row = Math.min(this.#playhead.last, Math.max(0, frame));
    return columns.origin + (columns.time[row] ?? columns.end);
  }

  #play(time: number): void {
    const { commands, watched, playback } = this.#parts;
    const speed = this.#speed() || 1;
    this.#playhead.expect(
      commands.show((generation) => ({ type: 'play-from', time, speed, generation })),
    );
    watched.setMode('playing');
    playback.plays(speed);
  }

  #pausedBy(message: (generation: number) => ClientMessage): number {
    const { commands, watched, playback } = this.#parts;
    const generation = commands.show(message);
    watched.setMode('paused');
    playback.rests();
    return generation;
  }
}
