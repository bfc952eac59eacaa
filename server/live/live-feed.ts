import { PastFrames, type Past } from '../video/past-frames.ts';
import type { Readable } from 'node:stream';
import { reportOf, type ErrorReport } from '../../shared/errors.ts';
import type { SourceClockStatus } from '../../shared/protocol/feed-messages.ts';
import type { DisplayFormat, ImageFormat } from '../video/frame-source.ts';
import type { FeedAddress } from './feed-address.ts';
import type { FeedStatus } from '../../shared/protocol/summaries.ts';
import type { RtspTransport } from './input-options.ts';
import { LiveDecoder, type LiveFrame } from './live-decoder.ts';
import { MinimumDelay } from './minimum-delay.ts';
import { NewestFirst } from './newest-first.ts';
import { RateMeter } from './rate-meter.ts';
import { SegmentRing, type SegmentRingOptions } from './segment-ring.ts';
import { SignalTrack, type AlignedSignal } from './signal-track.ts';
import { SlidingPercentiles, type DelaySummary } from './sliding-percentiles.ts';

export interface LiveFeedOptions<Explanation> {
  /** As the user calls it; unique. */
  readonly name: string;
  readonly address: FeedAddress;
  readonly transport?: RtspTransport;
  readonly stdin?: Readable;
  readonly images: readonly ImageFormat[];
  readonly display: DisplayFormat;
  /**
   * Takes ownership of the images. Called for at most `workers` frames at a time. `time` is feed
   * time. `past`: of the same connection.
   */
  readonly explain: (
    images: readonly Uint8Array[],
    time: number,
    past: Past,
  ) => Promise<Explanation>;
  /** So many frames that came before are told; with any, no image's memory may be given away. */
  readonly reach?: number;
  readonly workers: number;
  /** null: nothing is recorded. */
  readonly ring: SegmentRingOptions | null;
  readonly quietSeconds?: number;
  readonly stallSeconds?: number;
}

/** A frame with its explanation, the same object for all subscribers. */
export interface ExplainedLiveFrame<Explanation> {
  readonly sequence: number;
  readonly connection: number;
  /** Seconds as the stream has it, and on the feed's axis (since 1970). */
  readonly pts: number;
  readonly time: number;
  /** Milliseconds since 1970: out of the decoder, and explained. */
  readonly arrival: number;
  readonly explainedAt: number;
  /** By the source's own clock; null where that is not known. */
  readonly takenAt: number | null;
  /** JPEG. */
  readonly display: Uint8Array;
  readonly explanation: Explanation;
  /**
   * What was driven when the frame was taken, its time on the feed's axis; null where no signal
   * came.
   */
  readonly driven: AlignedSignal | null;
}

export interface FeedSubscriber<Explanation> {
  frame(frame: ExplainedLiveFrame<Explanation>): void;
  state(state: FeedStatus): void;
}

