import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import type { Player } from './player.ts';
import type { Playhead } from './playhead.svelte.ts';
import type { Session } from './session.svelte.ts';

/** Plays the last minutes of the live feed that is watched. */
export class FeedPlayer implements Player {
  readonly #session: Session;
  readonly #playhead: Playhead;
  readonly #speed: () => number;
  /** Pictures to step on when the last step was answered. */
  #steps = 0;

  constructor(session: Session, playhead: Playhead, speed: () => number) {
    this.#session = session;
    this.#playhead = playhead;
    this.#speed = speed;
  }

  /** The newest picture is shown as it comes. */
  get isLive(): boolean {
    return this.#session.live.feed !== null && this.#session.live.mode === 'live';
  }

  start(): void {
    if (!this.#session.playback.playing) this.#play(this.#time);
  }

  goOn(): void {
    if (!this.isLive) this.#play(this.#time);
  }

  playFrom(frame: number): void {
    if (this.#session.isReady) this.#play(this.#timeOf(frame));
  }

  pause(): void {
    const time = this.#time;
    this.#playhead.expect(this.#pausedBy((generation) => ({ type: 'seek-time', time, generation })));
  }

  seek(frame: number): number {
    const time = this.#timeOf(frame);
    this.#steps = 0;
    return this.#pausedBy((generation) => ({ type: 'seek-time', time, generation }));
  }

  /** One after the other: the server counts from the picture that it has shown. */
  step(frames: number): void {
    if (!this.#session.isReady) return;
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
    const session = this.#session;
    this.forget();
    session.command((generation) => ({ type: 'live', generation }));
    session.live.setMode('live');
    session.playback = { playing: true, speed: 1, ended: false };
  }

  /** What was asked for will not come. */
  forget(): void {
    this.#playhead.forget();
    this.#steps = 0;
  }

  /** Feed time of the frame that is shown. */
  get #time(): number {
    const { painted } = this.#session.screen;
    return this.#playhead.target === null && painted ? painted.pts : this.#timeOf(this.#playhead.position);
  }

  #timeOf(frame: number): number {
    const { columns } = this.#session.analysis;
    return columns ? columns.origin + (columns.time[Math.min(this.#playhead.last, Math.max(0, frame))] ?? columns.end) : 0;
  }

  #play(time: number): void {
    const session = this.#session;
    const speed = this.#speed() || 1;
    this.#playhead.expect(session.command((generation) => ({ type: 'play-from', time, speed, generation })));
    session.live.setMode('playing');
    session.playback = { playing: true, speed, ended: false };
  }

  #pausedBy(message: (generation: number) => ClientMessage): number {
    const session = this.#session;
    const generation = session.command(message);
    session.live.setMode('paused');
    session.playback = { ...session.playback, playing: false, ended: false };
    return generation;
  }
}
