import type { Readable } from 'node:stream';
import { reportOf, type ErrorReport } from '../../shared/errors.ts';
import type { SourceClockStatus } from '../../shared/protocol/feed-messages.ts';
import type { DisplayFormat, ImageFormat } from '../video/frame-source.ts';
import type { FeedAddress } from './feed-address.ts';
import { FeedClock } from './feed-clock.ts';
import { changed, stalled, type ConnectionEnd } from './failure.ts';
import type { FeedStatus, FeedStream } from '../../shared/protocol/summaries.ts';
import { connectSeconds, type RtspTransport } from './input-options.ts';
import { LiveConnection, type ArrivedPicture } from './live-connection.ts';
import { segmentFormat } from './live-outputs.ts';
import { MinimumDelay } from './minimum-delay.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import type { SegmentRing } from './segment-ring.ts';
import { SourceClock, takenByCamera } from './source-clock.ts';
import type { KnownSource } from './stream-lines.ts';

export interface LiveFrame extends ArrivedPicture {
  /**
   * Counts decoded pictures of the feed from 0, over all connections; numbers that do not appear
   * were dropped.
   */
  readonly sequence: number;
  /**
   * Counts the times the source was opened; timestamps of different connections have nothing to do
   * with each other.
   */
  readonly connection: number;
  /** Seconds since 1970, ascending over all connections; see FeedClock. */
  readonly time: number;
  /**
   * When the source took it, by its own clock, in milliseconds since 1970; null where it does not
   * tell, or tells what cannot be.
   */
  readonly takenAt: number | null;
}

export interface LiveDecoderOptions {
  readonly address: FeedAddress;
  /** For RTSP; TCP without it. */
  readonly transport?: RtspTransport;
  readonly images: readonly ImageFormat[];
  readonly display: DisplayFormat;
  readonly ring: SegmentRing | null;
  readonly stdin?: Readable;
  /**
   * Seconds without a picture until the feed counts as stalled, and until it is opened again. Slow
   * streams get more.
   */
  readonly quietSeconds?: number;
  readonly stallSeconds?: number;
}

export interface LiveDecoderHandlers {
  frame(frame: LiveFrame): void;
  state(state: FeedStatus): void;
}

export interface DecoderCounters {
  readonly decoded: number;
  /** Pictures that came too late out of the decoder, and were not handed on. */
  readonly late: number;
  readonly damaged: number;
  readonly reconnects: number;
}

/**
 * A picture so many seconds later than the fastest one of the last minute is not shown any more.
 */
const LATE = 1;
/**
 * So many seconds of late pictures only: what has piled up is thrown away by opening the feed
 * again.
 */
const BEHIND = 3;
/** After so many of those within the feed's life its timestamps are not believed any more. */
const BELIEF = 3;
const CHECK = 100;
/** A stream may pause for so many of its usual intervals. */
const INTERVALS = 4;
/**
 * After so many connections in a row that ended because the ring took no packet, there is no
 * ring any more.
 */
const UNWRITTEN = 3;
/** So many connections in a row that were to be opened again at once, and gave no picture. */
const HASTE = 8;

/** Seconds: no longer than to the next keyframe, if it comes within about a second. */
const LEAST_ANALYSIS = 0.001;
const MORE_ANALYSIS = 1;
const MOST_ANALYSIS = 8;

/**
 * What this machine lacks for the moment (descriptors, processes, room) may be there later; ffmpeg
 * will not.
 */
