import { RoadgazeError } from '../../shared/errors.ts';
import type { AcknowledgementWindow } from './player-window.ts';
import { Playback, type PlaybackOptions, type PlaybackStatistics } from './player-playback.ts';
import type { PlayableSource, RenderedFrame } from './player-frames.ts';
import { Scrubber } from './player-scrubber.ts';

export interface PlayerState {
  readonly playing: boolean;
  /** Of the last `play`; 1 before the first. */
  readonly speed: number;
  /** True when playback came to the end by itself. */
  readonly ended: boolean;
}

export interface PlayerOutput {
  /** To be sent now; the window is open, and the call takes a place of it. */
  frame(frame: RenderedFrame, number: number, generation: number): void;
  state(state: PlayerState): void;
  statistics(statistics: PlaybackStatistics): void;
  /** The player is paused. */
  failed(error: unknown): void;
}

export interface PlayRequest extends Omit<PlaybackOptions, 'frame'> {
  /** Where the playhead is when absent; from the beginning when that is the last frame. */
  readonly frame?: number;
}

interface State {
  readonly scrubber: Scrubber | null;
  readonly abort: AbortController;
  /** Settled once the state's decoder is gone; never rejects. */
  readonly left: Promise<unknown>;
}

/**
 * Playback for one viewer: paused on a frame, or playing. One state runs at a time, and leaving it
 * aborts it.
 */
export class Player {
  readonly #source: PlayableSource;
  readonly #window: AcknowledgementWindow;
  readonly #output: PlayerOutput;
  readonly #leaving = new Set<Promise<unknown>>();
  #state: State;
  #playhead = 0;
  #speed = 1;
  #generation = 0;
  #closed = false;

  constructor(source: PlayableSource, window: AcknowledgementWindow, output: PlayerOutput) {
    this.#source = source;
    this.#window = window;
    this.#output = output;
    this.#state = this.#paused();
  }

  /** Number of the frame shown last, or sought since. */
  get playhead(): number {
    return this.#playhead;
  }

  play({ frame, speed, loop }: PlayRequest): void {
    const last = this.#source.index.pts.length - 1;
    const start = Math.min(last, frame ?? (this.#playhead === last ? 0 : this.#playhead));
    this.#leave();
    const abort = new AbortController();
    const output = {
      frame: (rendered: RenderedFrame, number: number) => this.#show(rendered, number),
      statistics: (statistics: PlaybackStatistics) => this.#output.statistics(statistics),
    };
    this.#speed = speed;
    this.#tell({ playing: true });
    const playback = new Playback(
      this.#source,
      this.#window,
      output,
      { frame: start, speed, loop },
      abort.signal,
    );
    const left = playback.run().then(
      () => {
        if (abort.signal.aborted) return;
        this.#tell({ ended: true });
        this.#rest();
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        this.#fail(error);
        // Who may not play sees where it would have begun.
        if (error instanceof RoadgazeError && error.code === 'SERVER_BUSY')
          this.seek(start, this.#generation);
      },
    );
    this.#state = { scrubber: null, abort, left };
  }

  pause(): void {
    if (this.#state.scrubber) return;
    this.#tell({});
    this.#leave();
    this.#rest();
  }

  /** Shows a frame and stays on it. A frame past the end is the last one. */
  seek(frame: number, generation: number): void {
    this.#generation = generation;
    this.#playhead = Math.min(frame, this.#source.index.pts.length - 1);
    if (!this.#state.scrubber) {
      this.#tell({});
      this.#leave();
      this.#state = this.#paused();
    }
    this.#state.scrubber?.show(this.#playhead, (rendered, number) => this.#show(rendered, number));
  }

  /** Resolves when no decoder of this player is left. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#leave();
    await Promise.all(this.#leaving);
  }

  #show(rendered: RenderedFrame, number: number): void {
    this.#playhead = number;
    this.#output.frame(rendered, number, this.#generation);
  }

  #tell({ playing = false, ended = false }: Partial<PlayerState>): void {
    this.#output.state({ playing, speed: this.#speed, ended });
  }

  #leave(): void {
    const { abort, left } = this.#state;
    abort.abort();
    this.#leaving.add(left);
    void left.then(() => this.#leaving.delete(left));
  }

  #rest(): void {
    this.#state = this.#paused();
    this.#state.scrubber?.rest(this.#playhead);
  }

  #paused(): State {
    const abort = new AbortController();
    const scrubber = new Scrubber(this.#source, this.#window, abort.signal);
    const left = scrubber.run().catch((error: unknown) => {
      if (!abort.signal.aborted) this.#fail(error);
    });
    return { scrubber, abort, left };
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#tell({});
    this.#output.failed(error);
    this.#leave();
    this.#state = this.#paused();
  }
}
