import type { Clock } from '../stream/clock.ts';
import type { Picture } from '../stream/presenter.ts';
import type { PaintedFrame, Screen } from '../stream/screen.svelte.ts';
import type { Transport } from '../stream/transport.svelte.ts';
import type { WatchedFeed } from '../stream/watched-feed.svelte.ts';

/** Numbers as a person can read them: while playing, means over this time, ms. */
const INTERVAL = 250;

/**
 * Of one method: on-road share in per cent, lift, and the share of frames with the peak on the
 * road.
 */
export interface ScoreReading {
  readonly onRoad: number;
  readonly lift: number;
  readonly peakOnRoad: number;
}

export interface Reading {
  readonly frame: number;
  readonly steering: number;
  readonly driven: number;
  /** By method; those whose mask was on the screen. */
  readonly scores: ReadonlyMap<string, ScoreReading>;
  /** Between the first two methods; overlap in per cent. */
  readonly spearman: number;
  readonly ssim: number;
  readonly topOverlap: number;
}

/** Follows the painted frames: every frame while paused, four times a second while playing. */
export class Readout {
  reading = $state.raw<Reading | null>(null);
  readonly #now: Clock['now'];
  #since = 0;
  readonly #means = {
    steering: new Mean(),
    driven: new Mean(),
    spearman: new Mean(),
    ssim: new Mean(),
    topOverlap: new Mean(),
  };
  readonly #scores = new Map<string, Record<keyof ScoreReading, Mean>>();

  constructor({ now }: Pick<Clock, 'now'>) {
    this.#now = now;
  }

  add({ frame, steering, driven, scores, agreement }: PaintedFrame, playing: boolean): void {
    const now = this.#now();
    if (!playing) this.#restart(now);
    const means = this.#means;
    means.steering.add(steering);
    means.driven.add(driven);
    means.spearman.add(agreement?.spearman ?? NaN);
    means.ssim.add(agreement?.ssim ?? NaN);
    means.topOverlap.add((agreement?.topOverlap ?? NaN) * 100);
    for (const [method, { onRoad, lift, peakOnRoad }] of scores)
      this.#addScore(method, (onRoad ?? NaN) * 100, lift ?? NaN, peakOnRoad ?? NaN);
    if (playing && now - this.#since < INTERVAL) return;
    this.reading = {
      frame,
      steering: means.steering.value,
      driven: means.driven.value,
      scores: new Map(
        [...this.#scores].map(([method, score]) => [
          method,
          {
            onRoad: score.onRoad.value,
            lift: score.lift.value,
            peakOnRoad: score.peakOnRoad.value,
          },
        ]),
      ),
      spearman: means.spearman.value,
      ssim: means.ssim.value,
      topOverlap: means.topOverlap.value,
    };
    this.#restart(now);
  }

  clear(): void {
    this.#restart(0);
    this.reading = null;
  }

  #addScore(method: string, onRoad: number, lift: number, peakOnRoad: number): void {
    const score = this.#scores.get(method) ?? {
      onRoad: new Mean(),
      lift: new Mean(),
      peakOnRoad: new Mean(),
    };
    score.onRoad.add(onRoad);
    score.lift.add(lift);
    score.peakOnRoad.add(peakOnRoad);
    this.#scores.set(method, score);
  }

  #restart(now: number): void {
    this.#since = now;
    this.#scores.clear();
    for (const mean of Object.values(this.#means)) mean.reset();
  }
}

/** An effect: reads what is painted. */
export function readPainted(
  readout: Readout,
  {
    screen,
    transport,
    watched,
  }: {
    readonly screen: Pick<Screen<Picture>, 'painted'>;
    readonly transport: Transport;
    readonly watched: WatchedFeed;
  },
): void {
  $effect(() => {
    // Without a signal the last frame rests on the screen.
    const rests = () => transport.isLive && watched.isWithoutSignal;
    if (screen.painted) readout.add(screen.painted, transport.playing && !rests());
    else readout.clear();
  });
}

/** Mean of the values that are there; NaN without any. */
class Mean {
  #sum = 0;
  #count = 0;

  get value(): number {
    return this.#count ? this.#sum / this.#count : NaN;
  }

  add(value: number): void {
    if (Number.isNaN(value)) return;
    this.#sum += value;
    this.#count++;
  }

  reset(): void {
    this.#sum = 0;
    this.#count = 0;
  }
}
