import { reportOf } from '../../../shared/errors.ts';
import type { Point } from '../../../shared/geometry.ts';
import type { FlagSettings } from '../../../shared/flags.ts';
import type { ClientMessage } from '../../../shared/protocol/control-messages.ts';
import type { FeedClientMessage } from '../../../shared/protocol/feed-messages.ts';
import type { AcknowledgementWindow } from '../../pipeline/player-window.ts';
import type { ViewOutput } from '../view-output.ts';
import { FeedView } from './feed-view.ts';
import type { Feeds } from '../../feeds/feeds.ts';
import { feedClientMessages } from './feed-client-messages.ts';

export interface FeedOutput extends ViewOutput {
  /** Resolves when no frame of a recording comes any more. */
  leaveRecording(): Promise<void>;
}

const types = new Set<string>(feedClientMessages.map(({ shape }) => shape.type.value));

export function isFeedMessage(message: ClientMessage): message is FeedClientMessage {
  return types.has(message.type);
}

/** The part of a connection that is about live feeds. */
export class FeedSide {
  readonly #feeds: Feeds;
  readonly #window: AcknowledgementWindow;
  readonly #settings: () => FlagSettings;
  readonly #output: FeedOutput;
  #view: FeedView | null = null;
  /** Counts what was opened or left: only the last wish counts. */
  #wish = 0;
  #isOpening = false;
  #unlisten = (): void => {};
  #closed = false;
  /** Aborted when the viewer leaves: feeds that are being opened for them end. */
  readonly #left = new AbortController();

  /** `settings`: how this viewer finds flags. */
  constructor(
    feeds: Feeds,
    window: AcknowledgementWindow,
    settings: () => FlagSettings,
    output: FeedOutput,
  ) {
    this.#feeds = feeds;
    this.#window = window;
    this.#settings = settings;
    this.#output = output;
  }

  get isWatching(): boolean {
    return this.#isOpening || this.#view !== null;
  }

  /** Tells of all feeds from now on. */
  begin(): void {
    if (this.#closed) return;
    const { send } = this.#output;
    this.#unlisten = this.#feeds.listen({
      changed: () => this.#listChanged(),
      state: (feed, state) => send({ type: 'feed-state', feed, state }),
      clip: (feed, { flag, name, error }) => {
        if (name !== null) send({ type: 'clip-kept', feed, recording: `${name}.mp4`, flag });
        else if (error && this.#view?.feed.id === feed) send({ type: 'error', ...error });
      },
    });
  }

  handle(message: FeedClientMessage): void {
    switch (message.type) {
      case 'watch':
        return this.#answer(this.#watch(message.feed, message.methods));
      case 'add-feed':
        return this.#answer(this.#add(message));
      case 'remove-feed':
        return this.#answer(this.#feeds.remove(message.feed));
      case 'rename-feed':
        return this.#answer((async () => this.#feeds.rename(message.feed, message.name))());
      default:
        // Meant for what was open before.
        if (!this.#view || this.#isOpening) return;
        return message.type === 'explain-at'
          ? this.#view.slow.start(message)
          : this.#view.control(message);
    }
  }

  painted(sequence: number): void {
    this.#view?.painted(sequence);
  }

  setFlags(settings: FlagSettings): void {
    this.#view?.setFlags(settings);
  }

  /** Of the feed that is watched. */
  drawRoad(points: readonly Point[] | null): void {
    const view = this.#view;
    if (view) this.#answer(this.#draw(view, points));
  }

  cancel(request: number): void {
    this.#view?.slow.cancel(request);
  }

  /** Resolves when no frame of a feed comes any more. */
  async leave(): Promise<void> {
    this.#wish++;
    this.#isOpening = false;
    const view = this.#view;
    this.#view = null;
    await view?.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#left.abort();
    this.#unlisten();
    await this.leave();
  }

  #answer(work: Promise<void>): void {
    work.catch((error: unknown) => this.#output.send({ type: 'error', ...reportOf(error) }));
  }

  async #draw(view: FeedView, points: readonly Point[] | null): Promise<void> {
    const isAnother = await this.#feeds.setRoad(view.feed.id, points);
    // Another one is told by the view itself.
    if (!isAnother && view === this.#view) view.describe();
  }

  async #add({
    address,
    name,
    network,
    transport,
  }: Extract<FeedClientMessage, { type: 'add-feed' }>): Promise<void> {
    const feed = await this.#feeds.add(
      {
        address,
        ...(name === undefined ? {} : { name }),
        ...(network === undefined ? {} : { network }),
        ...(transport ? { transport } : {}),
      },
      this.#left.signal,
    );
    this.#output.send({ type: 'feed-added', feed });
  }

  async #watch(id: string, methods: readonly string[] | undefined): Promise<void> {
    const wish = ++this.#wish;
    this.#isOpening = true;
    try {
      this.#feeds.get(id);
      if (methods) await this.#feeds.setMethods(id, methods);
      if (wish !== this.#wish) return;
      // Other methods of what is watched are told by the view itself.
      if (this.#view?.feed === this.#feeds.get(id))
        return methods ? undefined : this.#view.describe();
      const before = this.#view;
      this.#view = null;
      await Promise.all([before?.close(), this.#output.leaveRecording()]);
      if (wish !== this.#wish || this.#closed) return;
      this.#view = new FeedView(this.#feeds.get(id), this.#window, this.#settings(), this.#output);
    } finally {
      if (wish === this.#wish) this.#isOpening = false;
    }
  }

  #listChanged(): void {
    const { list } = this.#feeds;
    const view = this.#view;
    if (view && !list.some(({ id }) => id === view.feed.id)) void this.leave();
    this.#output.send({ type: 'feeds', feeds: list });
  }
}
