import type { ErrorReport } from '../../shared/errors.ts';
import type { FeedClientMessage, FeedServerMessage } from '../../shared/protocol/feed-messages.ts';
import type { FeedSummary } from '../../shared/protocol/summaries.ts';
import type { Sender } from './connection.svelte.ts';
import { Signal } from './signal.ts';

/** What was asked for about the list of feeds and is not answered yet. */
export interface FeedCommand {
  readonly type: 'add-feed' | 'rename-feed' | 'remove-feed';
  /** null: of one that is added. */
  readonly feed: string | null;
}

export interface FeedRefusal extends FeedCommand {
  readonly report: ErrorReport;
}

/** The live feeds of the server, for all who are connected. */
export class FeedList {
  feeds = $state.raw<readonly FeedSummary[]>([]);
  command = $state.raw<FeedCommand | null>(null);
  refusal = $state.raw<FeedRefusal | null>(null);
  /** A feed that was added from this page; its id. */
  readonly added = new Signal<string>();
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  find(id: string | undefined): FeedSummary | undefined {
    return this.feeds.find((feed) => feed.id === id);
  }

  ask(message: Extract<FeedClientMessage, { readonly type: FeedCommand['type'] }>): void {
    this.refusal = null;
    const command = { type: message.type, feed: message.type === 'add-feed' ? null : message.feed };
    this.command = this.#sender.send(message) ? command : null;
  }

  /** Whether an error answers what was asked about the list. */
  refuse(report: ErrorReport): boolean {
    if (!this.command) return false;
    this.refusal = { ...this.command, report };
    this.command = null;
    return true;
  }

  /** `hello` and `feeds`. */
  replace(feeds: readonly FeedSummary[]): void {
    this.feeds = feeds;
    if (this.command && this.command.type !== 'add-feed') this.command = null;
  }

  setState({ feed, state }: Extract<FeedServerMessage, { readonly type: 'feed-state' }>): void {
    this.feeds = this.feeds.map((each) => (each.id === feed ? { ...each, state } : each));
  }

  /** `feed-added`. */
  add(feed: string): void {
    if (this.command?.type !== 'add-feed') return;
    this.command = null;
    this.added.emit(feed);
  }
}
