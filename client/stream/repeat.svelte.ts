import type { FrameRun } from '../data/columns.ts';

/** Whether a recording is repeated, and which part of it. */
export class Repeat {
  loop = $state(false);
  /** null: the whole drive. */
  range = $state.raw<FrameRun | null>(null);
  readonly #changed: () => void;
  #isWrapping = false;

  /** `changed`: what is playing now is to be played by this. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The part that is repeated now; null: none, or the whole drive. */
  get repeated(): FrameRun | null {
    return this.loop ? this.range : null;
  }

  toggle(): void {
    this.loop = !this.loop;
    this.#changed();
  }

  setRange(range: FrameRun): void {
    if (range.last <= range.first) return;
    this.range = range;
    this.loop = true;
    this.#changed();
  }

  clearRange(): void {
    this.range = null;
    this.#changed();
  }

  /** Something has been opened. */
  begin(isOther: boolean): void {
    if (isOther) this.range = null;
    this.#isWrapping = false;
  }

  /** Whether a frame that comes while playing is to be shown. Where it lies behind the repeated part that part begins again, by `restart`, once. */
  wants(frame: number, restart: (first: number) => void): boolean {
    const range = this.repeated;
    if (!range) return true;
    if (frame <= range.last) {
      this.#isWrapping = false;
      return true;
    }
    if (!this.#isWrapping) {
      this.#isWrapping = true;
      restart(range.first);
    }
    return false;
  }
}
