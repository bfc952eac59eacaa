import { WHOLE_FRAME, type Fit } from '../../../shared/geometry.ts';
import { reportOf } from '../../../shared/errors.ts';
import { explanationName } from '../../../shared/explanations.ts';
import type { FlagSettings } from '../../../shared/flags.ts';
import { encodeFrame, type PartBytes, fitOnWire } from '../../../shared/protocol/encode-frame.ts';
import type { FeedClientMessage } from '../../../shared/protocol/feed-messages.ts';
import type { RowSeries } from '../../analysis/row-series.ts';
import { openSegment } from '../../live/segment-pictures.ts';
import type { DelaySummary } from '../../live/sliding-percentiles.ts';
import type { AcknowledgementWindow } from '../../pipeline/player-window.ts';
import { RowSender, type RowPiece } from '../row-sender.ts';
import { SlowExplanations } from '../slow-explanations.ts';
import type { DrivenValues } from '../../analysis/driving-record.ts';
import type { ViewOutput } from '../view-output.ts';
import { ViewerFlags } from '../viewer-flags.ts';
import { roadSource } from '../../workspaces/workspace.ts';
import type { Feed, FeedFrame } from '../../feeds/feed.ts';
import type { FeedExplanation } from '../../feeds/feed-explainer.ts';
import { FeedReplay, type ReplayedFrame } from '../../feeds/feed-replay.ts';
import { jpegSize } from './jpeg-size.ts';

type ExplainMessage = Extract<FeedClientMessage, { type: 'explain-at' }>;
type PlaybackMessage = Extract<
  FeedClientMessage,
  { type: 'live' | 'seek-time' | 'step' | 'play-from' }
>;

const STATISTICS_INTERVAL = 1000;

type FrameValues = Pick<FeedExplanation, 'scores' | 'agreement' | 'steering'> & DrivenValues;

interface ShownFrame {
  readonly time: number;
  readonly number: number;
  readonly display: Uint8Array;
  /** Left out: the whole picture. */
  readonly fit?: Fit;
  readonly explanation: FeedExplanation;
}

/**
 * What one viewer sees of a feed: live, newest first, or out of its ring; with its numbers and
 * flags.
 */
export class FeedView {
  readonly feed: Feed;
  readonly slow: SlowExplanations<ExplainMessage>;
  readonly #replay: FeedReplay;
  readonly #window: AcknowledgementWindow;
  readonly #output: ViewOutput;
  readonly #leave: () => void;
  readonly #statistics: NodeJS.Timeout;
  readonly #flags: ViewerFlags;
  readonly #rowSender: RowSender;
  #settings: FlagSettings;
  #rows: RowSeries;
  #mode: 'live' | 'paused' | 'playing' = 'live';
  #speed = 1;
  #generation = 0;
  /** Of the frame shown last. */
  #time: number | null = null;
  /** Waits for the window to open. */
  #pending: FeedFrame | null = null;
  /** Live frames under way, when they came in and were taken, by the sequence of their message. */
  readonly #underWay = new Map<number, Pick<FeedFrame, 'arrival' | 'takenAt'>>();

