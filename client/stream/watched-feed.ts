import type { Flag } from '../../shared/flags.ts';
import type { LiveServerMessage } from '../../shared/protocol/live-messages.ts';
import type { Session } from './session.svelte.ts';
import { steeringUnit } from '../data/steering-unit.ts';
import { LiveColumns } from '../data/live-columns.ts';
import { openedFeed } from '../data/opened-feed.ts';

type Of<T extends LiveServerMessage['type']> = Extract<LiveServerMessage, { readonly type: T }>;

/** Takes what the server says of live feeds: of all of them, and of the one that is watched; recordings have `OpenedRecording`. */
export class WatchedFeed {
  readonly #session: Session;
  /** As they came: rows are placed in them anew as rows are forgotten. */
  #flags: readonly Flag[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  receive(message: LiveServerMessage): void {
    const { live, screen } = this.#session;
    switch (message.type) {
      case 'feeds':
        return live.setList(message.feeds);
      case 'feed-added':
        return live.added(message.feed);
      case 'feed-state':
        live.setState(message);
        return this.#describe();
      case 'watching':
        return this.#begin(message);
      case 'feed-playback':
        return this.#play(message);
      case 'feed-statistics':
        if (message.feed === live.feed?.id) live.setStatistics(message, screen.presenter.painted);
        return;
      case 'feed-rows':
        return this.#takeRows(message);
      case 'feed-flags':
        this.#flags = message.flags;
        return this.#placeFlags();
      case 'feed-alert':
        return this.#alert(message);
      case 'clip-kept':
        if (message.feed === live.feed?.id) live.clip = message.recording;
        return;
    }
  }

  #begin(message: Of<'watching'>): void {
    const session = this.#session;
    const { live, analysis, choice, opening } = session;
    const { feed, network } = message;
    const isOther = live.feed?.id !== feed.id;
    const isAnswered = opening !== 'again' || choice?.methods.join() === network.methods.join();
    const opened = openedFeed(message, isOther ? null : session.opened);
    live.watch(feed, message.range);
    if (isOther || !(analysis.columns instanceof LiveColumns)) {
      this.#flags = [];
      analysis.begin(new LiveColumns(steeringUnit(network).factor, null));
    }
    analysis.flagSettings = message.flags;
    if (isAnswered) {
      session.choose({ recording: feed.id, feed: feed.id, network: network.id, methods: network.methods });
      session.onWatching(network.methods);
    }
    session.begin(opened, !isOther && opening !== 'anew', { playing: live.mode !== 'paused', speed: 1, ended: false });
  }

  #play({ mode, speed, generation }: Of<'feed-playback'>): void {
    const session = this.#session;
    if (!session.live.feed || session.isOutdated(generation)) return;
    session.live.setMode(mode);
    session.playback = { playing: mode !== 'paused', speed, ended: false };
  }

  #takeRows({ columns, restart, from }: Of<'feed-rows'>): void {
    const { live, opened, analysis } = this.#session;
    if (!live.feed || !opened) return;
    const before = analysis.columns instanceof LiveColumns ? analysis.columns : null;
    if (restart) {
      const anew = new LiveColumns(steeringUnit(opened.network).factor, before?.hasOrigin ? before.origin : null);
      if (before && !analysis.isLost) anew.keep(before, columns.pts[0] ?? Infinity);
      analysis.columns = anew;
      analysis.isLost = false;
    }
    if (!(analysis.columns instanceof LiveColumns)) return;
    const { start } = analysis.columns;
    analysis.columns.take(columns, from);
    analysis.changed();
    if (restart || analysis.columns.start !== start) this.#placeFlags();
    if (columns.driven.some((value) => value !== null)) this.#describe(true);
  }

  #placeFlags(): void {
    const { analysis } = this.#session;
    const { columns } = analysis;
    if (columns instanceof LiveColumns) analysis.setFlags(this.#flags.map((flag) => columns.placed(flag)));
  }

  #alert({ feed, flag }: Of<'feed-alert'>): void {
    const { live, analysis } = this.#session;
    if (feed === live.feed?.id && analysis.columns instanceof LiveColumns) analysis.onAlert(analysis.columns.placed(flag));
  }

  /** What the page says of a recording that it cannot know of a feed beforehand: the size of its pictures, and whether it is known how the car is driven. */
  #describe(hasLog = false): void {
    const { opened, live } = this.#session;
    const { feed } = live;
    if (!opened || !feed || opened.recording.id !== feed.id) return;
    const { size, hasLog: had } = opened.recording;
    const { width, height } = feed.state.name === 'live' ? feed.state.stream : size;
    if (width === size.width && height === size.height && (had || !hasLog)) return;
    this.#session.opened = { ...opened, recording: { ...opened.recording, size: { width, height }, hasLog: had || hasLog } };
  }
}
