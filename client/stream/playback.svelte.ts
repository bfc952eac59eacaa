import { Signal } from './signal.ts';

/** As the server has it. */
export interface PlaybackState {
  readonly playing: boolean;
  readonly speed: number;
  readonly ended: boolean;
}

/** Whether what is open plays. */
export class Playback {
  state = $state.raw<PlaybackState>({ playing: false, speed: 1, ended: false });
  /** The last frame of a recording was sent. */
  readonly reachedEnd = new Signal();

  get playing(): boolean {
    return this.state.playing;
  }

  plays(speed: number): void {
    this.state = { playing: true, speed, ended: false };
  }

  pauses(): void {
    this.state = { ...this.state, playing: false };
  }

  /** It shows another frame, and stays there. */
  rests(): void {
    this.state = { ...this.state, playing: false, ended: false };
  }

  /** What the server says. */
  take(state: PlaybackState): void {
    this.state = state;
    if (state.ended) this.reachedEnd.emit();
  }
}
