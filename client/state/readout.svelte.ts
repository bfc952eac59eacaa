import type { Measure, MeasureOf } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import type { Clock } from '../stream/clock.ts';
import type { Picture } from '../stream/presenter.ts';
import type { PaintedFrame, Screen } from '../stream/screen.svelte.ts';
import type { Transport } from '../stream/transport.svelte.ts';
import type { WatchedFeed } from '../stream/watched-feed.svelte.ts';

/** Numbers as a person can read them: while playing, means over this time, ms. */
const INTERVAL = 250;

/** Numbers as they are shown, by the measure's id; NaN where one is not known. */
export type Numbers = Readonly<Record<string, number>>;

/** What is read of one frame, or of several while playing. */
export interface Reading {
  readonly frame: number;
  /** Of the frame, and between the first two methods. */
  readonly values: Numbers;
  /** By method; those whose mask was on the screen. */
  readonly scores: ReadonlyMap<string, Numbers>;
}

/** A number of a reading, of a method or of the frame; NaN where it is not known. */
export function readingOf(
  reading: Reading | null,
  { id, of }: Pick<Measure, 'id' | 'of'>,
  method: string,
): number {
  const numbers = of === 'method' ? reading?.scores.get(method) : reading?.values;
  return numbers?.[id] ?? NaN;
}

/** Follows the painted frames: every frame while paused, four times a second while playing. */
export class Readout {
  reading = $state.raw<Reading | null>(null);
  readonly #now: Clock['now'];
  readonly #measures: readonly Measure[];
  #since = 0;
  #values: Summaries;
  readonly #scores = new Map<string, Summaries>();

  constructor({ now }: Pick<Clock, 'now'>, measures: readonly Measure[] = MEASURES) {
    this.#now = now;
    this.#measures = measures;
    this.#values = this.#summaries('frame', 'pair');
  }

  add(
    { frame, values, scores }: Pick<PaintedFrame, 'frame' | 'values' | 'scores'>,
    playing: boolean,
  ): void {
    const now = this.#now();
    if (!playing) this.#restart(now);
    add(this.#values, values);
    for (const [method, numbers] of scores) {
      const score = this.#scores.get(method) ?? this.#summaries('method');
      add(score, numbers);
      this.#scores.set(method, score);
    }
    if (playing && now - this.#since < INTERVAL) return;
    this.reading = {
      frame,
      values: this.#read(this.#values, 'frame', 'pair'),
      scores: new Map(
        [...this.#scores].map(([method, score]) => [method, this.#read(score, 'method')]),
      ),
    };
    this.#restart(now);
  }

  clear(): void {
    this.#restart(0);
    this.reading = null;
  }

  #summaries(...kinds: readonly MeasureOf[]): Summaries {
    return new Map(
      this.#measures
        .filter(({ of, source }) => kinds.includes(of) && source === 'rows')
        .map(({ id, number }) => [id, number === 'integer' ? new Last() : new Mean()]),
    );
  }

  /** With what is computed from others. */
  #read(summaries: Summaries, ...kinds: readonly MeasureOf[]): Numbers {
    const numbers: Record<string, number> = {};
    for (const [id, { value }] of summaries) numbers[id] = value;
    for (const { id, of, source, magnitude } of this.#measures) {
      if (!kinds.includes(of) || typeof source === 'string') continue;
      const value = source.by(...source.from.map((other) => numbers[other] ?? NaN));
      numbers[id] = magnitude ? Math.abs(value) : value;
    }
    return numbers;
  }

  #restart(now: number): void {
    this.#since = now;
    this.#scores.clear();
    this.#values = this.#summaries('frame', 'pair');
  }
}

type Summaries = ReadonlyMap<string, Mean | Last>;

function add(summaries: Summaries, numbers: Numbers): void {
  for (const [id, summary] of summaries) summary.add(numbers[id] ?? NaN);
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
}

/** The last value that was there, of what has no mean; NaN without any. */
class Last {
  value = NaN;

  add(value: number): void {
    if (!Number.isNaN(value)) this.value = value;
  }
}
