import type { Flag } from '../../shared/flags.ts';
import type { OpenedFeed } from '../../shared/protocol/control-messages.ts';
import type { FeedServerMessage } from '../../shared/protocol/feed-messages.ts';
import { describedByRows, describedByState, UNDESCRIBED } from '../data/described.ts';
import { FeedColumns } from '../data/feed-columns.ts';
import { steeringUnit } from '../data/steering-unit.ts';
import type { Analysis } from './analysis.svelte.ts';
import type { Commands } from './commands.ts';
import type { FeedList } from './feed-list.svelte.ts';
import type { OpenDrive } from './open-drive.svelte.ts';
import type { Playback } from './playback.svelte.ts';
import type { Picture } from './presenter.ts';
import type { Screen } from './screen.svelte.ts';
import type { WatchedFeed } from './watched-feed.svelte.ts';

type Of<T extends FeedServerMessage['type']> = Extract<FeedServerMessage, { readonly type: T }>;

interface Parts {
  readonly commands: Commands;
  readonly feeds: FeedList;
  readonly drive: OpenDrive;
  readonly watched: WatchedFeed;
  readonly analysis: Analysis;
  readonly playback: Playback;
  readonly screen: Pick<Screen<Picture>, 'counts'>;
}

/**
 * Takes what the server says of live feeds: of all of them, and of the one that is watched;
 * recordings have `RecordingInbox`.
 */
export class FeedInbox {
  readonly #parts: Parts;
  /** As they came: rows are placed in them anew as rows are forgotten. */
  #flags: readonly Flag[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  receive(message: FeedServerMessage | OpenedFeed): void {
    const { feeds, watched, screen } = this.#parts;
    switch (message.type) {
      case 'feeds':
        feeds.replace(message.feeds);
        return watched.update(message.feeds);
      case 'feed-added':
        return feeds.add(message.feed);
      case 'feed-state':
        feeds.setState(message);
        watched.setState(message);
        return this.#describe();
      case 'opened':
        return this.#begin(message);
      case 'feed-playback':
        return this.#play(message);
      case 'feed-statistics':
        if (message.feed === watched.feed?.id)
          watched.setStatistics(message, screen.counts.painted);
        return;
      case 'feed-rows':
        return this.#takeRows(message);
      case 'feed-flags':
        this.#flags = message.flags;
        return this.#placeFlags();
      case 'feed-alert':
        return this.#alert(message);
      case 'clip-kept':
        if (message.feed === watched.feed?.id) watched.clip = message.recording;
        return;
    }
  }

  #begin(opened: OpenedFeed): void {
    const { analysis, drive, playback, watched } = this.#parts;
    const { choice, opening } = drive;
    const { feed, network } = opened;
    const isOther = watched.feed?.id !== feed.id;
    const isAnswered = opening !== 'again' || choice?.methods.join() === network.methods.join();
    const described = isOther ? UNDESCRIBED : drive.described;
    watched.watch(feed, opened.range);
    if (isOther || !(analysis.columns instanceof FeedColumns)) {
      this.#flags = [];
      analysis.begin(new FeedColumns(steeringUnit(network).factor, null));
    }
    analysis.flagSettings = opened.flags;
    if (isAnswered) {
      drive.choose({ feed: feed.id, network: network.id, methods: network.methods });
      watched.explained.emit(network.methods);
    }
    playback.take({ playing: watched.mode !== 'paused', speed: 1, ended: false });
    drive.begin(opened, describedByState(described, feed.state), !isOther && opening !== 'anew');
  }

  #play({ mode, speed, generation }: Of<'feed-playback'>): void {
    const { commands, playback, watched } = this.#parts;
    if (!watched.feed || commands.isOutdated(generation)) return;
    watched.setMode(mode);
    playback.take({ playing: mode !== 'paused', speed, ended: false });
  }

  #takeRows({ columns, restart, from }: Of<'feed-rows'>): void {
    const { analysis, drive, watched } = this.#parts;
    const { opened } = drive;
    if (!watched.feed || !opened) return;
    const before = analysis.columns instanceof FeedColumns ? analysis.columns : null;
    if (restart) {
      const origin = before?.hasOrigin ? before.origin : null;
      const anew = new FeedColumns(steeringUnit(opened.network).factor, origin);
      if (before && !analysis.isLost) anew.keep(before, columns.pts[0] ?? Infinity);
      analysis.columns = anew;
      analysis.isLost = false;
    }
    if (!(analysis.columns instanceof FeedColumns)) return;
    const { start } = analysis.columns;
    analysis.columns.take(columns, from);
    analysis.changed();
    if (restart || analysis.columns.start !== start) this.#placeFlags();
    drive.described = describedByRows(drive.described, columns);
  }

  #placeFlags(): void {
    const { analysis } = this.#parts;
    const { columns } = analysis;
    if (columns instanceof FeedColumns)
      analysis.setFlags(this.#flags.map((flag) => columns.placed(flag)));
  }

  #alert({ feed, flag }: Of<'feed-alert'>): void {
    const { analysis, watched } = this.#parts;
    const { columns } = analysis;
    if (feed === watched.feed?.id && columns instanceof FeedColumns)
      analysis.flagBegan.emit(columns.placed(flag));
  }

  /** The stream tells the size of the pictures. */
  #describe(): void {
    const { drive, watched } = this.#parts;
    if (watched.feed) drive.described = describedByState(drive.described, watched.feed.state);
  }
}
