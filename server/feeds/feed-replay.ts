import { segmentPictures, segmentTimes } from '../live/segment-pictures.ts';
import type { Fit } from '../../shared/geometry.ts';
import type { SegmentRing } from '../live/segment-ring.ts';
import type { Segment } from '../live/written-segments.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { moments, type Moment } from '../pipeline/moments.ts';
import { Bell } from '../pipeline/player-bell.ts';
import { DISPLAY } from '../pipeline/player-frames.ts';
import { leavePlaying, SILENCE } from '../pipeline/player-silence.ts';
import type { AcknowledgementWindow } from '../pipeline/player-window.ts';
import { lanes } from '../resources/limits.ts';
import type { Feed } from './feed.ts';
import type { FeedExplanation } from './feed-explainer.ts';

export interface ReplayedFrame {
  /** Feed time. */
  readonly time: number;
  readonly display: Uint8Array;
  readonly fit: Fit;
  readonly explanation: FeedExplanation;
}

export interface ReplayOutput {
  /** The window is open when this is called, and takes a place of it. */
  frame(frame: ReplayedFrame): void;
  /** Playing has come to the present. */
  caughtUp(): void;
  failed(error: unknown): void;
}

export interface RecordedPicture {
  readonly segment: Segment;
  /** In the segment's file. */
  readonly pts: number;
}

/** What is shown when: `time` at `at` (milliseconds of `performance.now()`). */
interface Clock {
  readonly time: number;
  readonly at: number;
}

/**
 * Timestamps that the list of a file and its decoder give one picture are no further apart (s);
 * pictures are.
 */
const SAME = 5e-4;
/** Indices of so many complete segments are remembered. */
const REMEMBERED = 32;
/** Playing this close (s) behind the last recorded picture has come to the present. */
const PRESENT = 0.4;
/** A frame that is late by this (s) is left out, unless nothing was shown for so long. */
const LATE = 0.1;
const LONGEST_PAUSE = 0.25;

/**
 * Shows one viewer the last minutes of a feed, from its ring, with masks: still pictures or
 * playing. The newest wish wins.
 */
export class FeedReplay {
  readonly #feed: Feed;
  readonly #window: AcknowledgementWindow;
  readonly #output: ReplayOutput;
  readonly #indices = new Map<string, Float64Array>();
  readonly #wake = new Bell();
  #current: { readonly stop: AbortController; readonly done: Promise<void> } | null = null;

  constructor(feed: Feed, window: AcknowledgementWindow, output: ReplayOutput) {
    this.#feed = feed;
    this.#window = window;
    this.#output = output;
  }

  /** Shows the picture that was shown at this feed time. */
  seek(time: number): void {
    this.#start((signal) => this.#still(time, 0, signal));
  }

  /** Shows the picture so many after the one of this feed time. */
  step(time: number, frames: number): void {
    this.#start((signal) => this.#still(time, frames, signal));
  }

  play(time: number, speed: number): void {
    this.#start((signal) => lanes.playing.run(() => this.#play(time, speed, signal), signal));
  }

  /** Shows nothing more. */
  stop(): void {
    this.#current?.stop.abort();
    this.#window.acknowledged.ring();
    this.#wake.ring();
  }

  /** Resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.stop();
    await this.#current?.done;
  }

  /**
   * The recorded picture that was shown at a feed time, or so many after it, over gaps; the first
   * or last one where there are not so many. Throws FEED_STALLED where nothing is recorded.
   */
  async find(time: number, frames = 0): Promise<RecordedPicture> {
    const ring = this.#feed.live.ring;
    const start = ring && (ring.at(time) ?? all(ring)[0]);
    if (!start) throw nothing();
    let segment: Segment = start;
    let pictures = await this.#pictures(segment);
    let at =
      Math.max(
        0,
        pictures.findLastIndex((pts) => pts + start.offset <= time + SAME),
      ) + frames;
    while (at < 0 || at >= pictures.length) {
      const segments = all(ring);
      const next: Segment | undefined =
        at < 0
          ? segments.findLast((each) => each.start < segment.start - SAME)
          : segments.find((each) => each.start > segment.start + SAME);
      if (!next) break;
      const passed = pictures.length;
      segment = next;
      pictures = await this.#pictures(segment);
      at += at < 0 ? pictures.length : -passed;
    }
    const pts = pictures[Math.min(Math.max(at, 0), pictures.length - 1)];
    if (pts === undefined) throw nothing();
    return { segment, pts };
  }

