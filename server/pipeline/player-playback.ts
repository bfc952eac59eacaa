import { lanes } from '../resources/limits.ts';
import { moments, type Moment } from './moments.ts';
import {
  DISPLAY,
  frameAt,
  frameDuration,
  renderFrame,
  type PlayableSource,
  type RenderedFrame,
} from './player-frames.ts';
import { Bell } from './player-bell.ts';
import { leavePlaying, SILENCE } from './player-silence.ts';
import type { AcknowledgementWindow } from './player-window.ts';

export interface PlaybackOptions {
  readonly frame: number;
  /** 0.1…8, or 0: every frame, as fast as it is acknowledged. */
  readonly speed: number;
  readonly loop: boolean;
}

export interface PlaybackStatistics {
  readonly framesPerSecond: number;
  readonly sent: number;
  readonly skipped: number;
}

export interface PlaybackOutput {
  /** The window is open when this is called, and takes a place of it. */
  frame(frame: RenderedFrame, number: number): void;
  statistics(statistics: PlaybackStatistics): void;
}

interface QueuedFrame {
  readonly number: number;
  /** Seconds on the playback's own time line, which runs on where the recording loops. */
  readonly position: number;
  /** Seconds until the next frame that will be decoded. */
  readonly duration: number;
  /** First of a decode: shown even if it is late, so that a slow machine shows something. */
  readonly first: boolean;
  rendered: RenderedFrame | null;
}

const READ_AHEAD = 8;
/** With fewer frames than this ready, background work waits. */
const STARVED = 4;
/** Above this many frames a second a screen shows no more of them. */
const SCREEN_RATE = 60;
/** How far a frame may be past its time before it is left out; covers timers and scheduling. */
const TOLERANCE = 20;
/**
 * So late (ms), decoding starts anew at the clock's position instead of working through what has
 * passed.
 */
const JUMP_AFTER = 250;
const STATISTICS_EVERY = 500;

/**
 * Plays once, when there is a place for it, until the end or until `signal`. A frame is sent when
 * it is due, never before. What is late is left out before it is explained and counted, so that the
 * clock is kept. Two loops share a bounded queue: `#read` decodes and explains ahead, `#send` waits
 * for the clock and the client.
 */
export class Playback {
  readonly #source: PlayableSource;
  readonly #window: AcknowledgementWindow;
  readonly #output: PlaybackOutput;
  readonly #options: PlaybackOptions;
  readonly #signal: AbortSignal;
  readonly #changed = new Bell();
  readonly #queue: QueuedFrame[] = [];
  readonly #rendering = new Set<Promise<void>>();
  #start: { readonly wall: number; readonly position: number } | null = null;
  #startup = 200;
  #reading = true;
  #failure: { readonly error: unknown } | null = null;
  #sent = 0;
  #skipped = 0;
  #release: (() => void) | null = null;

