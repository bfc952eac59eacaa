import { nearest } from '../../shared/ascending.ts';
import type { Fit } from '../../shared/geometry.ts';
import { reportOf } from '../../shared/errors.ts';
import { explanationName } from '../../shared/explanations.ts';
import type { FlagSettings } from '../../shared/flags.ts';
import type { ClientMessage, OpenedRecording } from '../../shared/protocol/control-messages.ts';
import { encodeFrame, type PartBytes, fitOnWire } from '../../shared/protocol/encode-frame.ts';
import type { LogCurveRequest } from '../../shared/protocol/steering-messages.ts';
import { loggedSteering } from '../analysis/log-curve.ts';
import { VIDEO } from '../drive/readers/video.ts';
import type { DriveSource } from '../drive/source.ts';
import type { ExplainedStill } from '../pipeline/explain-still.ts';
import { DISPLAY, type RenderedFrame } from '../pipeline/player-frames.ts';
import type { AcknowledgementWindow } from '../pipeline/player-window.ts';
import type { PlaybackStatistics } from '../pipeline/player-playback.ts';
import type { PlayerState } from '../pipeline/player.ts';
import { displaySize } from '../video/filters.ts';
import { AnalysisSender } from './analysis-sender.ts';
import { SeenPictures } from './seen-pictures.ts';
import { SlowExplanations } from './slow-explanations.ts';
import { TrialPlayer } from './trial-player.ts';
import { Verifications } from './verifications.ts';
import type { ViewOutput } from './view-output.ts';
import type { Workspace } from '../workspaces/workspace.ts';

type ExplainMessage = Extract<ClientMessage, { type: 'explain' }>;
export type RecordingViewMessage = Extract<
  ClientMessage,
  {
    type:
      | 'play'
      | 'pause'
      | 'seek'
      | 'explain'
      | 'verify'
      | 'cancel'
      | 'log-curve'
      | 'try'
      | 'see-pictures';
  }
>;

/** What is shown first: a frame, or the one nearest to a time on the clock of `drive.origin`. */
export type ViewStart =
  | { readonly frame: number; readonly time?: undefined }
  | { readonly frame?: undefined; readonly time: number };

const NO_SCORES = { scores: [], agreement: null } as const;

/**
 * What one viewer sees of a recording: its frames, its analysis with flags, and what was asked for
 * beside.
 */
export class RecordingView {
  readonly #workspace: Workspace;
  readonly #window: AcknowledgementWindow;
  readonly #output: ViewOutput;
  readonly #playing: TrialPlayer;
  readonly #seen: SeenPictures;
  readonly #analysis: AnalysisSender;
  readonly #slow: SlowExplanations<ExplainMessage>;
  readonly #verifications: Verifications;
  /** Of the last `seek`, or 0. */
  #generation = 0;
  #isClosed = false;