  constructor(
    feed: Feed,
    window: AcknowledgementWindow,
    settings: FlagSettings,
    output: ViewOutput,
  ) {
    this.feed = feed;
    this.#window = window;
    this.#settings = settings;
    this.#output = output;
    this.#rows = feed.rows;
    this.#flags = new ViewerFlags(
      feed.rows,
      settings,
      {
        flags: (flags) => ({ type: 'feed-flags', flags }),
        alert: (flag) => ({ type: 'feed-alert', feed: feed.id, flag }),
      },
      output.send,
    );
    this.#rowSender = new RowSender(feed.rows, output, {
      before: () => this.#flags.look(),
      send: (piece) => this.#sendRows(piece),
    });
    this.#replay = new FeedReplay(feed, window, {
      frame: (frame) => this.#showRecorded(frame),
      caughtUp: () => this.#goLive(),
      failed: (error) => this.#failed(error),
    });
    this.slow = new SlowExplanations(this.#explained(), window, {
      send: (message) => output.send(message),
      frame: ({ steering, mask }, { method, target, time }) =>
        this.#sendFrame(
          time,
          this.#rows.numberAt(time),
          { steering, ...feed.drivenAt(time), scores: [], agreement: null },
          [
            {
              kind: 'mask',
              method: explanationName({ method, target }),
              ...this.#rows.network.mask,
              bytes: mask,
            },
          ],
        ),
    });
    this.describe();
    this.#leave = feed.watch({
      frame: (frame) => this.#offer(frame),
      changed: () => this.#takeChange(),
    });
    this.#statistics = setInterval(() => this.#tellStatistics(), STATISTICS_INTERVAL);
    this.#rowSender.owe();
    this.#rowSender.tell();
    this.#tellStatistics();
    this.#showLatest();
  }

  setFlags(settings: FlagSettings): void {
    this.#settings = settings;
    this.#flags.set(settings);
  }

  control(message: PlaybackMessage): void {
    this.#generation = message.generation;
    this.#pending = null;
    switch (message.type) {
      case 'live':
        this.#replay.stop();
        return this.#goLive();
      case 'seek-time':
        this.#enter('paused');
        return this.#replay.seek(message.time);
      case 'step':
        this.#enter('paused');
        return this.#replay.step(this.#time ?? Date.now() / 1000, message.frames);
      case 'play-from':
        this.#speed = message.speed;
        this.#enter('playing');
        return this.#replay.play(message.time, message.speed);
    }
  }

  /** The viewer is done with this message and all before it. */
  painted(sequence: number): void {
    for (const [sent, frame] of this.#underWay) {
      if (sent > sequence) break;
      // Those before were thrown away for it.
      if (sent === sequence) this.feed.live.notePainted(frame);
      this.#underWay.delete(sent);
    }
    const pending = this.#pending;
    if (!pending || !this.#window.isOpen) return;
    this.#pending = null;
    this.#showLive(pending);
  }

  /** Resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.#leave();
    clearInterval(this.#statistics);
    this.#rowSender.close();
    this.#flags.close();
    await Promise.all([this.#replay.close(), this.slow.close()]);
  }

  /** Tells what is watched. */
  describe(): void {
    const { summary, network, explainer, live } = this.feed;
    const { name, crop, mask, methods, output } = explainer.current.network;
    this.#output.send({
      type: 'opened',
      extent: 'growing',
      feed: summary,
      network: {
        id: network.summary.id,
        name,
        crop,
        mask,
        methods,
        notes: explainer.current.assumptions,
        ...explainer.current.ports,
        ...output,
      },
      road: roadSource(explainer.road),
      range: live.ring?.range ?? null,
      flags: this.#settings,
    });
    this.#output.send({ type: 'provider', ...explainer.current.provider });
    this.#tellPlayback();
  }

  #takeChange(): void {
    this.#rows = this.feed.rows;
    this.#rowSender.follow(this.#rows);
    this.#flags.follow(this.#rows);
    this.#pending = null;
    this.describe();
    // The still picture, as it is explained now.
    if (this.#mode === 'paused' && this.#time !== null) this.#replay.seek(this.#time);
  }

  #offer(frame: FeedFrame): void {
    if (this.#mode !== 'live') return;
    if (this.#window.isOpen) return this.#showLive(frame);
    if (this.#pending) this.feed.live.countViewerDrops(1);
    this.#pending = frame;
  }

  #goLive(): void {
    this.#enter('live');
    this.#showLatest();
  }

  #showLatest(): void {
    const { latest } = this.feed.live;
    if (latest && latest.explanation.network === this.#rows.network) this.#offer(latest);
  }

  #enter(mode: 'live' | 'paused' | 'playing'): void {
    this.#mode = mode;
    this.#tellPlayback();
  }

  #failed(error: unknown): void {
    this.#output.send({ type: 'error', ...reportOf(error) });
    this.#enter(this.#mode === 'playing' ? 'paused' : this.#mode);
  }

  #showLive({ time, sequence, display, explanation, arrival, takenAt }: FeedFrame): void {
    const sent = this.#show({
      time,
      number: sequence,
      display,
      explanation,
    });
    this.#underWay.set(sent, { arrival, takenAt });
  }

  #showRecorded({ time, display, fit, explanation }: ReplayedFrame): void {
    if (explanation.network !== this.#rows.network) return;
    this.#show({
      time,
      number: this.#rows.numberAt(time),
      display,
      fit,
      explanation,
    });
  }

  /** Gives the sequence of the message. */
  #show({ time, number, display, fit = WHOLE_FRAME, explanation }: ShownFrame): number {
    this.#time = time;
    const { masks, road, steering, scores, agreement, network } = explanation;
    const parts: PartBytes[] = [
      {
        kind: 'picture',
        method: '',
        ...(jpegSize(display) ?? { width: 0, height: 0 }),
        bytes: display,
      },
      ...masks.map((bytes, index): PartBytes => ({
        kind: 'mask',
        method: network.methods[index]!,
        ...network.mask,
        bytes,
      })),
    ];
    if (road) parts.push({ kind: 'road', method: '', ...network.mask, bytes: road });
    return this.#sendFrame(
      time,
      number,
      { steering, ...this.feed.drivenAt(time), scores, agreement, ...fitOnWire(fit) },
      parts,
    );
  }

  #sendFrame(
    time: number,
    number: number,
    numbers: FrameValues,
    parts: readonly PartBytes[],
  ): number {
    const sequence = this.#window.take();
    const explainer = this.feed.explainer.current;
    const header = {
      sequence,
      generation: this.#generation,
      frame: number,
      pts: time,
      ...numbers,
      ...(explainer.takesSignals ? { inputs: explainer.signalsAt(time) } : {}),
    };
    this.#output.sendBuffers(encodeFrame(header, parts));
    return sequence;
  }

  #explained() {
    const { explainer } = this.feed;
    return {
      modelPath: explainer.modelPath,
      provider: explainer.current.provider,
      locate: async (message: ExplainMessage) => {
        const { segment, pts } = await this.#replay.find(message.time);
        return {
          message: { ...message, time: pts + segment.offset },
          drive: await openSegment(segment),
          pts,
        };
      },
    };
  }

  #tellPlayback(): void {
    this.#output.send({
      type: 'feed-playback',
      mode: this.#mode,
      speed: this.#speed,
      time: this.#time,
      generation: this.#generation,
    });
  }

  #sendRows({ from, to, isRestart }: RowPiece): void {
    this.#output.send({
      type: 'feed-rows',
      columns: this.#rows.slice(from, to),
      restart: isRestart,
      from: this.#rows.since,
    });
  }

  #tellStatistics(): void {
    const {
      decoded,
      explained,
      dropped,
      damaged,
      inferenceErrors,
      lastInferenceError,
      reconnects,
      subscribers,
      decodeRate,
      inferenceRate,
      delay,
      sourceClock,
      sourceDelay,
      recording,
      signals,
    } = this.feed.snapshot;
    this.#output.send({
      type: 'feed-statistics',
      feed: this.feed.id,
      delay: {
        lag: shown(delay.lag),
        explained: shown(delay.explained),
        painted: shown(delay.painted),
      },
      sourceClock,
      sourceDelay: { arrival: shown(sourceDelay.arrival), painted: shown(sourceDelay.painted) },
      decodeRate,
      inferenceRate,
      dropped,
      decoded,
      explained,
      damaged,
      reconnects,
      viewers: subscribers,
      inferenceErrors,
      lastInferenceError,
      recording: recording && {
        bytes: recording.bytes,
        failure: recording.failure,
        range:
          recording.start === null || recording.end === null
            ? null
            : { start: recording.start, end: recording.end },
      },
      signals: { received: signals.received, rejected: signals.rejected },
    });
    if (this.#mode === 'playing') this.#tellPlayback();
  }
}

function shown(delay: DelaySummary | null): { readonly p50: number; readonly p95: number } | null {
  return delay && { p50: delay.p50, p95: delay.p95 };
}
