import type { Readable } from 'node:stream';
import type { ErrorReport } from '../../shared/errors.ts';
import type { LoggedMeasureId } from '../../shared/measures/measures.ts';
import type { FlagSettings } from '../../shared/flags.ts';
import type { FeedSummary } from '../../shared/protocol/summaries.ts';
import type { DrivenValues } from '../analysis/driving-record.ts';
import { FlagWatch, type FlagSink } from '../analysis/flag-watch.ts';
import { FEED_WINDOW, RowSeries } from '../analysis/row-series.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import type { FeedAddress } from '../live/feed-address.ts';
import type { FeedStatus } from '../../shared/protocol/summaries.ts';
import type { RtspTransport } from '../live/input-options.ts';
import { LiveFeed, type ExplainedLiveFrame, type FeedSnapshot } from '../live/live-feed.ts';
import type { SegmentRingOptions } from '../live/segment-ring.ts';
import type { AlignedSignal } from '../live/signal-track.ts';
import type { PlaybackPriority } from '../pipeline/playback-priority.ts';
import { Bell } from '../pipeline/player-bell.ts';
import { DISPLAY } from '../pipeline/player-frames.ts';
import type { Network } from '../catalogue/networks.ts';
import { RecentPulls } from '../pipeline/pull-means.ts';
import type { StreamExplainer } from '../pipeline/stream-explainer.ts';
import { FeedExplainer, type ExplainerChange, type FeedExplanation } from './feed-explainer.ts';

export type FeedFrame = ExplainedLiveFrame<FeedExplanation>;

export interface FeedRequest {
  readonly id: string;
  readonly name: string;
  readonly address: FeedAddress;
  readonly network: Network;
  readonly road: RoadSpecification;
  readonly methods: readonly string[];
  /** Frames are told how far the network is pulled by what it looks at off the road. */
  readonly pull?: boolean;
  readonly wish: ProviderWish;
  readonly priority: PlaybackPriority;
  readonly transport?: RtspTransport;
  readonly stdin?: Readable;
  readonly ring: SegmentRingOptions | null;
  readonly stallSeconds?: number;
  readonly onState: (state: FeedStatus) => void;
  /** Why the feed is not recorded any more, or null when it is again. */
  readonly onRing: (failure: ErrorReport | null) => void;
  /** Ends the opening at once. */
  readonly signal?: AbortSignal | undefined;
}

export interface FeedWatcher {
  frame(frame: FeedFrame): void;
  /** Other methods, or another road, from here on: rows begin anew. */
  changed(): void;
}

/** A live feed with its network and its numbers, the same for all who watch. */
export class Feed {
  readonly id: string;
  readonly network: Network;
  readonly live: LiveFeed<FeedExplanation>;
  readonly explainer: FeedExplainer;
  readonly label: string;
  /** As the user calls it. */
  name: string;
  readonly #onState: (state: FeedStatus) => void;
  readonly #watchers = new Set<FeedWatcher>();
  /** Rings where rows begin anew. */
  readonly #begun = new Bell();
  #rows: RowSeries;
  #pulls = new RecentPulls();

  /**
   * Throws what opening the network throws, and the signal's reason; what the source does shows in
   * the state.
   */
  static async open(request: FeedRequest): Promise<Feed> {
    const {
      id,
      address,
      network,
      road,
      methods,
      pull,
      wish,
      priority,
      transport,
      stdin,
      ring,
      stallSeconds,
      signal,
    } = request;
    let live: LiveFeed<FeedExplanation> | null = null;
    const explainer = await FeedExplainer.open({
      modelPath: network.path,
      road,
      methods,
      pull,
      wish,
      priority,
      told: (time, name) => {
        if (name !== 'speed' && name !== 'steering') return live?.toldAt(time, name) ?? null;
        return live?.drivenAt(time)?.[name] ?? null;
      },
      signal,
    });
    try {
      signal?.throwIfAborted();
      const {
        images,
        current: { provider },
      } = explainer;
      live = await LiveFeed.open<FeedExplanation>({
        name: id,
        address,
        images,
        display: DISPLAY,
        workers: provider.workers,
        ring: ring && { ...ring, onFailure: request.onRing },
        reach: explainer.reach,
        explain: (pictures, time, past) => explainer.explain(pictures, time, past),
        ...(transport ? { transport } : {}),
        ...(stdin ? { stdin } : {}),
        ...(stallSeconds === undefined ? {} : { stallSeconds }),
      });
      return new Feed(request, explainer, live);
    } catch (error) {
      await explainer.close();
      throw error;
    }
  }

