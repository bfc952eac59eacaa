import { moments, type Moment, type MomentStream } from './moments.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { lanes } from '../resources/limits.ts';
import { Bell } from './player-bell.ts';
import {
  DISPLAY,
  frameAt,
  renderFrame,
  type PlayableSource,
  type RenderedFrame,
} from './player-frames.ts';
import type { AcknowledgementWindow } from './player-window.ts';

interface Target {
  readonly frame: number;
  /** null: nothing is shown, but its neighbours are made ready. */
  readonly show: ((frame: RenderedFrame, number: number) => void) | null;
}

/** An open decode goes on for a target this few frames ahead: cheaper than starting ffmpeg anew. */
const REACH = 16;
/** Neighbours made ready when fewer than `NEAR` of them are. */
const NEAR = 4;
const AHEAD = 12;
const BEHIND = 12;
/** A decoder that nobody has read from for so long (ms) is closed. */
const IDLE = 1000;

/**
 * Shows single frames while paused. The newest target wins: an older one is given up at once. When
 * a target is shown, its neighbours are made ready, so that stepping either way is instant.
 */
export class Scrubber {
  readonly #source: PlayableSource;
  readonly #window: AcknowledgementWindow;
  readonly #signal: AbortSignal;
  readonly #changed = new Bell();
  #target: Target | null = null;
  #reader: Reader | null = null;

  constructor(source: PlayableSource, window: AcknowledgementWindow, signal: AbortSignal) {
    this.#source = source;
    this.#window = window;
    this.#signal = signal;
  }

