import type { PaintedFrame } from '../stream/session.svelte.ts';

/** Numbers as a person can read them: while playing, means over this time, ms. */
const INTERVAL = 250;

export interface Reading {
  readonly frame: number;
  readonly steering: number;
  readonly driven: number;
  readonly onRoad: number;
}

/** Follows the painted frames: every frame while paused, four times a second while playing. */
export class Readout {
  reading = $state.raw<Reading | null>(null);
  #since = 0;
  #sums = [new Mean(), new Mean(), new Mean()] as const;

  add({ frame, steering, driven, onRoad }: PaintedFrame, playing: boolean): void {
    const now = performance.now();
    if (!playing) this.#restart(now);
    const [steeringMean, drivenMean, onRoadMean] = this.#sums;
    steeringMean.add(steering);
    drivenMean.add(driven);
    onRoadMean.add(onRoad);
    if (playing && now - this.#since < INTERVAL) return;
    this.reading = { frame, steering: steeringMean.value, driven: drivenMean.value, onRoad: onRoadMean.value };
    this.#restart(now);
  }

  clear(): void {
    this.#restart(0);
    this.reading = null;
  }

  #restart(now: number): void {
    this.#since = now;
    for (const mean of this.#sums) mean.reset();
  }
}

/** Mean of the values that are there; NaN without any. */
class Mean {
  #sum = 0;
  #count = 0;

  get value(): number {
    return this.#count ? this.#sum / this.#count : Number.NaN;
  }

  add(value: number): void {
    if (Number.isNaN(value)) return;
    this.#sum += value;
    this.#count += 1;
  }

  reset(): void {
    this.#sum = 0;
    this.#count = 0;
  }
}
