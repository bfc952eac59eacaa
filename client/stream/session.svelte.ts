import { reportOf, type ErrorReport } from '../../shared/errors.ts';
import type { Point } from '../../shared/geometry.ts';
import type { ClientMessage, NetworkSummary, OpenedMessage, RecordingSummary, ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { FrameMessage } from '../../shared/protocol/decode-frame.ts';
import { LiveFeeds } from './live-feeds.svelte.ts';
import { WatchedFeed } from './watched-feed.ts';
import { Analysis } from './analysis.svelte.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { ErrorList } from './error-list.svelte.ts';
import { OpenedRecording } from './opened-recording.ts';
import { Requests } from './requests.ts';
import { Screen } from './screen.svelte.ts';
import { steeringUnit } from '../data/steering-unit.ts';

type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { readonly type: T }>;

export interface Choice {
  /** Where `feed` is there, its id too. */
  readonly recording: string;
  readonly feed?: string;
  readonly network: string;
  /** That stream, each once, in the panes' order. */
  readonly methods: readonly string[];
}

/** As the server has it. */
export interface Playback {
  readonly playing: boolean;
  readonly speed: number;
  readonly ended: boolean;
}

/**
 * The connection, what there is to open, and what is open. What is known of its frames is in `analysis`, what is seen of it in `screen`. Messages
 * about recordings go to `OpenedRecording`, those about feeds to `WatchedFeed`; commands for playing are in `Transport`.
 */
export class Session {
  connection = $state.raw<ConnectionState>({ phase: 'connecting', attempt: 0, retryAt: null });
  /** null until the server has said hello. */
  recordings = $state.raw<readonly RecordingSummary[] | null>(null);
  networks = $state.raw<readonly NetworkSummary[]>([]);
  /** What was asked for; it is open once `opened` names it too. */
  choice = $state.raw<Choice | null>(null);
  /** A recording, or a feed as the panels see a recording. */
  opened = $state.raw<OpenedMessage | null>(null);
  provider = $state.raw<Of<'provider'> | null>(null);
  /** Set between `open` and `opened`: something new, or the same again after the connection was lost. */
  opening = $state<'anew' | 'again' | null>(null);
  playback = $state.raw<Playback>({ playing: false, speed: 1, ended: false });

  readonly unit = $derived(this.opened ? steeringUnit(this.opened.network) : null);

  /** Asked for every frame of what is open; false throws it away. */
  wants: (message: FrameMessage) => boolean = () => true;
  /** Called when playback has reached the last frame. */
  onEnded: () => void = () => {};
  /** Called before something is opened; answers the frame to show first. */
  onOpening: (choice: Choice) => number = () => 0;
  /** Called when a recording has been opened, before its first frame. */
  onOpened: (opened: OpenedMessage, again: boolean) => void = () => {};
  /** Called when it could not be. */
  onRefused: (report: ErrorReport) => void = () => {};
  /** Called when a method has run on one frame. */
  onExplained: (message: Of<'explained'>) => void = () => {};
  onVerified: (message: Of<'verified'>) => void = () => {};
  /** Called when a feed is watched, or is explained by other methods than before, which everyone who watches it shares. */
  onWatching: (methods: readonly string[]) => void = () => {};
  /** Called when what was asked for in a feed could not be shown. */
  onMissed: () => void = () => {};
  /** Called when what was asked for beside playback will not be answered any more. */
  onForgotten: () => void = () => {};

  readonly live = new LiveFeeds((message) => this.send(message));
  readonly requests = new Requests((message) => this.send(message));
  readonly errors = new ErrorList();
  readonly analysis = new Analysis((message) => this.send(message));
  readonly screen = new Screen({
    wanted: ({ message, opened }) => this.#isWanted(message, opened),
    acknowledge: (sequence) => this.send({ type: 'painted', sequence }),
    toDisplay: (steering) => this.analysis.columns?.toDisplay(steering) ?? Number.NaN,
  });
  readonly #recording = new OpenedRecording(this);
  readonly #feed = new WatchedFeed(this);
  readonly #connection: Connection;
  /** Choice to restore on a new connection. */
  #wantedChoice: Partial<Choice> & Pick<Choice, 'methods'>;
  #generation = 0;
  /** Frames of older generations were asked for by seeks that are over. */
  #oldestGeneration = 0;

  constructor(url: string, wanted: Partial<Choice> & Pick<Choice, 'methods'>) {
    this.#wantedChoice = wanted;
    this.#connection = new Connection(url, {
      message: (message) => this.#receive(message),
      frame: (bytes) => this.#receiveFrame(bytes),
      state: (state) => this.#connectionChanged(state),
    });
  }

  /** Whether the server takes commands: before `opened` it has nothing to play. */
  get isReady(): boolean {
    return this.opened !== null && this.opening === null && this.connection.phase === 'open';
  }

  send(message: ClientMessage): boolean {
    return this.#connection.send(message);
  }

  /** `keepsErrors`: for another attempt, of which the errors so far are the reason. */
  open(choice: Choice, keepsErrors = false): void {
    const again = this.opened?.recording.id === choice.recording && this.opened.network.id === choice.network;
    this.#leave(again ? 'again' : 'anew');
    this.choose(choice);
    if (!keepsErrors) this.errors.clear();
    const frame = this.onOpening(choice);
    const { feed, recording, network, methods } = choice;
    if (feed === undefined) {
      this.send({ type: 'open', recording, network, methods, frame });
      return;
    }
    // Methods are those of everyone who watches: only who changes them says so.
    const isSame = this.live.list.find(({ id }) => id === feed)?.methods.join() === methods.join();
    this.send({ type: 'watch', feed, ...(isSame ? {} : { methods }) });
  }

  /** As it is, with the methods that it is explained by. */
  watch(id: string): void {
    const feed = this.live.list.find((each) => each.id === id);
    if (feed) this.open({ recording: feed.id, feed: feed.id, network: feed.network, methods: feed.methods });
  }

  /** Keeps a polygon as the road of this camera, or forgets it; the same is then opened again with it, and a feed goes on with it. */
  drawRoad(points: readonly Point[] | null): void {
    if (!this.choice || !this.isReady) return;
    if (this.live.feed) {
      this.opening = 'again';
      this.send({ type: 'road', points });
      return;
    }
    this.onOpening(this.choice);
    this.#leave('again');
    this.send({ type: 'road', points });
  }

  /** What is asked for, now and on a new connection. */
  choose(choice: Choice): void {
    this.choice = this.#wantedChoice = choice;
  }

  /** To be called when the server has opened what was asked for, once `analysis` is about it. */
  begin(opened: OpenedMessage, again: boolean, playback: Playback): void {
    this.opening = null;
    this.opened = opened;
    this.playback = playback;
    if (!again) this.screen.leaveFrame();
    this.screen.presenter.refresh();
    this.onOpened(opened, again);
  }

  /** Shows exactly this frame; whatever is still on its way from before is thrown away. Answers the generation. */
  seek(frame: number): number {
    return this.command((generation) => ({ type: 'seek', frame, generation }));
  }

  /** Sends what shows other frames from now on. Answers the generation. */
  command(message: (generation: number) => ClientMessage): number {
    this.#oldestGeneration = this.#generation += 1;
    this.screen.presenter.refresh();
    this.send(message(this.#generation));
    return this.#generation;
  }

  /** Whether something else was asked for since. */
  isOutdated(generation: number): boolean {
    return generation < this.#oldestGeneration;
  }

  reconnect(): void {
    this.#connection.reconnect();
  }

  close(): void {
    this.#connection.close();
    this.screen.close();
  }

  #connectionChanged(state: ConnectionState): void {
    this.connection = state;
    if (state.phase === 'open') {
      this.screen.presenter.restart();
      return;
    }
    this.playback = { ...this.playback, playing: false };
    this.#leaveRequests();
    this.analysis.isLost = true;
    if (this.opened) this.opening = 'again';
  }

  #receiveFrame(bytes: Uint8Array): void {
    try {
      this.screen.presenter.receive(bytes, this.opened);
    } catch (error) {
      this.errors.show(reportOf(error));
    }
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        return this.#hello(message);
      case 'provider':
        this.provider = message;
        return;
      case 'explaining':
      case 'verifying':
        return this.requests.progress(message.request, message.done, message.total);
      case 'explained':
        return this.onExplained(message);
      case 'verified':
        return this.onVerified(message);
      case 'error':
        return this.#failed(message);
      case 'opened':
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

  #hello({ recordings, networks, feeds }: Of<'hello'>): void {
    this.recordings = recordings;
    this.networks = networks;
    this.live.setList(feeds);
    const { feed: wanted, recording: wantedRecording } = this.#wantedChoice;
    // Who named feeds when the server was started wants to see them.
    const feed = feeds.find(({ id }) => id === wanted) ?? (recordings.some(({ id }) => id === wantedRecording) ? undefined : feeds[0]);
    if (feed) {
      this.watch(feed.id);
      return;
    }
    const recording = pick(recordings, this.#wantedChoice.recording);
    const network = pick(networks, this.#wantedChoice.network);
    if (recording && network) this.open({ recording: recording.id, network: network.id, methods: this.#wantedChoice.methods });
    else this.#showSummaries(recordings, networks);
  }

  /** Where nothing can be opened (any more), the reasons in the lists are the news. */
  #showSummaries(...lists: (readonly { readonly error: ErrorReport | null }[])[]): void {
    this.errors.clear();
    this.live.leave();
    this.opening = this.opened = this.choice = this.screen.painted = null;
    this.analysis.clear();
    for (const { error } of lists.flat()) if (error) this.errors.show(error);
  }

  #leave(opening: 'anew' | 'again'): void {
    this.opening = opening;
    this.#oldestGeneration = 0;
    this.#leaveRequests();
  }

  /** The server does so too. */
  #leaveRequests(): void {
    this.requests.clear();
    this.onForgotten();
  }

  /**
   * A mask is drawn only while the network that made it is the one that is open. The first picture of a recording comes
   * alone, before that; after a lost connection the last picture stays instead.
   */
  #isWanted(message: FrameMessage, opened: OpenedMessage | null): boolean {
    if (this.opening === 'again') return false;
    const isPictureOnly = message.parts.every(({ kind }) => kind === 'picture');
    if (this.opening === 'anew') return isPictureOnly;
    return (opened === this.opened || isPictureOnly) && !this.isOutdated(message.generation) && this.wants(message);
  }

  /** What was open before stays open, so the choice goes back to it. */
  #failed(report: Of<'error'>): void {
    if (report.request !== undefined) {
      this.requests.fail(report.request, report);
      return;
    }
    const { opening } = this;
    if (!opening && this.live.refuse(report)) return;
    this.opening = null;
    if (opening) {
      if (this.opened) {
        const { recording, network } = this.opened;
        const { feed } = this.live;
        this.choose({ recording: recording.id, network: network.id, methods: network.methods, ...(feed ? { feed: feed.id } : {}) });
      }
      this.onRefused(report);
    } else if (this.live.feed) this.onMissed();
    this.errors.show(report);
  }
}

/** The one that was asked for, else the first that can be opened, else the first, which then says why it cannot. */
function pick<T extends { readonly id: string; readonly error: ErrorReport | null }>(list: readonly T[], id: string | undefined): T | undefined {
  return list.find((item) => item.id === id) ?? list.find(({ error }) => !error);
}