export interface FeedSnapshot {
  readonly name: string;
  readonly label: string;
  readonly state: FeedStatus;
  readonly decoded: number;
  readonly explained: number;
  /** Frames that were not shown, by who was late. */
  readonly dropped: {
    readonly decode: number;
    readonly inference: number;
    readonly viewer: number;
  };
  readonly damaged: number;
  readonly inferenceErrors: number;
  readonly lastInferenceError: ErrorReport | null;
  readonly reconnects: number;
  readonly subscribers: number;
  /** Per second, over the last two seconds. */
  readonly decodeRate: number;
  readonly inferenceRate: number;
  /**
   * Milliseconds over the last frames. `lag`: out of the decoder, over the fastest frame of the
   * last minute; `explained`: from the decoder to the explanation; `painted`: from the decoder to
   * the screen, as viewers acknowledge. null: none yet.
   */
  readonly delay: {
    readonly lag: DelaySummary | null;
    readonly explained: DelaySummary | null;
    readonly painted: DelaySummary | null;
  };
  /**
   * The same from when the source took the picture, by its own clock; null while the stream tells
   * no time, or one that cannot be.
   */
  readonly sourceClock: SourceClockStatus;
  readonly sourceDelay: {
    readonly arrival: DelaySummary | null;
    readonly painted: DelaySummary | null;
  };
  readonly recording: {
    readonly bytes: number;
    readonly start: number | null;
    readonly end: number | null;
    readonly failure: ErrorReport | null;
  } | null;
  readonly signals: SignalTrack['counters'];
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** One live source: decoded once and explained once, however many watch. */
export class LiveFeed<Explanation> {
  readonly name: string;
  readonly signals = new SignalTrack();
  readonly #options: LiveFeedOptions<Explanation>;
  readonly #ring: SegmentRing | null;
  readonly #subscribers = new Set<FeedSubscriber<Explanation>>();
  readonly #inference: NewestFirst<LiveFrame & { readonly past: Past }, Explanation>;
  readonly #past: PastFrames;
  readonly #decoder: LiveDecoder;
  readonly #fastest = new MinimumDelay();
  readonly #lag = new SlidingPercentiles();
  readonly #explainedDelay = new SlidingPercentiles();
  readonly #painted = new SlidingPercentiles();
  readonly #takenToArrival = new SlidingPercentiles();
  readonly #takenToPainted = new SlidingPercentiles();
  readonly #decodeRate = new RateMeter();
  readonly #inferenceRate = new RateMeter();
  #latest: ExplainedLiveFrame<Explanation> | null = null;
  #connection = 0;
  #explained = 0;
  #droppedInference = 0;
  #droppedViewer = 0;
  #inferenceErrors = 0;
  #lastInferenceError: ErrorReport | null = null;

  /** Begins to read. Whatever fails from here on shows in the state. */
  static async open<Explanation>(
    options: LiveFeedOptions<Explanation>,
  ): Promise<LiveFeed<Explanation>> {
    return new LiveFeed(options, options.ring ? await SegmentRing.open(options.ring) : null);
  }

  private constructor(options: LiveFeedOptions<Explanation>, ring: SegmentRing | null) {
    const { address, images, display, transport, stdin, quietSeconds, stallSeconds } = options;
    this.name = options.name;
    this.#options = options;
    this.#ring = ring;
    this.#past = new PastFrames(options.reach ?? 0, images.length);
    this.#inference = new NewestFirst(
      options.workers,
      ({ images: pictures, time, past }) => options.explain(pictures, time, past),
      {
        done: (frame, explanation) => this.#publish(frame, explanation),
        dropped: () => this.#droppedInference++,
        failed: (_, error) => {
          this.#inferenceErrors++;
          this.#lastInferenceError = reportOf(error);
        },
      },
    );
    this.#decoder = new LiveDecoder(
      {
        address,
        images,
        display,
        ring,
        ...(transport ? { transport } : {}),
        ...(stdin ? { stdin } : {}),
        ...(quietSeconds === undefined ? {} : { quietSeconds }),
        ...(stallSeconds === undefined ? {} : { stallSeconds }),
      },
      { frame: (frame) => this.#take(frame), state: (state) => this.#tell(state) },
    );
  }

  get state(): FeedStatus {
    return this.#decoder.state;
  }

  /** The last minutes on disk; null where nothing is recorded. */
  get ring(): SegmentRing | null {
    return this.#ring;
  }

  /** The newest explained frame, for whoever comes to watch; null before the first one. */
  get latest(): ExplainedLiveFrame<Explanation> | null {
    return this.#latest;
  }

  /**
   * Tells of every explained frame and every state from now on, until the function that it gives is
   * called. Must not throw.
   */
  subscribe(subscriber: FeedSubscriber<Explanation>): () => void {
    // One object may subscribe twice.
    const own = {
      frame: subscriber.frame.bind(subscriber),
      state: subscriber.state.bind(subscriber),
    };
    this.#subscribers.add(own);
    return () => void this.#subscribers.delete(own);
  }

