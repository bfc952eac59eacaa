import { reportOf } from '../../shared/errors.ts';
import type { FlagSettings } from '../../shared/flags.ts';
import type { Point } from '../../shared/geometry.ts';
import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import {
  PROTOCOL_VERSION,
  type ClientMessage,
  type ServerMessage,
} from '../../shared/protocol/control-messages.ts';
import { encodeFrame, fitOnWire, type PartBytes } from '../../shared/protocol/encode-frame.ts';
import { besideOpenCamera } from '../drive/beside-camera.ts';
import { openRecording } from '../drive/open-recording.ts';
import type { DriveSource } from '../drive/source.ts';
import { DISPLAY } from '../pipeline/player-frames.ts';
import { AcknowledgementWindow } from '../pipeline/player-window.ts';
import { lanes } from '../resources/limits.ts';
import { ownTurn } from '../resources/own-turn.ts';
import { displaySize } from '../video/filters.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { protocolViolation, readClientMessage } from './client-message.ts';
import { keepRoad } from '../catalogue/keep-road.ts';
import { costOf } from './message-allowance.ts';
import type { Feeds } from '../feeds/feeds.ts';
import { isFeedMessage, FeedSide } from './feeds/feed-side.ts';
import type { Peer } from './peer.ts';
import { RecordingView, type RecordingViewMessage, type ViewStart } from './recording-view.ts';
import type { ViewOutput } from './view-output.ts';
import { wireText } from './wire-text.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import type { Lease, Selection, Workspaces } from '../workspaces/workspaces.ts';

type Asked<T extends ClientMessage['type']> = Extract<ClientMessage, { readonly type: T }>;

interface Watching {
  readonly selection: Selection;
  readonly lease: Lease;
  readonly view: RecordingView;
}

interface Opening {
  readonly selection: Selection;
  /** Aborted by the next `open`, and at the end. */
  readonly stop: AbortController;
}

/**
 * So many are opened at a time for one connection; a further one waits, and gives way to one after
 * it.
 */
const MOST_LEASING = 2;

/**
 * One connection: reads its messages, and opens what it asks for. What it then sees is a
 * `RecordingView`, or on its live side a `FeedView`.
 */
export class Session {
  readonly #peer: Peer;
  readonly #catalogue: Catalogue;
  readonly #workspaces: Workspaces;
  readonly #window = new AcknowledgementWindow();
  readonly #feeds: Feeds;
  readonly #live: FeedSide;
  readonly #output: ViewOutput;
  #watching: Watching | null = null;
  #opening: Opening | null = null;
  /** Settle when what was asked for is open, or is not. */
  readonly #leasing = new Set<Promise<void>>();
  /** Roads, units and frame rates are kept in the order in which they came. */
  #keeping: Promise<void> = Promise.resolve();
  #flags: FlagSettings;
  /** Revision of the catalogue that the page knows. */
  #told = 0;
  #stopListening = (): void => {};
  #closed = false;