  private constructor(
    { id, name, address, network, onState }: FeedRequest,
    explainer: FeedExplainer,
    live: LiveFeed<FeedExplanation>,
  ) {
    this.id = id;
    this.name = name;
    this.label = address.label;
    this.network = network;
    this.#onState = onState;
    this.explainer = explainer;
    this.live = live;
    this.#rows = rowsOf(explainer.current);
    live.subscribe({ frame: (frame) => this.#take(frame), state: (state) => this.#entered(state) });
  }

  /** Another object after a change of methods or road. */
  get rows(): RowSeries {
    return this.#rows;
  }

  get summary(): FeedSummary {
    const { id, name, label, network, explainer, live } = this;
    return {
      id,
      name,
      label,
      network: network.summary.id,
      methods: explainer.current.network.methods,
      state: live.state,
    };
  }

  /** Under the name that the user gave; `subscribers` are those who watch. */
  get snapshot(): FeedSnapshot {
    return { ...this.live.snapshot(), name: this.name, subscribers: this.#watchers.size };
  }

  /** What was driven at a feed time; steering in the network's unit. */
  drivenAt(time: number): DrivenValues {
    return valuesOf(this.live.drivenAt(time));
  }

  /** Tells of what comes from now on, until the function that it gives is called. */
  watch(watcher: FeedWatcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /**
   * Tells of flags in the rows of this feed, also where rows begin anew, until the function that it
   * gives is called.
   */
  watchFlags(settings: FlagSettings, sink: FlagSink): () => void {
    const watch = new FlagWatch(this.#rows, settings, sink);
    const leave = this.#begun.listen(() => watch.follow(this.#rows));
    return () => {
      leave();
      watch.close();
    };
  }

  /** Throws METHOD_*, ROAD_INVALID, INFERENCE_FAILED: then all stays as it was. */
  async change(wanted: ExplainerChange): Promise<void> {
    await this.explainer.change(wanted);
    const { current } = this.explainer;
    if (current.network === this.#rows.network) return;
    this.#rows = rowsOf(current);
    this.#pulls = new RecentPulls();
    this.#begun.ring();
    for (const watcher of this.#watchers) watcher.changed();
  }

  async close(): Promise<void> {
    await this.live.close();
    await this.explainer.close();
  }

  #entered(state: FeedStatus): void {
    this.#onState(state);
    // What cannot be changed now stays as it is: colours slightly off.
    if (state.name === 'live') this.change({ colorSpace: state.stream.colorSpace }).catch(() => {});
  }

  #take(frame: FeedFrame): void {
    const { sequence, time, explanation, driven } = frame;
    // As it was before a change.
    if (explanation.network !== this.#rows.network) return;
    const row = { ...explanation, pts: time };
    this.#rows.push(sequence, {
      ...row,
      ...(row.pull === undefined ? {} : { pull: this.#pulls.mean(row) }),
      ...valuesOf(driven),
    });
    for (const watcher of this.#watchers) watcher.frame(frame);
  }
}

/** Where a signal has what a log would. */
const LOGGED: { readonly [id in LoggedMeasureId]: (signal: AlignedSignal) => number | null } = {
  speed: ({ speed }) => speed,
};
const LOGGED_IDS = Object.keys(LOGGED) as LoggedMeasureId[];

/** What signals bring is not known before: there is room for all of it. */
function rowsOf({ network, tellsPull }: StreamExplainer): RowSeries {
  const there = tellsPull ? [...LOGGED_IDS, 'pull'] : LOGGED_IDS;
  return new RowSeries(network, { window: FEED_WINDOW, there });
}

function valuesOf(signal: AlignedSignal | null): DrivenValues {
  const values: Partial<Record<LoggedMeasureId, number>> = {};
  for (const id of LOGGED_IDS) values[id] = (signal && LOGGED[id](signal)) ?? NaN;
  return { ...values, driven: signal?.steering ?? NaN };
}
