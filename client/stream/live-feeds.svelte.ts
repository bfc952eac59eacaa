import type { ErrorReport } from '../../shared/errors.ts';
import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import type { FeedRange, FeedSummary, LiveClientMessage, LiveServerMessage } from '../../shared/protocol/live-messages.ts';
import { overloadOf, type Overload } from '../data/overload.ts';

export type FeedStatistics = Extract<LiveServerMessage, { readonly type: 'feed-statistics' }>;

/** What was asked for about the list of feeds and is not answered yet. */
export interface FeedCommand {
  readonly type: 'add-feed' | 'rename-feed' | 'remove-feed';
  /** null: of one that is added. */
  readonly feed: string | null;
}

export interface FeedRefusal extends FeedCommand {
  readonly report: ErrorReport;
}

/** Statistics come once a second; overload is judged over so many of them. */
const JUDGED = 6;

/** The live feeds of the server, and how the one that is watched is. */
export class LiveFeeds {
  list = $state.raw<readonly FeedSummary[]>([]);
  /** The one that is watched; null: a recording is open, or nothing. */
  feed = $state.raw<FeedSummary | null>(null);
  mode = $state<'live' | 'paused' | 'playing'>('live');
  range = $state.raw<FeedRange | null>(null);
  statistics = $state.raw<FeedStatistics | null>(null);
  overload = $state.raw<Overload | null>(null);
  /** Recording of the flag whose clip was kept last. */
  clip = $state<string | null>(null);
  command = $state.raw<FeedCommand | null>(null);
  refusal = $state.raw<FeedRefusal | null>(null);
  /** Called with the id of a feed that was added from this page. */
  onAdded: (feed: string) => void = () => {};
  #recent: { readonly statistics: FeedStatistics; readonly painted: number }[] = [];
  readonly #send: (message: ClientMessage) => boolean;

  constructor(send: (message: ClientMessage) => boolean) {
    this.#send = send;
  }

  /** No picture comes, and the one on the screen is an old one. */
  readonly isWithoutSignal = $derived(this.feed !== null && this.feed.state.name !== 'live');

  ask(message: Extract<LiveClientMessage, { readonly type: FeedCommand['type'] }>): void {
    this.refusal = null;
    const command = { type: message.type, feed: message.type === 'add-feed' ? null : message.feed };
    this.command = this.#send(message) ? command : null;
  }

  /** Whether an error answers what was asked about the list. */
  refuse(report: ErrorReport): boolean {
    if (!this.command) return false;
    this.refusal = { ...this.command, report };
    this.command = null;
    return true;
  }

  /** `hello` and `feeds`. */
  setList(list: readonly FeedSummary[]): void {
    this.list = list;
    if (this.command && this.command.type !== 'add-feed') this.command = null;
    const { feed } = this;
    const same = list.find(({ id }) => id === feed?.id);
    if (feed && same) this.feed = same;
    else if (feed) this.feed = { ...feed, state: { name: 'closed', since: Date.now() } };
  }

  watch(feed: FeedSummary, range: FeedRange | null): void {
    const isOther = feed.id !== this.feed?.id;
    this.feed = feed;
    this.range = range ?? this.range;
    if (!isOther) return;
    this.range = range;
    this.mode = 'live';
    this.statistics = null;
    this.clip = null;
    this.#forget();
  }

  leave(): void {
    this.feed = null;
    this.statistics = null;
    this.#forget();
  }

  setMode(mode: 'live' | 'paused' | 'playing'): void {
    if (mode !== this.mode) this.#forget();
    this.mode = mode;
  }

  setState({ feed, state }: Extract<LiveServerMessage, { readonly type: 'feed-state' }>): void {
    this.list = this.list.map((each) => (each.id === feed ? { ...each, state } : each));
    if (this.feed?.id !== feed) return;
    this.feed = { ...this.feed, state };
    this.#forget();
  }

  /** `painted`: frames that this page has painted so far. */
  setStatistics(statistics: FeedStatistics, painted: number): void {
    this.statistics = statistics;
    this.range = statistics.recording?.range ?? null;
    this.#recent = [...this.#recent.slice(-JUDGED), { statistics, painted }];
    const first = this.#recent[0];
    this.overload = first && this.mode === 'live' && this.#recent.length > JUDGED / 2 ? overloadOf(first.statistics, statistics, painted - first.painted) : null;
  }

  added(feed: string): void {
    if (this.command?.type !== 'add-feed') return;
    this.command = null;
    this.onAdded(feed);
  }

  #forget(): void {
    this.#recent = [];
    this.overload = null;
  }
}
