import type { WebSocket } from 'ws';
import { reportOf } from '../../shared/errors.ts';
import type { FlagSettings } from '../../shared/flags.ts';
import type { Point } from '../../shared/geometry.ts';
import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import { PROTOCOL_VERSION, type ClientMessage, type ServerMessage } from '../../shared/protocol/control-messages.ts';
import { encodeFrame, type PartBytes } from '../../shared/protocol/encode-frame.ts';
import type { ExplainedFrame } from '../pipeline/explain-frame.ts';
import { DISPLAY, type RenderedFrame } from '../pipeline/player-frames.ts';
import { AcknowledgementWindow } from '../pipeline/player-window.ts';
import { Player } from '../pipeline/player.ts';
import { decodeVideo } from '../video/decoder.ts';
import { displaySize } from '../video/filters.ts';
import { probeVideo } from '../video/probe.ts';
import { AnalysisFeed } from './analysis-feed.ts';
import type { Catalogue } from './catalogue.ts';
import { protocolViolation, readClientMessage } from './client-message.ts';
import { keepRoad } from './keep-road.ts';
import type { Feeds } from './live/feeds.ts';
import { isLiveMessage, LiveSide } from './live/live-side.ts';
import { SlowExplanations } from './slow-explanations.ts';
import { Verifications } from './verifications.ts';
import type { Workspace } from './workspace.ts';
import type { Lease, Selection, Workspaces } from './workspaces.ts';

interface Watching {
  readonly selection: Selection;
  readonly lease: Lease;
  readonly player: Player;
  readonly feed: AnalysisFeed;
  readonly slow: SlowExplanations<ExplainMessage>;
  readonly verifications: Verifications;
}

type ExplainMessage = Extract<ClientMessage, { type: 'explain' }>;
type ControlMessage = Extract<ClientMessage, { type: 'play' | 'pause' | 'seek' | 'explain' | 'verify' | 'cancel' }>;

interface Opening {
  readonly selection: Selection;
  /** Aborted by the next `open`, and at the end. */
  readonly stop: AbortController;
}

const NO_SCORES = { scores: [], agreement: null } as const;

/** One connection: reads its messages, and owns its player and its share of a workspace. */
export class Session {
  readonly #socket: WebSocket;
  readonly #catalogue: Catalogue;
  readonly #workspaces: Workspaces;
  readonly #window = new AcknowledgementWindow();
  readonly #feeds: Feeds;
  readonly #live: LiveSide;
  #watching: Watching | null = null;
  #opening: Opening | null = null;
  /** Roads are kept in the order in which they were drawn. */
  #keeping: Promise<void> = Promise.resolve();
  /** Of the last `seek`, or 0 since `opened`. */
  #generation = 0;
  #flags: FlagSettings;
  #closed = false;

