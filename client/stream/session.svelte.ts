import { reportOf, type ErrorReport } from '../../shared/errors.ts';
import type { Flag, FlagSettings } from '../../shared/flags.ts';
import { cropInFrame, type Point } from '../../shared/geometry.ts';
import type { ClientMessage, NetworkSummary, OpenedMessage, RecordingSummary, ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { FrameMessage } from '../../shared/protocol/decode-frame.ts';
import type { Agreement, AttentionScore } from '../../shared/protocol/frame-message.ts';
import type { Grid } from '../render/mask-layers.ts';
import type { Layers, Surface } from '../render/surface.ts';
import { LiveColumns } from '../live/live-columns.ts';
import { LiveFeeds } from '../live/live-feeds.svelte.ts';
import { openedFeed } from '../live/opened-feed.ts';
import { DriveColumns } from '../timeline/columns.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { PaintRate } from './paint-rate.ts';
import { Presenter, type ReadyFrame } from './presenter.ts';
import { Requests } from './requests.ts';
import { steeringUnit } from './steering-unit.ts';
import { throttle } from './throttle.ts';

/** The frame that is on the screen now, with the numbers that came with it (display unit; NaN: no value). */
export interface PaintedFrame {
  readonly frame: number;
  readonly pts: number;
  readonly sequence: number;
  readonly generation: number;
  readonly steering: number;
  readonly driven: number;
  readonly hasMask: boolean;
  /** By method; those whose mask is on the screen. */
  readonly scores: ReadonlyMap<string, AttentionScore>;
  readonly agreement: Agreement | null;
}

export interface ShownError extends ErrorReport {
  readonly id: number;
}

type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { readonly type: T }>;

export interface Choice {
  /** Where `feed` is there, its id too. */
  readonly recording: string;
  readonly feed?: string;
  readonly network: string;
  /** That stream, each once, in the panes' order. */
  readonly methods: readonly string[];
}

/** While a threshold is dragged, settings are sent so often, ms. */
const SETTINGS_INTERVAL = 80;

/** What the server said, and what is on the screen: the state that every panel reads. Commands are in `Transport`. */
export class Session {
  connection = $state.raw<ConnectionState>({ phase: 'connecting', attempt: 0, retryAt: null });
  /** null until the server has said hello. */
  recordings = $state.raw<readonly RecordingSummary[] | null>(null);
  networks = $state.raw<readonly NetworkSummary[]>([]);
  /** What was asked for; it is open once `opened` names it too. */
  choice = $state.raw<Choice | null>(null);
  opened = $state.raw<OpenedMessage | null>(null);
  provider = $state.raw<Of<'provider'> | null>(null);
  analysis = $state.raw<Omit<Of<'analysis'>, 'columns' | 'type'> | null>(null);
  flags = $state.raw<readonly Flag[]>([]);
  flagSettings = $state.raw<FlagSettings | null>(null);
  /** Set between `open` and `opened`: something new, or the same again after the connection was lost. */
  opening = $state<'anew' | 'again' | null>(null);
  playback = $state.raw({ playing: false, speed: 1, ended: false });
  errors = $state.raw<readonly ShownError[]>([]);
  painted = $state.raw<PaintedFrame | null>(null);
  paintedPerSecond = $state(0);
  skipped = $state(0);
  columns = $state.raw<DriveColumns | null>(null);
  /** Grows whenever the content of `columns` changes. */
  columnsVersion = $state(0);

  readonly unit = $derived(this.opened ? steeringUnit(this.opened.network) : null);

  /** Called for a painted frame, after `painted` is set. */
  onPainted: (frame: PaintedFrame) => void = () => {};
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
  /** Called when all flags are replaced, after `flags` is set. */
  onFlags: (flags: readonly Flag[]) => void = () => {};
  onAlert: (flag: Flag) => void = () => {};
  /** Called when a feed is watched, or is explained by other methods than before, which everyone who watches it shares. */
  onWatching: (methods: readonly string[]) => void = () => {};
  /** Called when what was asked for in a feed could not be shown. */
  onMissed: () => void = () => {};
  /** Called when what was asked for beside playback will not be answered any more. */
  onForgotten: () => void = () => {};

  readonly live = new LiveFeeds((message) => this.send(message));
  readonly requests = new Requests((message) => this.send(message));
  readonly #connection: Connection;
  readonly #presenter: Presenter;
  readonly #sendSettings = throttle(SETTINGS_INTERVAL, (flags: FlagSettings) => this.send({ type: 'settings', flags }));
  readonly #rate = new PaintRate((perSecond) => (this.paintedPerSecond = perSecond));
  readonly #surfaces = new Set<Surface>();
  /** What is on the screen; a pane that comes later begins with it. */
  #picture: ImageBitmap | null = null;
  #streamed: Layers = { masks: new Map(), road: null, place: placeOf(null) };
  /** Results of methods that ran on the painted frame. */
  readonly #slowMasks = new Map<string, Grid>();
  #serverSkipped = 0;
  #errorCount = 0;
  /** Of the feed, as they came: rows are placed in them anew as rows are forgotten. */
  #feedFlags: readonly Flag[] = [];
  /** Choice to restore on a new connection. */
  #wantedChoice: Partial<Choice> & Pick<Choice, 'methods'>;
  #generation = 0;
  /** Frames of older generations were asked for by seeks that are over. */
  #oldestGeneration = 0;

  constructor(url: string, wanted: Partial<Choice> & Pick<Choice, 'methods'>) {
    this.#wantedChoice = wanted;
    this.#presenter = new Presenter({
      wanted: ({ message, opened }) => this.#isWanted(message, opened),
      paint: (frame) => this.#paint(frame),
      acknowledge: (sequence) => this.send({ type: 'painted', sequence }),
    });
    this.#connection = new Connection(url, {
      message: (message) => this.#receive(message),
      frame: (bytes) => this.#guard(() => this.#presenter.receive(bytes, this.opened)),
      state: (state) => this.#connectionChanged(state),
    });
  }

  /** Whether the server takes commands: before `opened` it has nothing to play. */
  get isReady(): boolean {
    return this.opened !== null && this.opening === null && this.connection.phase === 'open';
  }

  get counters(): { readonly painted: number; readonly skipped: number } {
    return { painted: this.#presenter.painted, skipped: this.#presenter.skipped };
  }

  send(message: ClientMessage): boolean {
    return this.#connection.send(message);
  }

  /** `keepsErrors`: for another attempt, of which the errors so far are the reason. */
  open(choice: Choice, keepsErrors = false): void {
    const again = this.opened?.recording.id === choice.recording && this.opened.network.id === choice.network;
    this.opening = again ? 'again' : 'anew';
    this.#oldestGeneration = 0;
    this.#leaveRequests();
    this.choice = choice;
    this.#wantedChoice = choice;
    if (!keepsErrors) this.errors = [];
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

  /** Flags by these settings from now on; can be called as often as a handle moves. */
  setFlagSettings(settings: FlagSettings): void {
    this.flagSettings = settings;
    this.#sendSettings(settings);
  }

  /** Keeps a polygon as the road of this camera, or forgets it; the same is then opened again with it. */
  drawRoad(points: readonly Point[] | null): void {
    if (!this.choice || !this.isReady || this.live.feed) return;
    this.onOpening(this.choice);
    this.opening = 'again';
    this.#oldestGeneration = 0;
    this.#leaveRequests();
    this.send({ type: 'road', points });
  }

  /** Shows exactly this frame; whatever is still on its way from before is thrown away. Answers the generation. */
  seek(frame: number): number {
    return this.command((generation) => ({ type: 'seek', frame, generation }));
  }

  /** Sends what shows other frames from now on. Answers the generation. */
  command(message: (generation: number) => ClientMessage): number {
    this.#oldestGeneration = this.#generation += 1;
    this.#presenter.refresh();
    this.send(message(this.#generation));
    return this.#generation;
  }

  /** Asks for a method on the frame that is painted. */
  explainMessage(request: number, frame: number, method: string): ClientMessage {
    if (this.live.feed && this.painted) return { type: 'explain-at', request, time: this.painted.pts, method, target: '+' };
    return { type: 'explain', request, frame, method, target: '+' };
  }

  reconnect(): void {
    this.#connection.reconnect();
  }

  close(): void {
    this.#connection.close();
    this.#rate.stop();
  }

  /** Draws on this surface too, beginning with what is on the screen now. Answers how to end that. */
  attach(surface: Surface): () => void {
    this.#surfaces.add(surface);
    surface.paint(this.#picture, this.#layers);
    return () => this.#surfaces.delete(surface);
  }

  dismiss(id: number): void {
    this.errors = this.errors.filter((error) => error.id !== id);
  }

  #connectionChanged(state: ConnectionState): void {
    this.connection = state;
    if (state.phase === 'open') {
      this.#presenter.restart();
      return;
    }
    this.playback = { ...this.playback, playing: false };
    this.#leaveRequests();
    if (this.opened) this.opening = 'again';
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        return this.#hello(message);
      case 'opened':
        return this.#isOpened(message);
      case 'provider':
        this.provider = message;
        return;
      case 'index':
        this.columns?.setIndex(message.pts);
        this.columnsVersion += 1;
        return;
      case 'analysis':
        this.columns?.append(message.columns);
        this.columnsVersion += 1;
        this.analysis = message;
        return;
      case 'flags':
        this.#setFlags(message.flags);
        return;
      case 'state':
        // Of what was open before.
        if (this.opening) return;
        this.playback = message;
        if (message.ended) this.onEnded();
        return;
      case 'statistics':
        this.#serverSkipped = message.skipped;
        this.skipped = this.#serverSkipped + this.#presenter.skipped;
        return;
      case 'explaining':
      case 'verifying':
        this.requests.progress(message.request, message.done, message.total);
        return;
      case 'explained':
        this.onExplained(message);
        return;
      case 'verified':
        this.onVerified(message);
        return;
      case 'alert':
        this.onAlert(message.flag);
        return;
      case 'error':
        return this.#failed(message);
      case 'feeds':
        this.live.setList(message.feeds);
        return;
      case 'feed-added':
        this.live.added(message.feed);
        return;
      case 'feed-state':
        this.live.setState(message);
        this.#feedChanged();
        return;
      case 'watching':
        return this.#isWatching(message);
      case 'feed-playback':
        if (!this.live.feed || message.generation < this.#oldestGeneration) return;
        this.live.setMode(message.mode);
        this.playback = { playing: message.mode !== 'paused', speed: message.speed, ended: false };
        return;
      case 'feed-statistics':
        if (message.feed === this.live.feed?.id) this.live.setStatistics(message, this.#presenter.painted);
        return;
      case 'feed-rows':
        return this.#takeRows(message);
      case 'feed-flags':
        this.#feedFlags = message.flags;
        this.#placeFlags();
        return;
      case 'feed-alert':
        if (message.feed === this.live.feed?.id && this.columns instanceof LiveColumns) this.onAlert(this.columns.placed(message.flag));
        return;
      case 'clip-kept':
        if (message.feed === this.live.feed?.id) this.live.clip = message.recording;
        return;
    }
  }

  #isWatching(message: Of<'watching'>): void {
    const { feed, network } = message;
    const isOther = this.live.feed?.id !== feed.id;
    const again = !isOther && this.opening !== 'anew';
    const isAnswered = this.opening !== 'again' || this.choice?.methods.join() === network.methods.join();
    this.opening = null;
    const before = isOther ? null : this.opened;
    this.live.watch(feed, message.range);
    this.opened = openedFeed(message, before);
    if (!again) {
      if (this.painted?.hasMask) this.painted = null;
      this.#slowMasks.clear();
    }
    if (isOther || !(this.columns instanceof LiveColumns)) {
      this.columns = new LiveColumns(steeringUnit(network).factor, null);
      this.columnsVersion += 1;
      this.#feedFlags = [];
      this.#setFlags([]);
    }
    this.analysis = null;
    this.flagSettings = message.flags;
    this.playback = { playing: this.live.mode !== 'paused', speed: 1, ended: false };
    this.#presenter.refresh();
    if (isAnswered) {
      this.#wantedChoice = this.choice = { recording: feed.id, feed: feed.id, network: network.id, methods: network.methods };
      this.onWatching(network.methods);
    }
    this.onOpened(this.opened, again);
  }

  #takeRows({ columns, restart, from }: Of<'feed-rows'>): void {
    if (!this.live.feed || !this.opened) return;
    if (restart) this.columns = new LiveColumns(steeringUnit(this.opened.network).factor, this.columns instanceof LiveColumns && this.columns.hasOrigin ? this.columns.origin : null);
    if (!(this.columns instanceof LiveColumns)) return;
    const { start } = this.columns;
    this.columns.take(columns, from);
    this.columnsVersion += 1;
    if (restart || this.columns.start !== start) this.#placeFlags();
    if (columns.driven.some((value) => value !== null)) this.#feedChanged(true);
  }

  /** What the page says of a recording that it cannot know of a feed beforehand: the size of its pictures, and whether it is known how the car is driven. */
  #feedChanged(hasLog = false): void {
    const { opened } = this;
    const { feed } = this.live;
    if (!opened || !feed || opened.recording.id !== feed.id) return;
    const { size, hasLog: had } = opened.recording;
    const { width, height } = feed.state.name === 'live' ? feed.state.stream : size;
    if (width === size.width && height === size.height && (had || !hasLog)) return;
    this.opened = { ...opened, recording: { ...opened.recording, size: { width, height }, hasLog: had || hasLog } };
  }

  #placeFlags(): void {
    const { columns } = this;
    if (columns instanceof LiveColumns) this.#setFlags(this.#feedFlags.map((flag) => columns.placed(flag)));
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
    this.errors = [];
    this.live.leave();
    this.opening = this.opened = this.choice = this.painted = this.columns = null;
    this.analysis = null;
    this.#setFlags([]);
    for (const { error } of lists.flat()) if (error) this.#show(error);
  }

  #isOpened(message: OpenedMessage): void {
    const again = this.opening === 'again';
    this.opening = null;
    this.live.leave();
    this.opened = message;
    if (!again) {
      if (this.painted?.hasMask) this.painted = null;
      this.#slowMasks.clear();
    }
    this.columns = new DriveColumns(message.pts, steeringUnit(message.network).factor, message.cause?.change ?? []);
    this.columnsVersion += 1;
    this.analysis = null;
    this.#setFlags([]);
    this.flagSettings = message.flags;
    this.playback = { playing: false, speed: 1, ended: false };
    this.#presenter.refresh();
    this.onOpened(message, again);
  }

  #setFlags(flags: readonly Flag[]): void {
    this.flags = flags;
    this.onFlags(flags);
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
    return (opened === this.opened || isPictureOnly) && message.generation >= this.#oldestGeneration && this.wants(message);
  }

  #paint({ message, picture, opened }: ReadyFrame): void {
    const masks = new Map(message.parts.filter(({ kind }) => kind === 'mask').map((part) => [part.method, part]));
    const streams = opened?.network.methods ?? [];
    if (masks.size > 0 && ![...masks.keys()].some((method) => streams.includes(method))) {
      this.#paintSlow(message.frame, masks, picture);
      return;
    }
    if (picture) {
      this.#picture?.close();
      this.#picture = picture;
    }
    if (message.frame !== this.painted?.frame) this.#slowMasks.clear();
    this.#streamed = { masks, road: message.parts.find(({ kind }) => kind === 'road') ?? null, place: placeOf(opened) };
    for (const surface of this.#surfaces) surface.paint(picture, this.#layers);
    const scored = streams.flatMap((method, index): [string, AttentionScore][] => {
      const score = message.scores[index];
      return score && masks.has(method) ? [[method, score]] : [];
    });
    this.painted = {
      frame: message.frame,
      pts: message.pts,
      sequence: message.sequence,
      generation: message.generation,
      steering: this.columns?.toDisplay(message.steering) ?? Number.NaN,
      driven: this.columns?.toDisplay(message.driven) ?? Number.NaN,
      hasMask: masks.size > 0,
      scores: new Map(scored),
      agreement: message.agreement,
    };
    this.#rate.count();
    this.skipped = this.#serverSkipped + this.#presenter.skipped;
    this.onPainted(this.painted);
  }

  /** The picture and everything else about the frame is on the screen already. */
  #paintSlow(frame: number, masks: ReadonlyMap<string, Grid>, picture: ImageBitmap | null): void {
    picture?.close();
    if (frame !== this.painted?.frame) return;
    for (const [method, grid] of masks) this.#slowMasks.set(method, grid);
    for (const surface of this.#surfaces) surface.paint(null, this.#layers);
  }

  get #layers(): Layers {
    return { ...this.#streamed, masks: new Map([...this.#streamed.masks, ...this.#slowMasks]) };
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
        this.#wantedChoice = this.choice = { recording: recording.id, network: network.id, methods: network.methods, ...(feed ? { feed: feed.id } : {}) };
      }
      this.onRefused(report);
    } else if (this.live.feed) this.onMissed();
    this.#show(report);
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#show(reportOf(error));
    }
  }

  #show({ code, message, hint }: ErrorReport): void {
    const others = this.errors.filter((shown) => shown.code !== code || shown.message !== message);
    this.errors = [...others.slice(-2), { id: (this.#errorCount += 1), code, message, hint }];
  }
}

/** The one that was asked for, else the first that can be opened, else the first, which then says why it cannot. */
function pick<T extends { readonly id: string; readonly error: ErrorReport | null }>(list: readonly T[], id: string | undefined): T | undefined {
  return list.find((item) => item.id === id) ?? list.find(({ error }) => !error);
}

/** The crop in fractions of the frame; masks lie on it. */
function placeOf(opened: OpenedMessage | null): Layers['place'] {
  if (!opened) return { x: 0, y: 0, width: 1, height: 1 };
  const { size } = opened.recording;
  const crop = cropInFrame(opened.network.crop, size);
  return { x: crop.x / size.width, y: crop.y / size.height, width: crop.width / size.width, height: crop.height / size.height };
}