  #start(run: (signal: AbortSignal) => Promise<void>): void {
    this.stop();
    const before = this.#current?.done;
    const stop = new AbortController();
    const { signal } = stop;
    const guarded = async (): Promise<void> => {
      await before;
      if (signal.aborted) return;
      await run(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#output.failed(error);
      });
    };
    this.#current = { stop, done: guarded() };
  }

  async #still(time: number, frames: number, signal: AbortSignal): Promise<void> {
    const { segment, pts } = await this.find(time, frames);
    const release = this.#feed.live.ring!.hold([segment]);
    let frame: Moment | undefined;
    try {
      frame = await lanes.pictures.run(() => first(this.#decode(segment, pts, signal, 1)), signal);
    } finally {
      release();
    }
    // A viewer who takes no picture keeps no place from others.
    if (frame) await this.#show(frame, segment, signal);
  }

  async #play(start: number, speed: number, signal: AbortSignal): Promise<void> {
    const ring = this.#feed.live.ring;
    if (!ring) throw nothing();
    let position = start;
    let clock: Clock | null = null;
    let shownAt = -Infinity;
    while (!signal.aborted) {
      const range = ring.range;
      // Where starting on segments takes longer than they last, the clock comes to the present,
      // playing never: what is late is not even decoded.
      if (clock) position = Math.max(position, clockNow(clock, speed) - LATE * speed);
      if (!range || position > range.end - PRESENT) return this.#output.caughtUp();
      const segment = ring.between(position, Infinity)[0];
      if (!segment) return this.#output.caughtUp();
      // Gaps are leapt over.
      if (segment.start > position + PRESENT) clock = null;
      const before = position;
      const release = ring.hold([segment]);
      try {
        for await (const frame of this.#decode(segment, position - segment.offset, signal)) {
          const time = frame.pts + segment.offset;
          position = time + SAME * 2;
          clock ??= { time, at: performance.now() };
          const wait = clock.at + ((time - clock.time) / speed) * 1000 - performance.now();
          if (wait > 0) await this.#wake.wait(wait);
          if (signal.aborted) return;
          if (wait < -LATE * 1000 && performance.now() - shownAt < LONGEST_PAUSE * 1000) continue;
          await this.#show(frame, segment, signal, () => leavePlaying(this.#window));
          shownAt = performance.now();
        }
      } finally {
        release();
      }
      // Nothing more of it can be decoded, or not yet.
      if (position === before) position = segment.growing ? Infinity : segment.end + SAME;
    }
  }

  /** `whileClosed` is called now and then while the viewer takes no picture. */
  async #show(
    { pts, images, display, fit, past }: Moment,
    segment: Segment,
    signal: AbortSignal,
    whileClosed = (): void => {},
  ): Promise<void> {
    const time = pts + segment.offset;
    const explanation = await this.#feed.explainer.explain(images, time, past);
    while (!this.#window.isOpen && !signal.aborted) {
      whileClosed();
      await this.#window.acknowledged.wait(SILENCE);
    }
    if (!signal.aborted) this.#output.frame({ time, display: display!, fit, explanation });
  }

  #decode(segment: Segment, from: number, signal: AbortSignal, frames?: number) {
    const { explainer } = this.#feed;
    return moments(segmentPictures(segment), explainer.current, {
      images: explainer.images,
      display: DISPLAY,
      from: from - SAME,
      signal,
      ...(frames === undefined ? {} : { frames }),
    });
  }

  /** Timestamps in the file of the pictures that were decoded live. */
  async #pictures(segment: Segment): Promise<Float64Array> {
    const known = this.#indices.get(segment.path);
    if (known) return known;
    const { start, end, offset, growing } = segment;
    const pictures = (await segmentTimes(segment)).filter(
      (each) => each + offset >= start - SAME && each + offset <= end + SAME,
    );
    if (growing) return pictures;
    this.#indices.set(segment.path, pictures);
    if (this.#indices.size > REMEMBERED) this.#indices.delete(this.#indices.keys().next().value!);
    return pictures;
  }
}

function all(ring: SegmentRing): Segment[] {
  return ring.between(-Infinity, Infinity);
}

function clockNow({ time, at }: Clock, speed: number): number {
  return time + ((performance.now() - at) / 1000) * speed;
}

async function first(frames: AsyncIterable<Moment>): Promise<Moment | undefined> {
  for await (const frame of frames) return frame;
  return undefined;
}

function nothing(): RoadgazeError {
  return new RoadgazeError(
    'FEED_STALLED',
    'Nothing of the feed is recorded at that time.',
    'Choose a time within the recorded minutes, or go back to live.',
  );
}
