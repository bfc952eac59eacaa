import type { ErrorReport } from '../../shared/errors.ts';
import type { Point } from '../../shared/geometry.ts';
import type { LogAnswers } from '../../shared/protocol/steering-messages.ts';
import type { Analysis } from './analysis.svelte.ts';
import type { Catalogue } from './catalogue.svelte.ts';
import type { Commands } from './commands.ts';
import type { ErrorList } from './error-list.svelte.ts';
import type { FeedList } from './feed-list.svelte.ts';
import {
  cameraChoice,
  isSameCamera,
  type Choice,
  type OpenDrive,
  type RecordingChoice,
  type WantedChoice,
} from './open-drive.svelte.ts';
import type { Picture } from './presenter.ts';
import type { Requests } from './requests.ts';
import type { Screen } from './screen.svelte.ts';
import type { Transport } from './transport.svelte.ts';
import type { WatchedFeed } from './watched-feed.svelte.ts';

interface Parts {
  readonly commands: Commands;
  readonly catalogue: Catalogue;
  readonly feeds: FeedList;
  readonly errors: ErrorList;
  readonly drive: OpenDrive;
  readonly watched: WatchedFeed;
  readonly analysis: Analysis;
  readonly requests: Requests;
  readonly screen: Pick<Screen<Picture>, 'clear'>;
  readonly transport: Pick<Transport, 'leaveFor'>;
}

/** Opens recordings and feeds. */
export class Opener {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    // Of this page: another page's are listed without being shown.
    parts.feeds.added.on((feed) => this.watch(feed));
    parts.drive.refused.on(({ code }) => this.#refused(code));
  }

  /** `keepsErrors`: for another attempt, of which the errors so far are the reason. */
  open(choice: Choice, keepsErrors = false): void {
    this.#ask(choice, {}, keepsErrors);
  }

  /** Shows what another camera of the drive saw at the same time. */
  chooseCamera(camera: string): void {
    const { choice, recording: opened } = this.#parts.drive;
    if (choice?.recording === undefined || !opened?.cameras) return;
    const { recording, network, methods } = choice;
    const { cameras } = opened;
    this.open({ recording, network, methods, ...cameraChoice({ cameras, camera }) });
  }

