import type { PlayingParts } from './playing-parts.ts';

/** A seek that was not answered for so long no longer holds back the next one, ms. */
const PATIENCE = 500;

type Parts = Pick<PlayingParts, 'drive' | 'watched' | 'analysis' | 'screen' | 'clock'>;

/**
 * Where the playhead stands, and how it gets elsewhere: what was asked for is one frame at a time,
 * and the newest counts.
 */
export class Playhead {
  /** Frame that was asked for and is not painted yet. */
  target = $state<number | null>(null);
  readonly #parts: Parts;
  readonly #seek: (frame: number) => number;
  #asked: { readonly generation: number; readonly at: number } | null = null;
  #next: number | null = null;

  /** `seek` asks the server for a frame and answers the generation. */
  constructor(parts: Parts, seek: (frame: number) => number) {
    this.#parts = parts;
    this.#seek = seek;
  }

  /** What was asked for, else what is painted. */
  get position(): number {
    if (this.target !== null) return this.target;
    const { screen, watched, analysis } = this.#parts;
    if (!watched.feed) return screen.painted?.frame ?? 0;
    void analysis.version;
    const { columns } = analysis;
    return screen.painted && columns ? columns.nearest(screen.painted.pts - columns.origin) : 0;
  }

  get last(): number {
    return Math.max(0, (this.#parts.analysis.columns?.frames ?? 1) - 1);
  }

  /** Something was asked for and is not painted yet. */
  get isAsking(): boolean {
    return this.#asked !== null;
  }

  /** As `isAsking`, and it was asked for so lately that the next had better wait. */
  get isBusy(): boolean {
    return this.#asked !== null && this.#parts.clock.now() - this.#asked.at < PATIENCE;
  }

  /** A newer frame replaces an older one at once. */
  ask(frame: number): void {
    if (!this.#parts.drive.isReady) return;
    this.#next = null;
    this.target = this.#clamp(frame);
    this.expect(this.#seek(this.target));
  }

  /** Lets the picture that is being fetched come first. */
  askInTurn(frame: number): void {
    if (this.isBusy) this.target = this.#next = this.#clamp(frame);
    else this.ask(frame);
  }

  /** The frame that is painted next with this generation is the one that was asked for. */
  expect(generation: number): void {
    this.#asked = { generation, at: this.#parts.clock.now() };
  }

  /** Whether a painted frame of this generation is what was asked for. */
  isAnsweredBy(generation: number): boolean {
    return this.#asked !== null && generation >= this.#asked.generation;
  }

  /** What was asked for is painted. */
  arrive(frame: number): void {
    this.#asked = null;
    if (this.#next !== null && this.#next !== frame) this.ask(this.#next);
    else this.target = null;
  }

  /** A recording was opened at this frame. */
  begin(frame: number): void {
    this.#next = null;
    this.target = Math.min(frame, this.last);
    this.expect(0);
  }

  /** What was asked for will not come. */
  forget(): void {
    this.#asked = this.target = this.#next = null;
  }

  #clamp(frame: number): number {
    return Math.min(this.last, Math.max(0, frame));
  }
}
