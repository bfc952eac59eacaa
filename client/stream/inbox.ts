import { reportOf } from '../../shared/errors.ts';
import type { ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { Analysis } from './analysis.svelte.ts';
import type { Catalogue } from './catalogue.svelte.ts';
import type { Commands } from './commands.ts';
import type { ConnectionState, Receiver } from './connection.svelte.ts';
import type { ErrorList } from './error-list.svelte.ts';
import { FeedInbox } from './feed-inbox.ts';
import type { FeedList } from './feed-list.svelte.ts';
import type { OpenDrive } from './open-drive.svelte.ts';
import type { Opener } from './opener.ts';
import type { Playback } from './playback.svelte.ts';
import type { Picture } from './presenter.ts';
import { RecordingInbox } from './recording-inbox.ts';
import type { Requests } from './requests.ts';
import type { Screen } from './screen.svelte.ts';
import type { Trials } from './trials.svelte.ts';
import type { WatchedFeed } from './watched-feed.svelte.ts';

type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { readonly type: T }>;

interface Parts {
  readonly commands: Commands;
  readonly catalogue: Catalogue;
  readonly feeds: FeedList;
  readonly errors: ErrorList;
  readonly drive: OpenDrive;
  readonly watched: WatchedFeed;
  readonly analysis: Analysis;
  readonly playback: Playback;
  readonly requests: Requests;
  readonly trials: Pick<Trials, 'take'>;
  readonly screen: Pick<Screen<Picture>, 'counts' | 'receive' | 'restart' | 'countServerSkipped'>;
  readonly opener: Pick<Opener, 'begin'>;
}

/**
 * Gives what comes from the server to the parts that it is about: what is about recordings to
 * `RecordingInbox`, about feeds to `FeedInbox`.
 */
export class Inbox implements Receiver {
  readonly #parts: Parts;
  readonly #recording: RecordingInbox;
  readonly #feed: FeedInbox;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#recording = new RecordingInbox(parts);
    this.#feed = new FeedInbox(parts);
  }

  changed({ phase }: ConnectionState): void {
    const { analysis, drive, playback, requests, screen } = this.#parts;
    if (phase === 'open') {
      screen.restart();
      return;
    }
    playback.pauses();
    requests.clear();
    analysis.isLost = true;
    if (drive.opened) drive.opening = 'again';
  }

  frame(bytes: Uint8Array): void {
    const { drive, errors, screen } = this.#parts;
    try {
      screen.receive(bytes, drive.opened);
    } catch (error) {
      errors.show(reportOf(error));
    }
  }

  message(message: ServerMessage): void {
    const { drive, requests, trials } = this.#parts;
    switch (message.type) {
      case 'hello':
        return this.#hello(message);
      case 'catalogue':
        return this.#listed(message);
      case 'provider':
        drive.provider = message;
        return;
      case 'explaining':
      case 'verifying':
        return requests.progress(message.request, message.done, message.total);
      case 'explained':
      case 'verified':
      case 'log-curve':
      case 'pictures-as-seen':
        return requests.answer(message);
      case 'tried':
        return trials.take(message);
      case 'error':
        return this.#failed(message);
      case 'opened':
        return message.extent === 'fixed'
          ? this.#recording.receive(message)
          : this.#feed.receive(message);
      case 'index':
      case 'analysis':
      case 'flags':
      case 'alert':
      case 'state':
      case 'statistics':
        return this.#recording.receive(message);
      default:
        return this.#feed.receive(message);
    }
  }

  #hello({ recordings, networks, feeds: list, catalogue: state }: Of<'hello'>): void {
    const { catalogue, feeds, opener, watched } = this.#parts;
    catalogue.recordings = recordings;
    catalogue.networks = networks;
    catalogue.state = state;
    feeds.replace(list);
    watched.update(list);
    opener.begin();
  }

  #listed({ recordings, catalogue: state }: Of<'catalogue'>): void {
    const { catalogue, drive, opener, watched } = this.#parts;
    catalogue.recordings = recordings;
    catalogue.state = state;
    // The first one that there is to see, once it is whole.
    const isToSee = recordings.some(
      ({ error, durationSeconds, size }) => !error && (durationSeconds > 0 || size.width > 0),
    );
    if (isToSee && !drive.choice && !drive.opened && !watched.feed) opener.begin();
  }

  #failed(report: Of<'error'>): void {
    const { drive, errors, feeds, requests, watched } = this.#parts;
    if (report.request !== undefined) {
      requests.fail(report.request, report);
      return;
    }
    if (!drive.opening && feeds.refuse(report)) return;
    const asked = drive.opening ? drive.choice?.recording : null;
    if (drive.opening) drive.refuse(report);
    else if (watched.feed) watched.missed.emit();
    errors.show(report, asked);
  }
}