  /** A viewer was too slow for so many frames. */
  countViewerDrops(count: number): void {
    this.#droppedViewer += count;
  }

  /** A viewer has painted a frame. */
  notePainted({
    arrival,
    takenAt,
  }: Pick<ExplainedLiveFrame<Explanation>, 'arrival' | 'takenAt'>): void {
    const painted = now();
    this.#painted.add(painted - arrival);
    if (takenAt !== null) this.#takenToPainted.add(painted - takenAt);
  }

  /**
   * What was driven at this feed time. Frames and signals are both placed by the fastest of their
   * kind.
   */
  drivenAt(time: number): AlignedSignal | null {
    const offset = this.#fastest.offset ?? 0;
    const signal = this.signals.asOf(time + offset);
    return signal && { ...signal, time: signal.time - offset };
  }

  /** What the vehicle told then, by its name on the wire; null where it did not. */
  toldAt(time: number, name: string): number | null {
    return this.signals.valueAt(time + (this.#fastest.offset ?? 0), name);
  }

  snapshot(): FeedSnapshot {
    const { decoded, late, damaged, reconnects } = this.#decoder.counters;
    const range = this.#ring?.range ?? null;
    const { sourceClock } = this.#decoder;
    const isKnown = sourceClock.name === 'synchronized';
    return {
      name: this.name,
      label: this.#options.address.label,
      state: this.state,
      decoded,
      explained: this.#explained,
      dropped: { decode: late, inference: this.#droppedInference, viewer: this.#droppedViewer },
      damaged,
      inferenceErrors: this.#inferenceErrors,
      lastInferenceError: this.#lastInferenceError,
      reconnects,
      subscribers: this.#subscribers.size,
      decodeRate: this.#decodeRate.rate(now()),
      inferenceRate: this.#inferenceRate.rate(now()),
      delay: {
        lag: this.#lag.summary(),
        explained: this.#explainedDelay.summary(),
        painted: this.#painted.summary(),
      },
      sourceClock,
      sourceDelay: {
        arrival: isKnown ? this.#takenToArrival.summary() : null,
        painted: isKnown ? this.#takenToPainted.summary() : null,
      },
      recording: this.#ring && {
        bytes: this.#ring.bytes,
        start: range?.start ?? null,
        end: range?.end ?? null,
        failure: this.#ring.failure,
      },
      signals: this.signals.counters,
    };
  }

  /** Resolves when ffmpeg is gone, no inference runs, and the ring is removed. */
  async close(): Promise<void> {
    await this.#decoder.close();
    await this.#inference.close();
    await this.#ring?.close();
  }

  #take(frame: LiveFrame): void {
    // Each connection stands on the feed's axis by its first picture, which may have been slow to
    // come.
    if (frame.connection !== this.#connection) {
      this.#fastest.reset();
      this.#past.clear();
    }
    this.#connection = frame.connection;
    if (frame.takenAt !== null) this.#takenToArrival.add(frame.arrival - frame.takenAt);
    else for (const delays of [this.#takenToArrival, this.#takenToPainted]) delays.reset();
    this.#decodeRate.add(frame.arrival);
    this.#lag.add(this.#fastest.add(frame.time, frame.arrival / 1000) * 1000);
    this.#inference.offer({ ...frame, past: this.#past.before(frame.images) });
  }

  #publish(
    { sequence, connection, pts, time, arrival, takenAt, display }: LiveFrame,
    explanation: Explanation,
  ): void {
    const explainedAt = now();
    this.#explained++;
    this.#inferenceRate.add(explainedAt);
    this.#explainedDelay.add(explainedAt - arrival);
    const frame = {
      sequence,
      connection,
      pts,
      time,
      arrival,
      explainedAt,
      takenAt,
      display,
      explanation,
      driven: this.drivenAt(time),
    };
    this.#latest = frame;
    for (const subscriber of this.#subscribers) subscriber.frame(frame);
  }

  #tell(state: FeedStatus): void {
    for (const subscriber of this.#subscribers) subscriber.state(state);
  }
}
