import { reportOf, type ErrorReport } from '../../shared/errors.ts';
import { cropInFrame } from '../../shared/geometry.ts';
import type { ClientMessage, Flag, FlagSettings, NetworkSummary, OpenedMessage, RecordingSummary, ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { FrameMessage } from '../../shared/protocol/decode-frame.ts';
import type { Grid, Layers, Surface } from '../render/surface.ts';
import { DriveColumns } from '../timeline/columns.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { PaintRate } from './paint-rate.ts';
import { Presenter, type ReadyFrame } from './presenter.ts';
import { steeringUnit } from './steering-unit.ts';

/** The frame that is on the screen now, with the numbers that came with it (display unit; NaN: no value). */
export interface PaintedFrame {
  readonly frame: number;
  readonly pts: number;
  readonly sequence: number;
  readonly generation: number;
  readonly steering: number;
  readonly driven: number;
  /** Per cent. */
  readonly onRoad: number;
  readonly hasMask: boolean;
}

export interface ShownError extends ErrorReport {
  readonly id: number;
}

type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { readonly type: T }>;

export interface Choice {
  readonly recording: string;
  readonly network: string;
}

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
  /** Called when a recording has been opened, before its first frame. */
  onOpened: (opened: OpenedMessage, again: boolean) => void = () => {};

  readonly #connection: Connection;
  readonly #presenter: Presenter;
  readonly #rate = new PaintRate((perSecond) => (this.paintedPerSecond = perSecond));
  #surface: Surface | null = null;
  #late: ReadyFrame | null = null;
  #serverSkipped = 0;
  #errorCount = 0;
  /** Choice to restore on a new connection. */
  #wantedChoice: Partial<Choice>;
  #generation = 0;
  /** Frames of older generations were asked for by seeks that are over. */
  #oldestGeneration = 0;

  constructor(url: string, wanted: Partial<Choice>) {
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

  open(choice: Choice): void {
    const again = this.opened?.recording.id === choice.recording && this.opened.network.id === choice.network;
    this.opening = again ? 'again' : 'anew';
    this.#oldestGeneration = 0;
    this.choice = choice;
    this.#wantedChoice = choice;
    this.errors = [];
    this.send({ type: 'open', ...choice });
  }

  /** Shows exactly this frame; whatever is still on its way from before is thrown away. Answers the generation. */
  seek(frame: number): number {
    this.#oldestGeneration = this.#generation += 1;
    this.#presenter.refresh();
    this.send({ type: 'seek', frame, generation: this.#generation });
    return this.#generation;
  }

  reconnect(): void {
    this.#connection.reconnect();
  }

  close(): void {
    this.#connection.close();
    this.#rate.stop();
  }

  /** Frames that arrived before there was a canvas are drawn now. */
  attach(surface: Surface): void {
    this.#surface = surface;
    if (this.#late) this.#draw(this.#late, surface);
    this.#late = null;
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
        this.flags = message.flags;
        return;
      case 'state':
        this.playback = message;
        if (message.ended) this.onEnded();
        return;
      case 'statistics':
        this.#serverSkipped = message.skipped;
        this.skipped = this.#serverSkipped + this.#presenter.skipped;
        return;
      case 'error':
        return this.#failed(message);
    }
  }

  #hello({ recordings, networks }: Of<'hello'>): void {
    this.recordings = recordings;
    this.networks = networks;
    const recording = pick(recordings, this.#wantedChoice.recording);
    const network = pick(networks, this.#wantedChoice.network);
    if (recording && network) this.open({ recording: recording.id, network: network.id });
    else this.#showSummaries(recordings, networks);
  }

  /** Where nothing can be opened (any more), the reasons in the lists are the news. */
  #showSummaries(...lists: (readonly { readonly error: ErrorReport | null }[])[]): void {
    this.errors = [];
    this.opening = this.opened = this.choice = this.painted = this.columns = null;
    this.analysis = null;
    this.flags = [];
    for (const { error } of lists.flat()) if (error) this.#show(error);
  }

  #isOpened(message: OpenedMessage): void {
    const again = this.opening === 'again';
    this.opening = null;
    this.opened = message;
    if (!again && this.painted?.hasMask) this.painted = null;
    this.columns = new DriveColumns(message.pts, steeringUnit(message.network).factor);
    this.columnsVersion += 1;
    this.analysis = null;
    this.flags = [];
    this.flagSettings = message.flags;
    this.playback = { playing: false, speed: 1, ended: false };
    this.#presenter.refresh();
    this.onOpened(message, again);
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

  #paint(frame: ReadyFrame): void {
    if (this.#surface) this.#draw(frame, this.#surface);
    else this.#late = frame;
    const { message } = frame;
    this.painted = {
      frame: message.frame,
      pts: message.pts,
      sequence: message.sequence,
      generation: message.generation,
      steering: this.columns?.toDisplay(message.steering) ?? Number.NaN,
      driven: this.columns?.toDisplay(message.driven) ?? Number.NaN,
      onRoad: (message.onRoad ?? Number.NaN) * 100,
      hasMask: message.parts.some(({ kind }) => kind === 'mask'),
    };
    this.#rate.count();
    this.skipped = this.#serverSkipped + this.#presenter.skipped;
    this.onPainted(this.painted);
  }

  #draw({ message, picture, opened }: ReadyFrame, surface: Surface): void {
    const grid = (kind: 'mask' | 'road'): Grid | null => message.parts.find((part) => part.kind === kind) ?? null;
    surface.paint(picture, { mask: grid('mask'), road: grid('road'), place: placeOf(opened) });
  }

  /** What was open before stays open, so the choice goes back to it. */
  #failed(report: ErrorReport): void {
    if (this.opening && this.opened) {
      this.choice = { recording: this.opened.recording.id, network: this.opened.network.id };
    }
    this.opening = null;
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