  constructor(
    source: PlayableSource,
    window: AcknowledgementWindow,
    output: PlaybackOutput,
    options: PlaybackOptions,
    signal: AbortSignal,
  ) {
    this.#source = source;
    this.#window = window;
    this.#output = output;
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * Resolves when the last frame's time is over, or after an abort with nothing under way any more.
   * Throws SERVER_BUSY, and what decoding throws.
   */
  async run(): Promise<void> {
    const own = new AbortController();
    const stop = () => own.abort();
    this.#signal.addEventListener('abort', stop, { once: true });
    own.signal.addEventListener('abort', () => this.#changed.ring(), { once: true });
    if (this.#signal.aborted) return;
    const stopReporting = this.#reportStatistics();
    let leave = (): void => {};
    try {
      leave = await lanes.playing.enter(own.signal);
      this.#balance();
      const reading = this.#read(own.signal)
        .catch((error: unknown) => {
          if (!own.signal.aborted) this.#failure = { error };
        })
        .finally(() => {
          this.#reading = false;
          this.#changed.ring();
        });
      await this.#send(own.signal);
      own.abort();
      await reading;
      await Promise.all(this.#rendering);
      if (this.#failure !== null) throw this.#failure.error;
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      leave();
      stopReporting();
      this.#signal.removeEventListener('abort', stop);
      this.#release?.();
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    let from = this.#options.frame;
    let passOffset = 0;
    while (!signal.aborted) {
      const next = await this.#readFrom(from, passOffset, signal);
      if (next === null) {
        if (!this.#options.loop || signal.aborted) return;
        const { index } = this.#source;
        passOffset +=
          index.pts.at(-1)! + frameDuration(index, index.pts.length - 1) - index.pts[0]!;
        from = 0;
      } else {
        from = next;
      }
    }
  }

  /**
   * Decodes to the end (null), or gives the frame to go on from where decoding cannot keep up with
   * the clock.
   */
  async #readFrom(from: number, passOffset: number, signal: AbortSignal): Promise<number | null> {
    const { drive, explainer, index } = this.#source;
    const { speed } = this.#options;
    const spacing =
      speed > 0 && speed / frameDuration(index, index.pts.length - 1) > SCREEN_RATE + 1
        ? speed / SCREEN_RATE
        : 0;
    const opened = performance.now();
    const stream = moments(drive, explainer, {
      images: explainer.images,
      display: DISPLAY,
      signal,
      ...(from > 0 ? { from: index.pts[from]! } : {}),
      ...(spacing > 0 ? { spacing } : {}),
    });
    let first = true;
    try {
      for await (const decoded of stream) {
        const now = performance.now();
        if (first) this.#startup = Math.max(this.#startup, now - opened);
        const number = frameAt(this.#source.index, decoded.pts);
        const item: QueuedFrame = {
          number,
          position: passOffset + decoded.pts,
          duration: Math.max(spacing, frameDuration(this.#source.index, number)),
          first,
          rendered: null,
        };
        if (this.#isStale(item, now)) {
          this.#skipped++;
          const target = this.#resumeAt(item, now, passOffset);
          if (target !== null) {
            const { pts } = this.#source.index;
            const pictures =
              spacing > 0
                ? Math.floor((pts[target]! - decoded.pts) / spacing + 1e-6)
                : target - number;
            this.#skipped += Math.max(0, pictures - 1);
            return target;
          }
          continue;
        }
        first = false;
        while (this.#queue.length >= READ_AHEAD && !signal.aborted) await this.#changed.wait();
        if (signal.aborted) return null;
        this.#queue.push(item);
        this.#render(item, decoded);
        this.#balance();
        this.#changed.ring();
      }
    } finally {
      await stream.close();
    }
    return null;
  }

  #render(item: QueuedFrame, decoded: Moment): void {
    const rendering = renderFrame(this.#source, decoded)
      .then(
        (rendered) => {
          item.rendered = rendered;
        },
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
      .finally(() => {
        this.#rendering.delete(rendering);
        this.#changed.ring();
      });
    this.#rendering.add(rendering);
  }

  async #send(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.#window.acknowledged.listen(() => this.#changed.ring());
    try {
      let endOfLast = 0;
      while (!signal.aborted && this.#failure === null) {
        const now = performance.now();
        const head = this.#queue[0];
        if (!head) {
          if (!this.#reading && now >= endOfLast) return;
          await this.#changed.wait(this.#reading ? Infinity : endOfLast - now);
        } else if (this.#isStale(head, now)) {
          this.#drop();
          this.#skipped++;
        } else if (!this.#window.isOpen) {
          const silent = leavePlaying(this.#window);
          await this.#changed.wait(
            silent || !this.#start ? SILENCE : this.#endDue(head) + TOLERANCE - now,
          );
        } else if (!head.rendered) {
          await this.#changed.wait();
        } else {
          if (!this.#start && this.#options.speed > 0)
            this.#start = { wall: now, position: head.position };
          const due = this.#due(head);
          if (now < due) {
            await this.#changed.wait(due - now);
            continue;
          }
          this.#drop();
          this.#output.frame(head.rendered, head.number);
          this.#sent++;
          endOfLast = this.#endDue(head);
        }
      }
    } finally {
      unsubscribe();
    }
  }

  #drop(): void {
    this.#queue.shift();
    this.#balance();
    this.#changed.ring();
  }

  /** Wall time (ms) at which the frame is due; always, before the clock runs and at speed 0. */
  #due(item: QueuedFrame): number {
    if (!this.#start) return -Infinity;
    return this.#start.wall + ((item.position - this.#start.position) / this.#options.speed) * 1000;
  }

  #endDue(item: QueuedFrame): number {
    return this.#start ? this.#due(item) + (item.duration / this.#options.speed) * 1000 : -Infinity;
  }

  /**
   * A frame's time has passed when the next one is due. It is shown all the same where only the
   * decoder is to blame, a little, and has nothing newer.
   */
  #isStale(item: QueuedFrame, now: number): boolean {
    if (!this.#start || now <= this.#endDue(item) + TOLERANCE) return false;
    const due = this.#due(item);
    if (!this.#window.hasBeenOpenSince(due)) return true;
    if (item.first) return false;
    const newer = this.#queue.at(-1);
    return (
      now - due > JUMP_AFTER ||
      (newer !== undefined && newer.position > item.position && newer.rendered !== null)
    );
  }

  /** The frame that will be due once a new decode has started, if that is worth it. */
  #resumeAt(item: QueuedFrame, now: number, passOffset: number): number | null {
    if (now - this.#due(item) <= JUMP_AFTER || !this.#start) return null;
    const { wall, position } = this.#start;
    const { index } = this.#source;
    const arrival = position + ((now + this.#startup - wall) / 1000) * this.#options.speed;
    const target = frameAt(index, arrival - passOffset);
    return target > item.number + 1 ? target : null;
  }

  #balance(): void {
    if (this.#queue.length < STARVED) this.#release ??= this.#source.priority.hold();
    else {
      this.#release?.();
      this.#release = null;
    }
  }

  /** Starts telling; gives the function that tells a last time and stops. */
  #reportStatistics(): () => void {
    let [time, sent] = [performance.now(), 0];
    const report = () => {
      const now = performance.now();
      this.#output.statistics({
        framesPerSecond: ((this.#sent - sent) / Math.max(1, now - time)) * 1000,
        sent: this.#sent,
        skipped: this.#skipped,
      });
      [time, sent] = [now, this.#sent];
    };
    const timer = setInterval(report, STATISTICS_EVERY);
    return () => {
      clearInterval(timer);
      report();
    };
  }
}