  #ask(choice: Choice, said: { readonly framesPerSecond?: number }, keepsErrors = false): void {
    const { commands, drive, errors, feeds, transport } = this.#parts;
    const { network, methods } = choice;
    const { opened } = drive;
    const again = opened !== null && isSameCamera(opened, choice) && opened.network.id === network;
    this.#leave(again ? 'again' : 'anew');
    drive.choose(choice);
    if (!keepsErrors) errors.clear();
    const start = transport.leaveFor(choice);
    if (choice.feed === undefined) {
      const { recording, camera } = choice;
      commands.send({
        type: 'open',
        recording,
        ...(camera === undefined ? {} : { camera }),
        network,
        methods,
        ...start,
        ...said,
      });
      return;
    }
    // Methods are those of everyone who watches: only who changes them says so.
    const { feed } = choice;
    const isSame = feeds.find(feed)?.methods.join() === methods.join();
    commands.send({ type: 'watch', feed, ...(isSame ? {} : { methods }) });
  }

  /** As it is, with the methods that it is explained by. */
  watch(id: string): void {
    const feed = this.#parts.feeds.find(id);
    if (feed) this.open({ feed: feed.id, network: feed.network, methods: feed.methods });
  }

  /**
   * Keeps a polygon as the road of this camera, or forgets it; the same is then opened again with
   * it, and a feed goes on with it.
   */
  drawRoad(points: readonly Point[] | null): void {
    const { commands, drive, transport, watched } = this.#parts;
    if (!drive.choice || !drive.isReady) return;
    if (watched.feed) {
      drive.opening = 'again';
    } else {
      transport.leaveFor(drive.choice);
      this.#leave('again');
    }
    commands.send({ type: 'road', points });
  }

  /**
   * Keeps what a person says of the open recording's log; the same is then opened again with it.
   */
  sayOfLog(answers: LogAnswers): void {
    const { commands, drive, transport, watched } = this.#parts;
    if (!drive.choice || !drive.isReady || watched.feed) return;
    transport.leaveFor(drive.choice);
    this.#leave('again');
    commands.send({ type: 'log', ...answers });
  }

  /**
   * Opens a recording of which nothing tells how many frames it has a second; what is said is kept.
   * Nothing happens where there is no network to open it with.
   */
  sayFrameRate(recording: string, framesPerSecond: number): void {
    const { catalogue, drive } = this.#parts;
    const { network: wanted, methods } = drive.wanted;
    const network = pick(catalogue.networks, wanted);
    const choice = { recording, ...cameraOf(drive.wanted, recording), methods };
    if (network) this.#ask({ ...choice, network: network.id }, { framesPerSecond });
  }

  /** To be called when there is a new connection, and the lists are those of the server. */
  begin(): void {
    const { catalogue, drive, feeds } = this.#parts;
    const recordings = catalogue.recordings ?? [];
    const { networks } = catalogue;
    const { wanted } = drive;
    const isListed = recordings.some(({ id }) => id === wanted.recording);
    // Who named feeds when the server was started wants to see them.
    const feed = feeds.find(wanted.feed) ?? (isListed ? undefined : feeds.feeds[0]);
    if (feed) {
      this.watch(feed.id);
      return;
    }
    const network = pick(networks, wanted.network);
    // Of many recordings only the first are listed here.
    const isBeyond = !isListed && catalogue.hasMore && wanted.recording !== undefined;
    const recording = isBeyond ? { id: wanted.recording } : pick(recordings, wanted.recording);
    if (recording && network)
      this.open({
        recording: recording.id,
        ...cameraOf(wanted, recording.id),
        network: network.id,
        methods: wanted.methods,
      });
    else this.#showSummaries(recordings, networks);
  }

  /** An address can name a recording or a camera that is not there any more. */
  #refused(code: string): void {
    const { catalogue } = this.#parts;
    const { choice, opened } = this.#parts.drive;
    const first = pick(catalogue.recordings ?? [], undefined);
    if (
      code === 'RECORDING_UNKNOWN' &&
      !opened &&
      choice &&
      first &&
      first.id !== choice.recording
    ) {
      const { network, methods } = choice;
      return this.open({ recording: first.id, network, methods }, true);
    }
    if (code !== 'CAMERA_UNKNOWN' || opened || choice?.camera === undefined) return;
    const { recording, network, methods } = choice;
    this.open({ recording, network, methods }, true);
  }

  /** Where nothing can be opened (any more), the reasons in the lists are the news. */
  #showSummaries(
    ...lists: (readonly { readonly id: string; readonly error: ErrorReport | null }[])[]
  ): void {
    const { analysis, drive, errors, screen, watched } = this.#parts;
    errors.clear();
    watched.leave();
    drive.clear();
    screen.clear();
    analysis.clear();
    for (const { id, error } of lists.flat()) if (error) errors.show(error, id);
  }

  /** The server, too, gives up what it was asked for. */
  #leave(opening: 'anew' | 'again'): void {
    const { commands, drive, requests } = this.#parts;
    drive.opening = opening;
    commands.restart();
    requests.clear();
  }
}

/** The camera that was asked for, where it was of this recording. */
function cameraOf(wanted: WantedChoice, recording: string): Pick<RecordingChoice, 'camera'> {
  return wanted.camera === undefined || wanted.recording !== recording
    ? {}
    : { camera: wanted.camera };
}

/** The one that was asked for, else the first that can be opened. */
function pick<T extends { readonly id: string; readonly error: ErrorReport | null }>(
  list: readonly T[],
  id: string | undefined,
): T | undefined {
  return list.find((item) => item.id === id) ?? list.find(({ error }) => !error);
}