  constructor(socket: WebSocket, catalogue: Catalogue, workspaces: Workspaces, feeds: Feeds, flags: FlagSettings) {
    this.#socket = socket;
    this.#flags = flags;
    this.#catalogue = catalogue;
    this.#workspaces = workspaces;
    this.#feeds = feeds;
    this.#live = new LiveSide(feeds, this.#window, () => this.#flags, {
      send: (message) => this.#send(message),
      sendBuffers: (buffers) => this.#sendBuffers(buffers),
      buffered: () => this.#socket.bufferedAmount,
      leaveRecording: () => this.#leaveRecording(),
    });
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.on('close', () => void this.close());
    // Too large or malformed messages; ws closes the connection itself, with the code that fits.
    socket.on('error', () => {});
    void this.#greet();
  }

  /** Resolves when nothing of this session runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#opening?.stop.abort();
    await Promise.all([this.#live.close(), this.#stopWatching()]);
  }

  async #greet(): Promise<void> {
    try {
      const [recordings, networks] = await Promise.all([this.#catalogue.recordings(), this.#catalogue.networks()]);
      this.#send({ type: 'hello', protocol: PROTOCOL_VERSION, product: 'Roadgaze', recordings, networks: networks.map(({ summary }) => summary), feeds: this.#feeds.list });
      this.#live.begin();
    } catch (error) {
      this.#send({ type: 'error', ...reportOf(error) });
      this.#socket.close(CLOSE_CODES.INTERNAL);
    }
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#closed) return;
    try {
      this.#handle(readClientMessage(data, isBinary));
    } catch (error) {
      const report = reportOf(error);
      this.#send({ type: 'error', ...report });
      this.#socket.close(report.code === 'PROTOCOL_VIOLATION' ? CLOSE_CODES.PROTOCOL_VIOLATION : CLOSE_CODES.INTERNAL, report.code);
      void this.close();
    }
  }

  #handle(message: ClientMessage): void {
    if (isLiveMessage(message)) return this.#live.handle(message);
    switch (message.type) {
      case 'open':
        void this.#open(message, message.frame ?? 0);
        return;
      case 'road':
        return this.#drawRoad(message.points);
      case 'painted':
        if (!this.#window.acknowledge(message.sequence)) throw protocolViolation(`frame message ${message.sequence} was never sent`);
        return this.#live.painted(message.sequence);
      case 'settings':
        this.#flags = message.flags;
        this.#watching?.feed.setFlags(message.flags);
        this.#live.setFlags(message.flags);
        return;
      default:
        this.#control(message);
    }
  }

  #control(message: ControlMessage): void {
    if (message.type === 'cancel') this.#live.cancel(message.request);
    // Meant for what was open before.
    if (this.#opening || this.#live.isWatching) return;
    if (!this.#watching) throw protocolViolation(`"${message.type}" came before anything was open`);
    const { player, slow, verifications } = this.#watching;
    switch (message.type) {
      case 'play':
        return player.play(message);
      case 'pause':
        return player.pause();
      case 'seek':
        this.#generation = message.generation;
        return player.seek(message.frame, message.generation);
      case 'explain':
        return slow.start(message);
      case 'verify':
        return verifications.start(message);
      case 'cancel':
        slow.cancel(message.request);
        return verifications.cancel(message.request);
    }
  }

  /** Opens again what is open, or is being opened anew, with another road. */
  #drawRoad(points: readonly Point[] | null): void {
    if (this.#live.isWatching) return this.#live.drawRoad(points);
    const { selection, lease, player } = this.#watching ?? {};
    if (!selection) {
      if (this.#opening) return;
      throw protocolViolation('"road" came before anything was open');
    }
    const wanted = this.#opening?.selection ?? selection;
    // Meant for what was open before.
    if (wanted.recording !== selection.recording) return;
    void this.#open(wanted, player!.playhead, async () => {
      this.#keeping = this.#keeping.catch(() => {}).then(() => keepRoad(this.#catalogue, lease!.workspace.path, points));
      await this.#keeping;
    });
  }

  async #open(selection: Selection, frame: number, prepare: () => Promise<void> = async () => {}): Promise<void> {
    this.#opening?.stop.abort();
    const stop = new AbortController();
    this.#opening = { selection, stop };
    const { signal } = stop;
    const isOther = selection.recording !== this.#watching?.selection.recording;
    this.#watching?.player.pause();
    let lease: Lease | null = null;
    try {
      await prepare();
      const leasing = this.#workspaces.lease(selection);
      // Otherwise the page knows its picture, or waits no longer for it than for its mask.
      if (frame === 0 && isOther) void this.#preview(selection.recording, signal);
      lease = await leasing;
      if (signal.aborted) return lease.release();
      await Promise.all([this.#live.leave(), this.#stopWatching()]);
      if (signal.aborted) return lease.release();
      stop.abort();
      this.#opening = null;
      this.#watch(selection, lease, frame);
    } catch (error) {
      lease?.release();
      if (signal.aborted) return;
      stop.abort();
      this.#opening = null;
      this.#send({ type: 'error', ...reportOf(error) });
    }
  }

  #watch(selection: Selection, lease: Lease, frame: number): void {
    const { workspace } = lease;
    this.#sendOpened(workspace);
    const player = new Player(workspace, this.#window, {
      frame: (rendered, number, generation) => this.#sendFrame(workspace, rendered, number, generation),
      state: (state) => this.#send({ type: 'state', ...state }),
      statistics: (statistics) => this.#send({ type: 'statistics', ...statistics }),
      failed: (error) => this.#send({ type: 'error', ...reportOf(error) }),
    });
    const feed = new AnalysisFeed(workspace, this.#flags, (message) => this.#send(message), () => this.#socket.bufferedAmount);
    const explained = {
      modelPath: workspace.network.path, provider: workspace.explainer.provider,
      locate: async (message: ExplainMessage) => {
        const { pts } = workspace.index;
        const number = Math.min(message.frame, pts.length - 1);
        return { message: { ...message, frame: number }, video: workspace.video, pts: number > 0 ? pts[number]! : null };
      },
    };
    const slow = new SlowExplanations(explained, this.#window, {
      send: (message) => this.#send(message),
      frame: (picture, { method, frame: number }) => this.#sendExplained(workspace, picture, method, number),
    });
    const verifications = new Verifications(workspace.checks, () => feed.flags, (message) => this.#send(message));
    this.#watching = { selection, lease, player, feed, slow, verifications };
    this.#generation = 0;
    player.seek(frame, 0);
  }

  #sendOpened({ recording, video, explainer, network, road, index, cause }: Workspace): void {
    const { name, crop, mask, methods, output } = explainer.network;
    this.#send({
      type: 'opened',
      recording: {
        id: recording.id,
        name: recording.name,
        durationSeconds: video.duration,
        size: { width: video.width, height: video.height },
        frameRate: video.averageFrameRate,
        hasLog: recording.logPath !== null,
        error: null,
      },
      network: { id: network.summary.id, name, crop, mask, methods, ...output },
      road,
      frames: index.pts.length,
      pts: [...index.pts],
      flags: this.#flags,
      cause,
    });
    this.#send({ type: 'provider', ...explainer.provider });
    this.#send({ type: 'state', playing: false, speed: 1, ended: false });
  }

  #sendFrame(workspace: Workspace, { pts, picture, steering, scores, agreement, masks, road }: RenderedFrame, frame: number, generation: number): void {
    const { methods, mask: maskSize } = workspace.explainer.network;
    const parts: PartBytes[] = [
      { kind: 'picture', method: '', ...displaySize(workspace.video, DISPLAY), bytes: picture },
      ...masks.map((bytes, index): PartBytes => ({ kind: 'mask', method: methods[index]!, ...maskSize, bytes })),
    ];
    if (road) parts.push({ kind: 'road', method: '', ...maskSize, bytes: road });
    const numbers = { steering: finiteOrNull(steering), driven: workspace.drivenAt(pts), scores, agreement };
    this.#sendBuffers(encodeFrame({ sequence: this.#window.take(), generation, frame, pts, ...numbers }, parts));
  }

  #sendExplained(workspace: Workspace, { pts, steering, mask }: ExplainedFrame, method: string, frame: number): void {
    const numbers = { steering: finiteOrNull(steering), driven: workspace.drivenAt(pts), ...NO_SCORES };
    const part: PartBytes = { kind: 'mask', method, ...workspace.explainer.network.mask, bytes: mask };
    this.#sendBuffers(encodeFrame({ sequence: this.#window.take(), generation: this.#generation, frame, pts, ...numbers }, [part]));
  }

  /** The first picture, while the network is still being made ready. */
  async #preview(recordingId: string, signal: AbortSignal): Promise<void> {
    try {
      const { videoPath } = await this.#catalogue.recording(recordingId);
      const video = await probeVideo(videoPath);
      const stream = decodeVideo({ path: videoPath, images: [], display: DISPLAY, frames: 1, signal });
      for await (const { pts, display } of stream) {
        if (signal.aborted || !display || !this.#window.isOpen) return;
        const parts: PartBytes[] = [{ kind: 'picture', method: '', ...displaySize(video, DISPLAY), bytes: display }];
        this.#sendBuffers(encodeFrame({ sequence: this.#window.take(), generation: 0, frame: 0, pts, steering: null, driven: null, ...NO_SCORES }, parts));
      }
    } catch {
      // Opening meets the same error, and tells it.
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
    watching.feed.close();
    await Promise.all([watching.player.close(), watching.slow.close(), watching.verifications.close()]);
    watching.lease.release();
  }

  #send(message: ServerMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** One message in as many fragments as there are buffers: none of them is copied. */
  #sendBuffers(buffers: readonly Uint8Array[]): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    buffers.forEach((buffer, index) => this.#socket.send(buffer, { binary: true, fin: index === buffers.length - 1 }));
  }
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