  /**
   * Calls `show` once the frame is at hand, which may be now, and the client has room for it,
   * unless another target came before.
   */
  show(frame: number, show: (frame: RenderedFrame, number: number) => void): void {
    const cached = this.#window.isOpen
      ? this.#source.cache.get(this.#source.index.pts[frame]!)
      : undefined;
    if (!cached) return this.#aim({ frame, show });
    show(cached, frameAt(this.#source.index, cached.pts));
    this.rest(frame);
  }

  /** Makes the neighbours of a frame ready that is on the screen already. */
  rest(frame: number): void {
    this.#aim({ frame, show: null });
  }

  /**
   * Works until `signal` aborts; then the decoder is closed. Throws what decoding and explaining
   * throw.
   */
  async run(): Promise<void> {
    const stop = () => {
      this.#reader?.abort();
      this.#changed.ring();
    };
    this.#signal.addEventListener('abort', stop, { once: true });
    const unsubscribe = this.#window.acknowledged.listen(() => this.#changed.ring());
    try {
      while (!this.#signal.aborted) {
        const target = this.#target;
        if (!target) await this.#changed.wait();
        else if (await this.#serve(target)) await this.#rest(target);
      }
    } finally {
      unsubscribe();
      this.#signal.removeEventListener('abort', stop);
      await this.#reader?.close();
    }
  }

  #aim(target: Target): void {
    this.#target = target;
    if (this.#reader && !this.#isCached(target.frame) && !this.#reader.reaches(target.frame))
      this.#reader.abort();
    this.#changed.ring();
  }

  #isCurrent(target: Target): boolean {
    return this.#target === target && !this.#signal.aborted;
  }

  /** False if the target was given up for another. */
  async #serve(target: Target): Promise<boolean> {
    if (!target.show) return true;
    const release = this.#source.priority.hold();
    try {
      const frame =
        this.#source.cache.get(this.#source.index.pts[target.frame]!) ??
        (await this.#decode(target));
      await this.#waitWhile(() => !this.#window.isOpen && this.#isCurrent(target));
      if (!frame || !this.#isCurrent(target)) return false;
      target.show(frame, frameAt(this.#source.index, frame.pts));
      return true;
    } finally {
      release();
    }
  }

  async #decode(target: Target): Promise<RenderedFrame | null> {
    const reader = await this.#readerFor(target.frame);
    await reader.begin();
    // While this waited for its turn, another viewer may have got there.
    const cached = this.#source.cache.get(this.#source.index.pts[target.frame]!);
    if (cached) return cached;
    for (;;) {
      const frame = await reader.next();
      if (!this.#isCurrent(target)) return null;
      if (!frame) break;
      if (frameAt(this.#source.index, frame.pts) >= target.frame) return frame;
    }
    return this.#lastBefore(target);
  }

  /**
   * The index names frames at the end that cannot be decoded: the last one that can be stands for
   * them.
   */
  async #lastBefore(target: Target): Promise<RenderedFrame | null> {
    let last: RenderedFrame | null = null;
    for (let back = REACH; !last && back < 4 * this.#source.index.pts.length; back *= 4) {
      const reader = await this.#readerFor(Math.max(0, target.frame - back));
      for (let frame = await reader.next(); frame; frame = await reader.next()) last = frame;
      if (!this.#isCurrent(target)) return null;
    }
    if (last) return last;
    throw new RoadgazeError(
      'VIDEO_UNREADABLE',
      `No frame of ${this.#source.drive.path} can be decoded at this place.`,
      'Try another place; the file may be damaged here.',
    );
  }

  /** Makes neighbours ready, ahead first, then waits for another target. */
  async #rest(target: Target): Promise<void> {
    const { frame } = target;
    const last = this.#source.index.pts.length - 1;
    const isWanted = (from: number, to: number) =>
      this.#isCurrent(target) && !lanes.pictures.isFull && this.#lacksAny(from, to);
    if (isWanted(frame + 1, frame + NEAR))
      await this.#fill(target, frame + 1, Math.min(last, frame + AHEAD));
    if (isWanted(frame - NEAR, frame - 1))
      await this.#fill(target, Math.max(0, frame - BEHIND), frame - 1);
    await this.#waitWhile(() => this.#isCurrent(target));
  }

  /**
   * Keeps the decoder no longer than it may still be of use, and no longer at all where others wait
   * for its place.
   */
  async #waitWhile(condition: () => boolean): Promise<void> {
    const until = performance.now() + (lanes.pictures.isFull ? 0 : IDLE);
    while (condition()) {
      if (this.#reader && performance.now() >= until) {
        const left = this.#reader;
        this.#reader = null;
        await left.close();
      } else await this.#changed.wait(this.#reader ? until - performance.now() : Infinity);
    }
  }

  async #fill(target: Target, from: number, to: number): Promise<void> {
    let at = from;
    while (at <= to && this.#isCached(at)) at++;
    if (at > to) return;
    const reader = await this.#readerFor(at);
    while (this.#isCurrent(target) && at < to) {
      const frame = await reader.next();
      if (!frame) return;
      at = frameAt(this.#source.index, frame.pts);
    }
  }

  #lacksAny(from: number, to: number): boolean {
    for (
      let frame = Math.max(0, from);
      frame <= Math.min(to, this.#source.index.pts.length - 1);
      frame++
    ) {
      if (!this.#isCached(frame)) return true;
    }
    return false;
  }

  #isCached(frame: number): boolean {
    return this.#source.cache.has(this.#source.index.pts[frame]!);
  }

  async #readerFor(frame: number): Promise<Reader> {
    if (this.#reader?.reaches(frame)) return this.#reader;
    const left = this.#reader;
    this.#reader = new Reader(this.#source, frame);
    left?.abort();
    await left?.close();
    return this.#reader;
  }
}

/**
 * One decode from a frame on, as far as it is asked for. It has a place among the decoders of
 * pictures from its first frame to its end.
 */
class Reader {
  readonly #source: PlayableSource;
  readonly #stream: MomentStream;
  readonly #frames: AsyncIterator<Moment>;
  readonly #stop = new AbortController();
  #next: number;
  #leave: (() => void) | null = null;

  constructor(source: PlayableSource, frame: number) {
    this.#source = source;
    this.#next = frame;
    this.#stream = moments(source.drive, source.explainer, {
      images: source.explainer.images,
      display: DISPLAY,
      signal: this.#stop.signal,
      ...(frame > 0 ? { from: source.index.pts[frame]! } : {}),
    });
    this.#frames = this.#stream[Symbol.asyncIterator]();
  }

  reaches(frame: number): boolean {
    return !this.#stop.signal.aborted && frame >= this.#next && frame <= this.#next + REACH;
  }

  /** Waits for its turn; false after `abort`. */
  async begin(): Promise<boolean> {
    if (this.#leave) return true;
    try {
      const leave = await lanes.pictures.enter(this.#stop.signal);
      if (this.#stop.signal.aborted) leave();
      else this.#leave = leave;
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
    return this.#leave !== null;
  }

  /** null at the end and after `abort`. */
  async next(): Promise<RenderedFrame | null> {
    try {
      if (!(await this.begin())) return null;
      const next = await this.#frames.next();
      if (next.done || this.#stop.signal.aborted) {
        this.#stop.abort();
        return null;
      }
      this.#next = frameAt(this.#source.index, next.value.pts) + 1;
      return await renderFrame(this.#source, next.value);
    } catch (error) {
      if (this.#stop.signal.aborted) return null;
      this.#stop.abort();
      throw error;
    }
  }

  abort(): void {
    this.#stop.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#stream.close();
    this.#leave?.();
  }
}
