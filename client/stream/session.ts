import { Analysis } from './analysis.svelte.ts';
import { Catalogue } from './catalogue.svelte.ts';
import { Commands } from './commands.ts';
import { Connection, type Socket, type SocketHandlers } from './connection.svelte.ts';
import { ErrorList } from './error-list.svelte.ts';
import { FeedList } from './feed-list.svelte.ts';
import { FrameFilter } from './frame-filter.ts';
import { Inbox } from './inbox.ts';
import { OpenDrive, type WantedChoice } from './open-drive.svelte.ts';
import { Opener } from './opener.ts';
import { Playback } from './playback.svelte.ts';
import type { Picture, PictureTools } from './presenter.ts';
import { Repeat } from './repeat.svelte.ts';
import { Requests } from './requests.ts';
import { Screen } from './screen.svelte.ts';
import { Transport } from './transport.svelte.ts';
import { Trials } from './trials.svelte.ts';
import { WatchedFeed } from './watched-feed.svelte.ts';

/** What a page has that a session needs. */
export interface SessionTools<P extends Picture> extends PictureTools<P> {
  readonly openSocket: (handlers: SocketHandlers) => Socket;
}

export interface SessionStart {
  readonly wanted: WantedChoice;
  /** Frame to show first. */
  readonly frame: number;
  /** Plays as soon as the first mask is on the screen. */
  readonly autoplay: boolean;
}

/**
 * The parts of a session with a server: what there is, what is open, what is known and seen of it,
 * and how it plays. It connects with `begin`, once all who want to hear of anything have said so.
 */
export function createSession<P extends Picture>(tools: SessionTools<P>, start: SessionStart) {
  const connection = new Connection(tools.openSocket, tools);
  const commands = new Commands(connection);
  const errors = new ErrorList();
  const catalogue = new Catalogue();
  const feeds = new FeedList(connection);
  const watched = new WatchedFeed();
  const drive = new OpenDrive(connection, start.wanted);
  const analysis = new Analysis(connection);
  const playback = new Playback();
  const repeat = new Repeat();
  const requests = new Requests(connection);
  const filter = new FrameFilter({ drive, commands, playback, repeat });
  const screen = new Screen<P>({ commands, drive, filter }, tools);
  const playing = { commands, drive, watched, analysis, playback, repeat, screen, clock: tools };
  const transport = new Transport(playing, start);
  const trials = new Trials({ commands, drive });
  trials.changed.on(() => screen.forgetSlow());
  const lists = { catalogue, feeds, errors };
  const opener = new Opener({
    ...lists,
    commands,
    drive,
    watched,
    analysis,
    requests,
    screen,
    transport,
  });
  const inbox = new Inbox({ ...lists, ...playing, requests, trials, opener });
  return {
    connection,
    errors,
    catalogue,
    feeds,
    watched,
    drive,
    analysis,
    playback,
    requests,
    screen,
    transport,
    trials,
    opener,
    begin: () => connection.start(inbox),
    close: () => {
      connection.close();
      screen.close();
    },
  };
}
