import type { FeedServerMessage } from '../../shared/protocol/feed-messages.ts';
import type { FeedRange, FeedSummary } from '../../shared/protocol/summaries.ts';
import { overloadOf, type Overload } from '../data/overload.ts';
import { Signal } from './signal.ts';

export type FeedStatistics = Extract<FeedServerMessage, { readonly type: 'feed-statistics' }>;

/** Statistics come once a second; overload is judged over so many of them. */
const JUDGED = 6;

/** The live feed that is watched, and how it does. */
export class WatchedFeed {
  /** null: a recording is open, or nothing. */
  feed = $state.raw<FeedSummary | null>(null);
  mode = $state<'live' | 'paused' | 'playing'>('live');
  range = $state.raw<FeedRange | null>(null);
  statistics = $state.raw<FeedStatistics | null>(null);
  overload = $state.raw<Overload | null>(null);
  /** Recording of the flag whose clip was kept last. */
  clip = $state<string | null>(null);
  /**
   * It is watched, or is explained by other methods than before, which everyone who watches it
   * shares: by these.
   */
  readonly explained = new Signal<readonly string[]>();
  /** What was asked for could not be shown. */
  readonly missed = new Signal();
  #recent: { readonly statistics: FeedStatistics; readonly painted: number }[] = [];

  /** No picture comes, and the one on the screen is an old one. */
  readonly isWithoutSignal = $derived(this.feed !== null && this.feed.state.name !== 'live');

  /** From the list of all feeds; one that is not in it any more was removed. */
  update(feeds: readonly FeedSummary[]): void {
    const { feed } = this;
    if (!feed) return;
    const same = feeds.find(({ id }) => id === feed.id);
    this.feed = same ?? { ...feed, state: { name: 'closed', since: Date.now() } };
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

  setState({ feed, state }: Extract<FeedServerMessage, { readonly type: 'feed-state' }>): void {
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
    const isJudged = this.mode === 'live' && this.#recent.length > JUDGED / 2;
    this.overload =
      first && isJudged ? overloadOf(first.statistics, statistics, painted - first.painted) : null;
  }

  #forget(): void {
    this.#recent = [];
    this.overload = null;
  }
}