function notStarted(error: unknown): ConnectionEnd {
  const reason = reportOf(error);
  return { reason, retry: reason.code === 'FFMPEG_MISSING' ? 'never' : 'later' };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Keeps a feed open until it is closed: reads, notices when pictures stop, and opens again. Hands
 * pictures on at once, and never queues.
 */
export class LiveDecoder {
  readonly #options: LiveDecoderOptions;
  readonly #handlers: LiveDecoderHandlers;
  readonly #clock = new FeedClock();
  readonly #lag = new MinimumDelay();
  readonly #sourceClock = new SourceClock();
  readonly #running: Promise<void>;
  #state: FeedStatus = { name: 'connecting', since: now() };
  #connection: LiveConnection | null = null;
  #stream: FeedStream | null = null;
  #source: KnownSource | null = null;
  #analyzeSeconds = 0;
  #ring: SegmentRing | null;
  #asksTime = true;
  #unwritten = 0;
  #lacksTimes = false;
  #closed = false;
  #wake: (() => void) | null = null;
  #lastPicture: number | null = null;
  #interval = 0;
  #lateSince: number | null = null;
  #behind = 0;
  #sequence = 0;
  #connections = 0;
  #late = 0;
  #damaged = 0;
  #reconnects = 0;

  constructor(options: LiveDecoderOptions, handlers: LiveDecoderHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#ring = options.ring;
    this.#running = this.#run();
  }

  get state(): FeedStatus {
    return this.#state;
  }

  get sourceClock(): SourceClockStatus {
    return this.#sourceClock.state;
  }

  get counters(): DecoderCounters {
    return {
      decoded: this.#sequence,
      late: this.#late,
      damaged: this.#damaged,
      reconnects: this.#reconnects,
    };
  }

  /** Resolves when ffmpeg is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.finish(changed(this.#options.address, 'it is closed'));
    this.#wake?.();
    await this.#running;
    if (this.#state.name !== 'closed') this.#enter({ name: 'closed', since: now() });
  }

  async #run(): Promise<void> {
    const started = now();
    let attempt = 0;
    let hasty = 0;
    while (!this.#closed) {
      const before = this.#sequence;
      const end = await this.#connect().catch(notStarted);
      if (this.#closed) return;
      if (end.retry === 'never')
        return this.#enter({ name: 'failed', since: now(), reason: end.reason });
      this.#source = end.source ?? this.#source;
      this.#analyzeMore(end);
      const hadPictures = this.#sequence > before;
      hasty = hadPictures ? 0 : hasty + 1;
      attempt = hadPictures ? 1 : attempt + 1;
      if (this.#lastPicture !== null) this.#reconnects++;
      const since = this.#lastPicture ?? started;
      const pause =
        end.retry === 'now' && hasty < HASTE ? 0 : reconnectDelay(attempt, now() - since);
      // The first look at a source may only tell how to read it.
      if (this.#lastPicture !== null || pause > 0)
        this.#enter({
          name: 'reconnecting',
          since,
          reason: end.reason,
          attempt,
          nextTryAt: now() + pause,
        });
      if (pause > 0) await this.#sleep(pause);
      if (this.#state.name === 'reconnecting') this.#enter({ ...this.#state, nextTryAt: null });
    }
  }

  async #connect(): Promise<ConnectionEnd> {
    const { address, transport = 'tcp', images, display, stdin = null } = this.#options;
    this.#connections++;
    this.#clock.startConnection();
    this.#lag.reset();
    this.#sourceClock.reset();
    this.#lateSince = null;
    this.#interval = 0;
    const segments =
      this.#ring?.startConnection(
        address.scheme === 'camera' ? 'nut' : segmentFormat(this.#source),
        (end) => connection.finish(end),
      ) ?? null;
    const connection = new LiveConnection(
      {
        address,
        transport,
        source: this.#source,
        images,
        display,
        segments,
        asksTime: this.#asksTime,
        lacksTimes: this.#lacksTimes,
        stdin,
        analyzeSeconds: this.#analyzeSeconds,
      },
      {
        picture: (picture) => this.#picture(picture),
        stream: (info) => (this.#stream = info),
        segmentStart: (ticks) => this.#ring?.startSegment(ticks),
        segment: (row) => this.#ring?.endSegment(row),
        sourceTime: (pts, time) => this.#sourceClock.add(pts, time, now()),
        damage: () => this.#damaged++,
      },
    );
    this.#connection = connection;
    const started = now();
    const pictures = this.#sequence;
    const check = setInterval(
      () => this.#check(connection, started, this.#sequence > pictures),
      CHECK,
    );
    try {
      const end = await connection.ended;
      // What cannot be recorded must not end the feed: neither because of the disk, nor because the
      // container of the ring does not take it.
      const { message } = end.reason;
      if (segments && !this.#closed && (await this.#ring!.isDiskToBlame(message)))
        return changed(address, 'it goes on without a recording');
      this.#unwritten =
        this.#sequence === pictures &&
        /av_interleaved_write_frame|Error muxing|Could not write header/.test(message)
          ? this.#unwritten + 1
          : 0;
      if (this.#unwritten >= UNWRITTEN)
        this.#stopRing(end.reason, 'The feed goes on without. A newer ffmpeg may record it.');
      if (this.#unwritten === 0 || this.#lacksTimes) return end;
      this.#lacksTimes = true;
      return { ...end, retry: 'now' };
    } finally {
      clearInterval(check);
      this.#connection = null;
      await this.#ring?.endConnection();
    }
  }

  #stopRing({ message }: ErrorReport, hint: string): void {
    this.#ring?.fail({
      code: 'OUTPUT_NOT_WRITABLE',
      message: `The recording has stopped: ${message}`,
      hint,
    });
  }

  /**
   * More after each failure; a stream that never tells what a copy needs is not recorded, and not
   * asked for its time.
   */
  #analyzeMore({ needsAnalysis = false, reason }: ConnectionEnd): void {
    if (!needsAnalysis) this.#analyzeSeconds = 0;
    else if (!this.#ring || this.#ring.failure) this.#asksTime = false;
    else if (this.#analyzeSeconds < MOST_ANALYSIS)
      this.#analyzeSeconds = this.#analyzeSeconds
        ? Math.max(MORE_ANALYSIS, 2 * this.#analyzeSeconds)
        : LEAST_ANALYSIS;
    else
      this.#stopRing(
        reason,
        'The feed goes on without. Let the source send its parameter sets with every keyframe.',
      );
  }

  #check(connection: LiveConnection, started: number, hasPictures: boolean): void {
    const { address, quietSeconds = 1, stallSeconds = 3 } = this.#options;
    if (!hasPictures) {
      const seconds = (now() - started) / 1000;
      if (seconds > connectSeconds(address)) connection.finish(stalled(address, seconds));
      return;
    }
    const silence = (now() - this.#lastPicture!) / 1000;
    if (silence > Math.max(stallSeconds, 2 * INTERVALS * this.#interval))
      connection.finish(stalled(address, silence));
    else if (
      silence > Math.max(quietSeconds, INTERVALS * this.#interval) &&
      this.#state.name === 'live'
    )
      this.#enter({ name: 'stalled', since: this.#lastPicture! });
  }

  #picture(picture: ArrivedPicture): void {
    if (this.#closed) return;
    const { pts, arrival } = picture;
    const isFirst = this.#clock.offset === null;
    const time = this.#clock.time(pts, arrival);
    if (isFirst) this.#ring?.anchor(pts, this.#clock.offset!, this.#stream);
    else if (this.#lastPicture !== null)
      this.#interval += 0.2 * ((arrival - this.#lastPicture) / 1000 - this.#interval);
    this.#lastPicture = arrival;
    this.#ring?.reached(time);
    if (this.#state.name !== 'live' && this.#stream)
      this.#enter({ name: 'live', since: arrival, stream: this.#stream });
    if (this.#options.address.scheme === 'camera')
      this.#sourceClock.add(
        pts,
        takenByCamera(pts, now(), Number(process.hrtime.bigint()) / 1e6),
        arrival,
      );
    const sequence = this.#sequence++;
    if (this.#isLate(pts, arrival)) return;
    this.#handlers.frame({
      ...picture,
      sequence,
      connection: this.#connections,
      time,
      takenAt: this.#sourceClock.timeOf(pts),
    });
  }

  #isLate(pts: number, arrival: number): boolean {
    const isLate = this.#lag.add(pts, arrival / 1000) > LATE && this.#behind < BELIEF;
    if (!isLate) {
      this.#lateSince = null;
      return false;
    }
    this.#late++;
    this.#lateSince ??= arrival;
    if (arrival - this.#lateSince > BEHIND * 1000) {
      this.#behind++;
      this.#connection?.finish(changed(this.#options.address, 'decoding fell behind'));
    }
    return true;
  }

  #enter(state: FeedStatus): void {
    this.#state = state;
    this.#handlers.state(state);
  }

  async #sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closed) this.#wake();
    });
    this.#wake = null;
  }
}
