import type { WebSocket } from 'ws';
import { reportOf } from '../../shared/errors.ts';
import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import { PROTOCOL_VERSION, type ClientMessage, type FlagSettings, type ServerMessage } from '../../shared/protocol/control-messages.ts';
import { encodeFrame, type PartBytes } from '../../shared/protocol/encode-frame.ts';
import { DEFAULT_FLAG_SETTINGS } from '../attention/flags.ts';
import { DISPLAY, type RenderedFrame } from '../pipeline/player-frames.ts';
import { AcknowledgementWindow } from '../pipeline/player-window.ts';
import { Player } from '../pipeline/player.ts';
import { decodeVideo } from '../video/decoder.ts';
import { displaySize } from '../video/filters.ts';
import { probeVideo } from '../video/probe.ts';
import { AnalysisFeed } from './analysis-feed.ts';
import type { Catalogue } from './catalogue.ts';
import { protocolViolation, readClientMessage } from './client-message.ts';
import type { Workspace } from './workspace.ts';
import type { Lease, Workspaces } from './workspaces.ts';

interface Watching {
  readonly lease: Lease;
  readonly player: Player;
  readonly feed: AnalysisFeed;
}

/** One connection: reads its messages, and owns its player and its share of a workspace. */
export class Session {
  readonly #socket: WebSocket;
  readonly #catalogue: Catalogue;
  readonly #workspaces: Workspaces;
  readonly #window = new AcknowledgementWindow();
  #watching: Watching | null = null;
  /** Aborted by the next `open`, and at the end. */
  #opening: AbortController | null = null;
  #flags: FlagSettings = DEFAULT_FLAG_SETTINGS;
  #closed = false;

  constructor(socket: WebSocket, catalogue: Catalogue, workspaces: Workspaces) {
    this.#socket = socket;
    this.#catalogue = catalogue;
    this.#workspaces = workspaces;
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.on('close', () => void this.close());
    // Too large or malformed messages; ws closes the connection itself, with the code that fits.
    socket.on('error', () => {});
    void this.#greet();
  }

  /** Resolves when nothing of this session runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#opening?.abort();
    await this.#stopWatching();
  }

  async #greet(): Promise<void> {
    try {
      const [recordings, networks] = await Promise.all([this.#catalogue.recordings(), this.#catalogue.networks()]);
      this.#send({ type: 'hello', protocol: PROTOCOL_VERSION, product: 'Roadgaze', recordings, networks: networks.map(({ summary }) => summary) });
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
    switch (message.type) {
      case 'open':
        void this.#open(message.recording, message.network);
        return;
      case 'painted':
        if (!this.#window.acknowledge(message.sequence)) throw protocolViolation(`frame message ${message.sequence} was never sent`);
        return;
      case 'settings':
        this.#flags = message.flags;
        this.#watching?.feed.setFlags(message.flags);
        return;
      default:
        this.#control(message);
    }
  }

  #control(message: Extract<ClientMessage, { type: 'play' | 'pause' | 'seek' }>): void {
    // Meant for what was open before.
    if (this.#opening) return;
    if (!this.#watching) throw protocolViolation(`"${message.type}" came before anything was open`);
    const { player } = this.#watching;
    if (message.type === 'play') player.play(message);
    else if (message.type === 'pause') player.pause();
    else player.seek(message.frame, message.generation);
  }

  async #open(recordingId: string, networkId: string): Promise<void> {
    this.#opening?.abort();
    const opening = new AbortController();
    this.#opening = opening;
    this.#watching?.player.pause();
    let lease: Lease | null = null;
    try {
      const leasing = this.#workspaces.lease(recordingId, networkId);
      void this.#preview(recordingId, opening.signal);
      lease = await leasing;
      if (opening.signal.aborted) return lease.release();
      await this.#stopWatching();
      if (opening.signal.aborted) return lease.release();
      opening.abort();
      this.#opening = null;
      this.#watch(lease);
    } catch (error) {
      lease?.release();
      if (opening.signal.aborted) return;
      opening.abort();
      this.#opening = null;
      this.#send({ type: 'error', ...reportOf(error) });
    }
  }

  #watch(lease: Lease): void {
    const { workspace } = lease;
    this.#sendOpened(workspace);
    const player = new Player(workspace, this.#window, {
      frame: (frame, number, generation) => this.#sendFrame(workspace, frame, number, generation),
      state: (state) => this.#send({ type: 'state', ...state }),
      statistics: (statistics) => this.#send({ type: 'statistics', ...statistics }),
      failed: (error) => this.#send({ type: 'error', ...reportOf(error) }),
    });
    const feed = new AnalysisFeed(workspace, this.#flags, (message) => this.#send(message), () => this.#socket.bufferedAmount);
    this.#watching = { lease, player, feed };
    player.seek(0, 0);
  }

  #sendOpened({ recording, video, explainer, networkId, road, index }: Workspace): void {
    const { name, crop, mask, method, output } = explainer.network;
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
      network: { id: networkId, name, crop, mask, method, ...output },
      road,
      frames: index.pts.length,
      pts: [...index.pts],
      flags: this.#flags,
    });
    this.#send({ type: 'provider', ...explainer.provider });
    this.#send({ type: 'state', playing: false, speed: 1, ended: false });
  }

  #sendFrame(workspace: Workspace, { pts, picture, steering, onRoad, mask, road }: RenderedFrame, frame: number, generation: number): void {
    const { method, mask: maskSize } = workspace.explainer.network;
    const parts: PartBytes[] = [
      { kind: 'picture', method: '', ...displaySize(workspace.video, DISPLAY), bytes: picture },
      { kind: 'mask', method, ...maskSize, bytes: mask },
    ];
    if (road) parts.push({ kind: 'road', method: '', ...maskSize, bytes: road });
    const numbers = { steering: Number.isFinite(steering) ? steering : null, driven: workspace.drivenAt(pts), onRoad };
    this.#sendBuffers(encodeFrame({ sequence: this.#window.take(), generation, frame, pts, ...numbers }, parts));
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
        this.#sendBuffers(encodeFrame({ sequence: this.#window.take(), generation: 0, frame: 0, pts, steering: null, driven: null, onRoad: null }, parts));
      }
    } catch {
      // Opening meets the same error, and tells it.
    }
  }

  async #stopWatching(): Promise<void> {
    const watching = this.#watching;
    this.#watching = null;
    if (!watching) return;
    watching.feed.close();
    await watching.player.close();
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
