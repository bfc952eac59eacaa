import type { Readable } from 'node:stream';
import { RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import type { Point } from '../../shared/geometry.ts';
import { flagPosts, type WebhookAlerts } from '../alerts/flag-posts.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import { goesByPull, type FlagSettings } from '../../shared/flags.ts';
import type { FeedStatus, FeedSummary } from '../../shared/protocol/summaries.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import { parseFeedAddress } from '../live/feed-address.ts';
import type { RtspTransport } from '../live/input-options.ts';
import type { FeedSnapshot } from '../live/live-feed.ts';
import type { SegmentRingOptions } from '../live/segment-ring.ts';
import type { PlaybackPriority } from '../pipeline/playback-priority.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Network } from '../catalogue/networks.ts';
import { openSignalSocket, type SignalSocket } from '../live/signal-socket.ts';
import { checkIsDrawable } from '../catalogue/keep-road.ts';
import { ClipKeeper, type ClipOptions, type KeptClip } from './clip-keeper.ts';
import { Feed } from './feed.ts';
import { FeedRoads } from './feed-roads.ts';

export interface FeedOptions {
  /** Of RTSP where a feed names none; TCP without it. */
  readonly transport?: RtspTransport;
  /** Of every feed; null: nothing is recorded. */
  readonly ring: SegmentRingOptions | null;
  readonly stallSeconds?: number;
  /** Where clips of flags are kept; null: nowhere. */
  readonly clips: ClipOptions | null;
  /** Folder where drawn roads are kept; without it until the server ends. */
  readonly roads?: string;
}

/** Where driving signals come in by UDP. */
export interface SignalPort {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface NewFeed {
  readonly address: string;
  readonly name?: string;
  /** Id; the first network without it. */
  readonly network?: string;
  readonly transport?: RtspTransport;
  /** For the address `-`, which only the command line may name. */
  readonly stdin?: Readable;
  readonly signals?: SignalPort;
}

export interface FeedsListener {
  /** The list is another. */
  changed(): void;
  state(id: string, state: FeedStatus): void;
  clip(id: string, clip: KeptClip): void;
  /** Why the feed is not recorded any more, or null when it is again. */
  ring?(id: string, failure: ErrorReport | null): void;
}

interface Entry {
  readonly feed: Feed;
  readonly clips: ClipKeeper | null;
  readonly signals: SignalSocket | null;
  /** Ends the posting of its flags. */
  readonly unpost: (() => void) | null;
}

const MOST = 16;
const FIRST_METHODS = ['visualbackprop'];

/** The live feeds of a server. */
export class Feeds {
  readonly #catalogue: Catalogue;
  readonly #wish: ProviderWish;
  readonly #priority: PlaybackPriority;
  readonly #flags: FlagSettings;
  readonly #options: FeedOptions;
  readonly #alerts: WebhookAlerts | null;
  readonly #roads: FeedRoads;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<FeedsListener>();
  readonly #ending = new Set<Promise<unknown>>();
  #opening = 0;
  #count = 0;
  #closed = false;
  /** Aborted where this is closed: what is being opened ends with it. */
  readonly #stop = new AbortController();

  /** `flags`: by which clips are kept. */
  constructor(
    catalogue: Catalogue,
    wish: ProviderWish,
    priority: PlaybackPriority,
    flags: FlagSettings,
    options: FeedOptions,
    alerts: WebhookAlerts | null,
  ) {
    this.#catalogue = catalogue;
    this.#wish = wish;
    this.#priority = priority;
    this.#alerts = alerts;
    this.#flags = flags;
    this.#options = options;
    this.#roads = new FeedRoads(options.roads ?? null);
  }

  get list(): FeedSummary[] {
    return [...this.#entries.values()].map(({ feed }) => feed.summary);
  }

  /** For metrics, under the names that users gave. */
  get snapshots(): FeedSnapshot[] {
    return [...this.#entries.values()].map(({ feed }) => feed.snapshot);
  }

  /** Throws FEED_UNKNOWN. */
  get(id: string): Feed {
    return this.#entry(id).feed;
  }

  /** By id or name. */
  find(idOrName: string): Feed | undefined {
    const entry =
      this.#entries.get(idOrName) ??
      [...this.#entries.values()].find(({ feed }) => feed.name === idOrName);
    return entry?.feed;
  }

  listen(listener: FeedsListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Gives the id. The source need not be there yet. `left`: aborted where nobody waits for the feed
   * any more; then it is not opened. Throws FEED_ADDRESS_INVALID, USAGE, NETWORK_UNKNOWN,
   * ROAD_INVALID, PORT_IN_USE, the signal's reason, and what opening a network throws.
   */
  async add(
    { address: text, name, network: networkId, transport, stdin, signals }: NewFeed,
    left?: AbortSignal,
  ): Promise<string> {
    const address = parseFeedAddress(text);
    if (address.scheme === 'stdin' && !stdin)
      throw new RoadgazeError(
        'FEED_ADDRESS_INVALID',
        'stdin is not opened as a live feed from the page.',
        'Name it when the server is started: roadgaze serve -',
      );
    if (this.#closed || this.#entries.size + this.#opening >= MOST)
      throw new RoadgazeError(
        'USAGE',
        `There are ${MOST} live feeds already.`,
        'Remove one first.',
      );
    const wantedName = name ?? address.label.slice(0, 100);
    if (name !== undefined) this.#checkName(name);
    this.#opening++;
    try {
      const network = await this.#network(networkId);
      const [road, drawn] = await Promise.all([
        this.#catalogue.roadOfFeeds(),
        this.#drawnRoad(address.label),
      ]);
      const { ring, stallSeconds, transport: usual } = this.#options;
      const way = transport ?? usual;
      const id = `feed-${++this.#count}`;
      const feed = await Feed.open({
        id,
        name: this.#free(wantedName),
        address,
        network,
        road,
        methods: FIRST_METHODS,
        pull: goesByPull(this.#flags),
        wish: this.#wish,
        priority: this.#priority,
        ring,
        onState: (state) => this.#tell((listener) => listener.state(id, state)),
        onRing: (failure) => this.#tell((listener) => listener.ring?.(id, failure)),
        signal: left ? AbortSignal.any([left, this.#stop.signal]) : this.#stop.signal,
        ...(way ? { transport: way } : {}),
        ...(stdin ? { stdin } : {}),
        ...(stallSeconds === undefined ? {} : { stallSeconds }),
      });
      const orClose = async <Value>(work: Promise<Value>): Promise<Value> =>
        work.catch(async (error: unknown) => {
          await feed.close();
          throw error;
        });
      // Opened with the other one, so that what a road network sees is there when the drawn one is
      // forgotten.
      if (drawn) await orClose(feed.change({ road: drawn }));
      const socket = signals ? await orClose(openSignalSocket(feed.live.signals, signals)) : null;
      if (this.#closed || left?.aborted) {
        await Promise.all([feed.close(), socket?.close()]);
        left?.throwIfAborted();
        throw stopping();
      }
      this.#enter(feed, socket);
      return id;
    } finally {
      this.#opening--;
    }
  }

  /** Resolves when nothing of the feed runs any more. Throws FEED_UNKNOWN. */
  async remove(id: string): Promise<void> {
    const entry = this.#entry(id);
    this.#entries.delete(id);
    const ending = this.#end(entry);
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
    await ending;
    this.#tell((listener) => listener.changed());
  }

  /** Throws FEED_UNKNOWN, USAGE. */
  rename(id: string, name: string): void {
    const { feed } = this.#entry(id);
    if (feed.name === name) return;
    this.#checkName(name);
    feed.name = name;
    this.#tell((listener) => listener.changed());
  }

  /** Throws FEED_UNKNOWN, METHOD_*, INFERENCE_FAILED. */
  async setMethods(id: string, methods: readonly string[]): Promise<void> {
    const { feed } = this.#entry(id);
    const { rows } = feed;
    await feed.change({ methods });
    if (feed.rows !== rows) this.#tell((listener) => listener.changed());
  }

  /**
   * A drawn road, or with null the one from before; kept for the feed's address. Gives whether it
   * is another one. Throws FEED_UNKNOWN, USAGE where it would not be used, OUTPUT_NOT_WRITABLE,
   * INFERENCE_FAILED.
   */
  async setRoad(id: string, points: readonly Point[] | null): Promise<boolean> {
    checkIsDrawable(this.#catalogue);
    const road = points
      ? ({ kind: 'polygon', points } as const)
      : await this.#catalogue.roadOfFeeds();
    const { feed } = this.#entry(id);
    const { rows } = feed;
    await this.#roads.keep(feed.label, points);
    await feed.change({ road });
    return feed.rows !== rows;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop.abort(stopping());
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.allSettled([...entries.map((entry) => this.#end(entry)), ...this.#ending]);
    await this.#roads.close();
  }

  #enter(feed: Feed, signals: SignalSocket | null): void {
    const { clips } = this.#options;
    const keeper =
      clips && feed.live.ring
        ? new ClipKeeper(feed, this.#flags, clips, (clip) =>
            this.#tell((listener) => listener.clip(feed.id, clip)),
          )
        : null;
    const alerts = this.#alerts;
    const unpost =
      alerts &&
      feed.watchFlags(
        alerts.flags,
        flagPosts(alerts, () => ({
          feed: { id: feed.id, name: feed.name },
          network: feed.network.summary,
        })),
      );
    this.#entries.set(feed.id, { feed, clips: keeper, signals, unpost });
    this.#tell((listener) => listener.changed());
  }

  async #end({ feed, clips, signals, unpost }: Entry): Promise<void> {
    unpost?.();
    await Promise.all([clips?.close(), signals?.close()]);
    await feed.close();
  }

  async #drawnRoad(label: string): Promise<RoadSpecification | null> {
    return this.#catalogue.isRoadGiven ? null : this.#roads.read(label);
  }

  async #network(id: string | undefined): Promise<Network> {
    if (id !== undefined) return this.#catalogue.network(id);
    const network = (await this.#catalogue.networks()).find(
      ({ summary }) => summary.error === null,
    );
    if (network) return network;
    throw new RoadgazeError(
      'NETWORK_UNKNOWN',
      'There is no network that could explain a feed.',
      'Name one with --model.',
    );
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry) return entry;
    throw new RoadgazeError(
      'FEED_UNKNOWN',
      `There is no live feed "${id}" any more.`,
      'Choose another one from the list.',
    );
  }

  #checkName(name: string): void {
    if (this.#isTaken(name))
      throw new RoadgazeError(
        'USAGE',
        `There is a live feed "${name}" already.`,
        'Choose another name.',
      );
  }

  #isTaken(name: string): boolean {
    return [...this.#entries.values()].some(({ feed }) => feed.name === name);
  }

  #free(name: string): string {
    let free = name;
    for (let count = 2; this.#isTaken(free); count++) free = `${name} (${count})`;
    return free;
  }

  #tell(what: (listener: FeedsListener) => void): void {
    for (const listener of this.#listeners) what(listener);
  }
}

function stopping(): RoadgazeError {
  return new RoadgazeError('USAGE', 'The server is being stopped.', 'Start it again.');
}
