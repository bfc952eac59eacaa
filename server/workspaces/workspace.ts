import { basename } from 'node:path';
import type { ErrorReport } from '../../shared/errors.ts';
import type { OpenedRecording, RoadSource } from '../../shared/protocol/control-messages.ts';
import type { KeptAnalyses } from '../analysis/kept-analyses.ts';
import { RecordingAnalysis } from '../analysis/recording-analysis.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import type { LogChoices } from '../drive/log/choices.ts';
import type { Recording } from '../drive/recording.ts';
import type { DriveSource } from '../drive/source.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import { streamedChoices } from '../pipeline/frame-graph/names.ts';
import type { StreamExplainer } from '../pipeline/stream-explainer.ts';
import { Bell } from '../pipeline/player-bell.ts';
import { FrameCache, type PlayableSource } from '../pipeline/player-frames.ts';
import type { PlaybackPriority } from '../pipeline/playback-priority.ts';
import type { MeasureColumns } from '../results/measure-columns.ts';
import type { FrameIndex, VideoInfo } from '../video/frame-source.ts';
import type { Network } from '../catalogue/networks.ts';

const CACHE_BYTES = 96 << 20;
/** While a viewer waits for frames, the analysis still goes on at this pace (ms a frame). */
const SLOWEST_PACE = 500;

/** What a workspace is opened with. */
export interface WorkspaceRequest {
  readonly recording: Recording;
  /** The drive's first one without. */
  readonly camera?: string;
  readonly network: Network;
  readonly road: RoadSpecification;
  /** What a person said of the log, or why that cannot be read. */
  readonly log: LogChoices | ErrorReport;
  /** Names of explanations, in the order of the panes. */
  readonly methods: readonly string[];
  /** The analysis tells how far the network is pulled by what it looks at off the road. */
  readonly pull?: boolean;
  readonly wish: ProviderWish;
}

/**
 * One recording with one network and the same methods, shared by everybody who watches it: the
 * frames shown last, and the analysis, which runs once, in the background.
 */
export class Workspace implements PlayableSource {
  readonly recording: Recording;
  readonly network: Network;
  readonly analysis: RecordingAnalysis;
  readonly road: RoadSource;
  readonly roadSpecification: RoadSpecification;
  readonly cache = new FrameCache(CACHE_BYTES);
  readonly priority: PlaybackPriority;
  /** The wish to know in which unit the log is, or why it is not compared. */
  readonly logNote: OpenedRecording['log'] | null;
  readonly #wake = new Bell();
  #resting = false;

  private constructor(
    { recording, network, road }: WorkspaceRequest,
    analysis: RecordingAnalysis,
    priority: PlaybackPriority,
  ) {
    this.recording = recording;
    this.network = network;
    this.analysis = analysis;
    this.road = roadSource(road);
    this.roadSpecification = road;
    this.priority = priority;
    const { whyNotCompared: reason, asksForUnit, asksForRatio } = analysis.record;
    this.logNote =
      reason === null ? null : { reason, asksForUnit, ...(asksForRatio ? { asksForRatio } : {}) };
    analysis.begin((signal) => this.#next(signal));
  }

  /**
   * `signal` ends the work on the network at once. Throws CAMERA_UNKNOWN, VIDEO_*, MODEL_*, METHOD_*,
   * SIDECAR_INVALID, ROAD_INVALID, CROP_OUTSIDE_FRAME, PROVIDER_UNAVAILABLE, INFERENCE_FAILED.
   */
  static async open(
    request: WorkspaceRequest,
    kept: KeptAnalyses,
    priority: PlaybackPriority,
    signal: AbortSignal,
  ): Promise<Workspace> {
    const { recording, camera, network, road, log, methods, pull = false, wish } = request;
    const analysis = await RecordingAnalysis.open({
      recording,
      ...(camera === undefined ? {} : { camera }),
      modelPath: network.path,
      road,
      log,
      methods: streamedChoices(methods),
      pull,
      wish,
      kept,
      signal,
    });
    return new Workspace(request, analysis, priority);
  }

  get drive(): DriveSource {
    return this.analysis.drive;
  }

  get video(): VideoInfo {
    return this.analysis.video;
  }

  get explainer(): StreamExplainer {
    return this.analysis.explainer;
  }

  get index(): FrameIndex {
    return this.analysis.index;
  }

  get columns(): MeasureColumns {
    return this.analysis.columns;
  }

  /** No more rows will come. */
  get hasAnalysisEnded(): boolean {
    return this.analysis.hasEnded;
  }

  /** What drive and log left open, without what `logNote` says. */
  get assumptions(): readonly string[] {
    return this.analysis.assumptions.filter((sentence) => sentence !== this.logNote?.reason);
  }

  /** What was taken for granted of the log, without what `logNote` says. */
  get logNotes(): readonly string[] {
    return this.analysis.record.assumptions.filter((sentence) => sentence !== this.logNote?.reason);
  }

  /** Lets the analysis wait, or go on: nobody watches this, and somebody watches something else. */
  rest(resting: boolean): void {
    this.#resting = resting;
    this.#wake.ring();
  }

  /** Ends the analysis and its decoder, and closes explainer and drive. */
  async close(): Promise<void> {
    this.analysis.stop();
    this.#wake.ring();
    await this.analysis.close();
  }

  /** Resolves when the analysis may go on to its next row. */
  async #next(signal: AbortSignal): Promise<void> {
    while (this.#resting && !signal.aborted) await this.#wake.wait();
    await this.priority.whenFree(SLOWEST_PACE);
  }
}

export function roadSource(road: RoadSpecification): RoadSource {
  if (road.kind === 'model') return { kind: 'model', name: basename(road.path) };
  return road.kind === 'truth' ? { kind: 'truth' } : road;
}