  constructor(
    peer: Peer,
    catalogue: Catalogue,
    workspaces: Workspaces,
    feeds: Feeds,
    flags: FlagSettings,
  ) {
    this.#peer = peer;
    this.#flags = flags;
    this.#catalogue = catalogue;
    this.#workspaces = workspaces;
    this.#feeds = feeds;
    this.#output = {
      send: (message) => this.#send(message),
      sendBuffers: (buffers) => this.#peer.sendBuffers(buffers),
      buffered: () => this.#peer.buffered,
      onSent: (listener) => this.#peer.onSent(listener),
    };
    this.#live = new FeedSide(feeds, this.#window, () => this.#flags, {
      ...this.#output,
      leaveRecording: () => this.#leaveRecording(),
    });
    peer.onMessage((data, isBinary) => this.#receive(data, isBinary));
    peer.onClose(() => void this.close());
    void this.#greet();
  }

  /** Resolves when nothing of this session runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    this.#opening?.stop.abort();
    await Promise.all([this.#live.close(), this.#stopWatching()]);
  }

  async #greet(): Promise<void> {
    try {
      const [recordings, networks] = await Promise.all([
        this.#catalogue.recordings(),
        this.#catalogue.networks(),
      ]);
      await ownTurn();
      const catalogue = this.#catalogue.drives.state;
      this.#send({
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        product: 'Roadgaze',
        recordings,
        networks: networks.map(({ summary }) => summary),
        feeds: this.#feeds.list,
        catalogue,
      });
      this.#told = catalogue.revision;
      if (this.#closed) return;
      this.#stopListening = this.#catalogue.drives.listen(() => this.#tellCatalogue());
      this.#live.begin();
    } catch (error) {
      this.#send({ type: 'error', ...reportOf(error) });
      this.#peer.close(CLOSE_CODES.INTERNAL);
    }
  }

  #tellCatalogue(): void {
    const { drives } = this.#catalogue;
    const { state } = drives;
    if (state.revision === this.#told) return;
    this.#told = state.revision;
    this.#send({ type: 'catalogue', catalogue: state, recordings: drives.firstKnown() });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#closed) return;
    try {
      const message = readClientMessage(data, isBinary);
      const isNews = message.type === 'painted' && this.#window.isUnderWay(message.sequence);
      this.#peer.count(isNews ? 0 : costOf(message));
      this.#handle(message);
    } catch (error) {
      const report = reportOf(error);
      this.#send({ type: 'error', ...report });
      this.#peer.close(
        report.code === 'PROTOCOL_VIOLATION'
          ? CLOSE_CODES.PROTOCOL_VIOLATION
          : CLOSE_CODES.INTERNAL,
        report.code,
      );
      void this.close();
    }
  }

  #handle(message: ClientMessage): void {
    if (isFeedMessage(message)) return this.#live.handle(message);
    switch (message.type) {
      case 'open':
        return this.#openAsAsked(message);
      case 'road':
        return this.#drawRoad(message.points);
      case 'log':
        return this.#sayOfLog(message);
      case 'painted':
        if (!this.#window.acknowledge(message.sequence))
          throw protocolViolation(`frame message ${message.sequence} was never sent`);
        return this.#live.painted(message.sequence);
      case 'settings':
        this.#flags = message.flags;
        this.#watching?.view.setFlags(message.flags);
        this.#live.setFlags(message.flags);
        return;
      default:
        this.#control(message);
    }
  }

  #control(message: RecordingViewMessage): void {
    if (message.type === 'cancel') this.#live.cancel(message.request);
    // Meant for what was open before.
    if (this.#opening || this.#live.isWatching) return;
    if (!this.#watching) throw protocolViolation(`"${message.type}" came before anything was open`);
    this.#watching.view.control(message);
  }

  #openAsAsked({ framesPerSecond: rate, frame = 0, time, ...selection }: Asked<'open'>): void {
    void this.#open(selection, time === undefined ? { frame } : { time }, async () => {
      if (rate !== undefined)
        await this.#keep(() => this.#catalogue.keepFrameRate(selection.recording, rate));
    });
  }

  /** Opens again what is open, or is being opened anew, with another road. */
  #drawRoad(points: readonly Point[] | null): void {
    if (this.#live.isWatching) return this.#live.drawRoad(points);
    this.#openAgain('road', ({ recording, drive }) =>
      keepRoad(this.#catalogue, besideOpenCamera(recording, drive), points),
    );
  }

  #sayOfLog({ type: _, ...answers }: Asked<'log'>): void {
    // Meant for what was open before.
    if (this.#live.isWatching) return;
    this.#openAgain('log', ({ recording }) => this.#catalogue.keepLogAnswers(recording, answers));
  }

  /** Once what a person said of the recording that is open is kept. */
  #openAgain(type: 'road' | 'log', keep: (open: Workspace) => Promise<void>): void {
    const { selection, lease, view } = this.#watching ?? {};
    if (!selection) {
      if (this.#opening) return;
      throw protocolViolation(`"${type}" came before anything was open`);
    }
    const wanted = this.#opening?.selection ?? selection;
    // Meant for what was open before.
    if (wanted.recording !== selection.recording) return;
    void this.#open(wanted, { frame: view!.playhead }, () =>
      this.#keep(() => keep(lease!.workspace)),
    );
  }

  #keep(what: () => Promise<void>): Promise<void> {
    return (this.#keeping = this.#keeping.catch(() => {}).then(what));
  }

  async #open(
    selection: Selection,
    start: ViewStart,
    prepare: () => Promise<void> = async () => {},
  ): Promise<void> {
    this.#opening?.stop.abort();
    const stop = new AbortController();
    this.#opening = { selection, stop };
    const { signal } = stop;
    const before = this.#watching?.selection;
    const isOther = selection.recording !== before?.recording || selection.camera !== before.camera;
    this.#watching?.view.pause();
    let lease: Lease | null = null;
    try {
      await prepare();
      while (this.#leasing.size >= MOST_LEASING) await Promise.race(this.#leasing);
      if (signal.aborted) return;
      const leasing = this.#lease(selection, signal);
      // Otherwise the page knows its picture, or waits no longer for it than for its mask.
      if (start.frame === 0 && isOther) void this.#preview(selection, signal);
      lease = await leasing;
      if (signal.aborted) return lease.release();
      await Promise.all([this.#live.leave(), this.#stopWatching()]);
      await ownTurn();
      if (signal.aborted) return lease.release();
      stop.abort();
      this.#opening = null;
      this.#watching = {
        selection,
        lease,
        view: new RecordingView(lease.workspace, this.#window, this.#flags, start, this.#output),
      };
    } catch (error) {
      lease?.release();
      if (signal.aborted) return;
      stop.abort();
      this.#opening = null;
      this.#send({ type: 'error', ...reportOf(error) });
    }
  }

  #lease(selection: Selection, signal: AbortSignal): Promise<Lease> {
    const leasing = this.#workspaces.lease(selection, signal);
    const done = leasing
      .then(
        () => {},
        () => {},
      )
      .finally(() => this.#leasing.delete(done));
    this.#leasing.add(done);
    return leasing;
  }

  /** The first picture, while the network is still being made ready. */
  async #preview({ recording: id, camera }: Selection, signal: AbortSignal): Promise<void> {
    let drive: DriveSource | null = null;
    try {
      const recording = await this.#catalogue.recording(id);
      drive = await openRecording(recording, {
        signal,
        ...(camera === undefined ? {} : { camera }),
      });
      const { video } = drive;
      await lanes.pictures.run(async () => {
        const stream = drive!.frames({ images: [], display: DISPLAY, frames: 1, signal });
        for await (const { pts, display, fit } of stream) {
          if (signal.aborted || !display || !this.#window.isOpen) return;
          const parts: PartBytes[] = [
            { kind: 'picture', method: '', ...displaySize(video, DISPLAY), bytes: display },
          ];
          this.#output.sendBuffers(
            encodeFrame(
              {
                sequence: this.#window.take(),
                generation: 0,
                frame: 0,
                pts,
                ...fitOnWire(fit),
                steering: null,
                driven: null,
                scores: [],
                agreement: null,
              },
              parts,
            ),
          );
        }
      }, signal);
    } catch {
      // Opening meets the same error, and tells it.
    } finally {
      await drive?.close();
    }
  }

  /** For a live feed. */
  async #leaveRecording(): Promise<void> {
    this.#opening?.stop.abort();
    this.#opening = null;
    await this.#stopWatching();
  }

  async #stopWatching(): Promise<void> {
    const watching = this.#watching;
    this.#watching = null;
    if (!watching) return;
    await watching.view.close();
    watching.lease.release();
  }

  #send(message: ServerMessage): void {
    this.#peer.send(wireText(message));
  }
}
