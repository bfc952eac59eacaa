import type { FrameRun } from '../data/columns.ts';
import { Signal } from './signal.ts';

/** Whether a recording is repeated, and which part of it. */
export class Repeat {
  loop = $state(false);
  /** null: the whole drive. */
  range = $state.raw<FrameRun | null>(null);
  /** What is playing now is to be played by this. */
  readonly changed = new Signal();
  /** The repeated part was played, and begins again with this frame. */
  readonly restarted = new Signal<number>();
  #isWrapping = false;

  /** The part that is repeated now; null: none, or the whole drive. */
  get repeated(): FrameRun | null {
    return this.loop ? this.range : null;
  }

  toggle(): void {
    this.loop = !this.loop;
    this.changed.emit();
  }

  setRange(range: FrameRun): void {
    if (range.last <= range.first) return;
    this.range = range;
    this.loop = true;
    this.changed.emit();
  }

  clearRange(): void {
    this.range = null;
    this.changed.emit();
  }

  /** Something has been opened. */
  begin(isOther: boolean): void {
    if (isOther) this.range = null;
    this.#isWrapping = false;
  }

  /**
   * Whether a frame that comes while playing is to be shown. Where it lies behind the repeated
   * part, that part begins again.
   */
  wants(frame: number): boolean {
    const range = this.repeated;
    if (!range) return true;
    if (frame <= range.last) {
      this.#isWrapping = false;
      return true;
    }
    if (!this.#isWrapping) {
      this.#isWrapping = true;
      this.restarted.emit(range.first);
    }
    return false;
  }
}