  constructor(
    workspace: Workspace,
    window: AcknowledgementWindow,
    settings: FlagSettings,
    start: ViewStart,
    output: ViewOutput,
  ) {
    this.#workspace = workspace;
    this.#window = window;
    this.#output = output;
    const { send } = output;
    this.#describe(settings);
    const playing = {
      frame: (rendered: RenderedFrame, number: number, generation: number) =>
        this.#sendFrame(rendered, number, generation),
      state: (state: PlayerState) => send({ type: 'state', ...state }),
      statistics: (statistics: PlaybackStatistics) => send({ type: 'statistics', ...statistics }),
      failed: (error: unknown) => send({ type: 'error', ...reportOf(error) }),
    };
    this.#playing = new TrialPlayer(workspace, window, playing, send, () => this.#generation);
    this.#seen = new SeenPictures(workspace, send);
    this.#analysis = new AnalysisSender(workspace.analysis, settings, output);
    const explained = {
      modelPath: workspace.network.path,
      provider: workspace.explainer.provider,
      locate: async (message: ExplainMessage) => {
        const { pts } = workspace.index;
        const number = Math.min(message.frame, pts.length - 1);
        return {
          message: { ...message, frame: number },
          drive: workspace.drive,
          camera: workspace.drive.camera,
          log: workspace.analysis.record.log,
          pts: number > 0 ? pts[number]! : null,
          byHand: this.#playing.trial?.byHand,
          given: this.#playing.trial?.given,
        };
      },
    };
    this.#slow = new SlowExplanations(explained, window, {
      send,
      frame: (picture, message) =>
        this.#sendExplained(picture, explanationName(message), message.frame),
    });
    this.#verifications = new Verifications(
      workspace.analysis.checks,
      () => this.#analysis.flags,
      send,
    );
    const { index, drive } = workspace;
    this.#playing.player.seek(start.frame ?? nearest(index.pts, start.time - drive.origin), 0);
  }

  /** Frame that is shown, or will be next. */
  get playhead(): number {
    return this.#playing.player.playhead;
  }

  setFlags(settings: FlagSettings): void {
    this.#analysis.setFlags(settings);
  }

  pause(): void {
    this.#playing.player.pause();
  }

  control(message: RecordingViewMessage): void {
    switch (message.type) {
      case 'play':
        return this.#playing.player.play(message);
      case 'pause':
        return this.#playing.player.pause();
      case 'seek':
        this.#generation = message.generation;
        return this.#playing.player.seek(message.frame, message.generation);
      case 'explain':
        return this.#slow.start(message);
      case 'verify':
        return this.#verifications.start(message);
      case 'cancel':
        this.#slow.cancel(message.request);
        this.#seen.cancel(message.request);
        return this.#verifications.cancel(message.request);
      case 'log-curve':
        return void this.#sendLogCurve(message);
      case 'try':
        this.#generation = message.generation;
        return this.#playing.try(message);
      case 'see-pictures':
        return this.#seen.start(message);
    }
  }

  /** Resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#analysis.close();
    await Promise.all([
      this.#playing.close(),
      this.#seen.close(),
      this.#slow.close(),
      this.#verifications.close(),
    ]);
  }

  async #sendLogCurve({ request, column }: LogCurveRequest): Promise<void> {
    const { send } = this.#output;
    const { analysis } = this.#workspace;
    try {
      const curve = await analysis.logCurve(column);
      if (!this.#isClosed) send({ type: 'log-curve', request, ...curve });
    } catch (error) {
      if (!this.#isClosed) send({ type: 'error', request, ...reportOf(error) });
    }
  }

  /** Tells what is watched. */
  #describe(flags: FlagSettings): void {
    const { recording, drive, video, explainer, network, road, index } = this.#workspace;
    const { analysis, logNote, logNotes } = this.#workspace;
    const { name, crop, mask, methods, output } = explainer.network;
    const { send } = this.#output;
    send({
      type: 'opened',
      extent: 'fixed',
      recording: {
        id: recording.id,
        name: recording.name,
        durationSeconds: video.duration,
        size: { width: video.width, height: video.height },
        frameRate: video.averageFrameRate,
        hasLog: analysis.record.isCompared,
        error: null,
      },
      network: {
        id: network.summary.id,
        name,
        crop,
        mask,
        methods,
        notes: [...drive.assumptions, ...explainer.assumptions],
        ...explainer.ports,
        ...output,
      },
      road,
      ...describeDrive(drive),
      frames: index.pts.length,
      pts: [...index.pts],
      flags,
      cause: analysis.cause,
      ...(index.notes.length > 0 ? { notes: index.notes } : {}),
      ...(logNote ? { log: logNote } : {}),
      ...(logNotes.length > 0 ? { logNotes } : {}),
      ...(analysis.there.length > 0 ? { logged: analysis.there } : {}),
      ...(analysis.record.log
        ? { steering: loggedSteering(analysis.record.log, analysis.said) }
        : {}),
    });
    send({ type: 'provider', ...explainer.provider });
    send({ type: 'state', playing: false, speed: 1, ended: false });
  }

  #sendFrame(
    { pts, picture, fit, steering, scores, agreement, masks, road }: RenderedFrame,
    frame: number,
    generation: number,
  ): void {
    const { video, explainer } = this.#workspace;
    const { methods, mask: maskSize } = explainer.network;
    const parts: PartBytes[] = [
      { kind: 'picture', method: '', ...displaySize(video, DISPLAY), bytes: picture },
      ...masks.map((bytes, index): PartBytes => ({
        kind: 'mask',
        method: methods[index]!,
        ...maskSize,
        bytes,
      })),
    ];
    if (road) parts.push({ kind: 'road', method: '', ...maskSize, bytes: road });
    this.#send({ generation, frame, pts, ...fitOnWire(fit), steering, scores, agreement }, parts);
  }

  #sendExplained({ pts, steering, mask }: ExplainedStill, method: string, frame: number): void {
    const part: PartBytes = {
      kind: 'mask',
      method,
      ...this.#workspace.explainer.network.mask,
      bytes: mask,
    };
    this.#send({ generation: this.#generation, frame, pts, steering, ...NO_SCORES }, [part]);
  }

  #send(
    {
      steering,
      ...header
    }: Pick<RenderedFrame, 'pts' | 'steering' | 'scores' | 'agreement'> & {
      readonly frame: number;
      readonly generation: number;
      readonly fit?: Fit;
    },
    parts: readonly PartBytes[],
  ): void {
    const { analysis, explainer } = this.#workspace;
    const numbers = {
      steering,
      // A mean of what is around, which only the analysis knows.
      ...(explainer.tellsPull ? { pull: analysis.columns.of('pull')[header.frame] ?? null } : {}),
      ...analysis.record.at(header.pts),
    };
    this.#output.sendBuffers(
      encodeFrame(
        {
          sequence: this.#window.take(),
          ...header,
          ...numbers,
          // Of another number than was driven.
          ...(this.#playing.trial?.trial.output ? { driven: null } : {}),
          ...(explainer.takesSignals ? { inputs: explainer.signalsAt(header.pts) } : {}),
        },
        parts,
      ),
    );
  }
}

/** What of a drive a plain video does not have. */
function describeDrive({
  format,
  cameras,
  camera,
  origin,
}: DriveSource): Pick<OpenedRecording, 'format' | 'cameras' | 'camera' | 'origin'> {
  const several = cameras.map(({ id, title }) => ({ id, title }));
  return {
    ...(format === VIDEO.title ? {} : { format }),
    ...(several.length > 1 ? { cameras: several, camera, origin } : {}),
  };
}
