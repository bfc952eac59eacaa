import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { reportOf, RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import { exhaustionOf } from '../../shared/exhaustion.ts';
import type { CausalCheck } from '../../shared/flags.ts';
import type { OpenedMessage, RoadSource } from '../../shared/protocol/control-messages.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import type { LogChoices } from '../drive/log/choices.ts';
import type { DriveLog } from '../drive/log/drive-log.ts';
import { openRecording } from '../drive/open-recording.ts';
import type { Recording } from '../drive/recording.ts';
import type { DriveSource } from '../drive/source.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import { analyzeRecording } from '../pipeline/analysis.ts';
import { drivenSteering, whyNotCompared } from '../pipeline/driven-steering.ts';
import { streamedChoices } from '../pipeline/frame-graph/frame-graph.ts';
import type { FrameExplainer } from '../pipeline/frame-explainer.ts';
import { openExplainer } from '../pipeline/open-explainer.ts';
import { Bell } from '../pipeline/player-bell.ts';
import { FrameCache, type PlayableSource } from '../pipeline/player-frames.ts';
import type { PlaybackPriority } from '../pipeline/playback-priority.ts';
import { MeasureColumns } from '../results/measure-columns.ts';
import { timedBy } from '../video/frame-index.ts';
import type { FrameIndex, VideoInfo } from '../video/frame-source.ts';
import type { Network } from './catalogue.ts';
import { readCausalTruth } from './causal-truth.ts';
import { FlagChecks } from './flag-checks.ts';
import type { KeptAnalyses } from './kept-analyses.ts';
import { Progress } from './progress.ts';

const CACHE_BYTES = 96 << 20;
/** While a viewer waits for frames, the analysis still goes on at this pace (ms a frame). */
const SLOWEST_PACE = 500;
/** How long an analysis waits that the machine has no room for, ms. */
const TRY_AGAIN_AFTER = 2000;

/** What a workspace is opened with. */
export interface WorkspaceRequest {
  readonly recording: Recording;
  readonly network: Network;
  readonly road: RoadSpecification;
  /** What a person said of the log, or why that cannot be read. */
  readonly log: LogChoices | ErrorReport;
  /** Names of explanations, in the order of the panes. */
  readonly methods: readonly string[];
  readonly wish: ProviderWish;
}

/**
 * One recording with one network and the same methods, shared by everybody who watches it: the
 * explainer, the frames shown last, and the analysis, which runs once, in the background.
 */
export class Workspace implements PlayableSource {
  readonly recording: Recording;
  readonly network: Network;
  readonly drive: DriveSource;
  readonly video: VideoInfo;
  readonly explainer: FrameExplainer;
  readonly road: RoadSource;
  readonly cache = new FrameCache(CACHE_BYTES);
  readonly priority: PlaybackPriority;
  readonly columns: MeasureColumns;
  readonly progress = new Progress();
  readonly checks: FlagChecks;
  readonly cause: OpenedMessage['cause'];
  /** What went wrong without keeping the recording from being watched. */
  readonly problems: ErrorReport[] = [];
  /** What was driven can be held against the network. */
  readonly isCompared: boolean;
  readonly logNote: OpenedMessage['log'] | null;
  /** What the log left open. */
  readonly assumptions: readonly string[];
  #index: FrameIndex;
  readonly #drivenAt: (pts: number) => number;
  readonly #stop = new AbortController();
  readonly #wake = new Bell();
  #resting = false;
  #shortfall: ErrorReport | null = null;
  readonly #analysis: Promise<void>;

  private constructor(parts: WorkspaceParts) {
    this.recording = parts.recording;
    this.network = parts.network;
    this.drive = parts.drive;
    this.video = parts.video;
    this.explainer = parts.explainer;
    this.road = roadSource(parts.road);
    this.priority = parts.priority;
    const kept = parts.kept.get(parts.key);
    this.columns = kept?.columns ?? new MeasureColumns(parts.methods);
    this.#index = kept?.index ?? parts.index;
    this.cause = parts.cause;
    this.problems.push(...parts.problems);
    const { output } = parts.explainer.network;
    const driven = drivenSteering(output, parts.driveLog);
    this.#drivenAt = driven ?? (() => NaN);
    this.isCompared = driven !== null;
    const reason = whyNotCompared(output, parts.driveLog);
    this.logNote =
      reason === null ? null : { reason, asksForUnit: Boolean(parts.driveLog?.question) };
    this.assumptions = [
      ...parts.drive.assumptions,
      ...(parts.driveLog?.assumptions ?? []).filter((sentence) => sentence !== reason),
    ];
    const checks = kept?.checks ?? new Map<string, CausalCheck | null>();
    this.checks = new FlagChecks(
      { drive: this.drive, explainer: this.explainer, steering: () => this.columns.of('steering') },
      checks,
    );
    if (kept) this.progress.complete();
    this.#analysis = kept
      ? Promise.resolve()
      : this.#analyze(() =>
          parts.kept.put(parts.key, { columns: this.columns, index: this.index, checks }),
        );
  }

  /**
   * `signal` ends the work on the network at once. Throws VIDEO_*, MODEL_*, METHOD_*,
   * SIDECAR_INVALID, ROAD_INVALID, CROP_OUTSIDE_FRAME, PROVIDER_UNAVAILABLE, INFERENCE_FAILED.
   */
  static async open(
    request: WorkspaceRequest,
    kept: KeptAnalyses,
    priority: PlaybackPriority,
    signal: AbortSignal,
  ): Promise<Workspace> {
    const { recording, network, road, methods, wish } = request;
    const drive = await openRecording(recording, { signal });
    const explaining = openExplainer({
      modelPath: network.path,
      road,
      video: drive.video,
      methods: streamedChoices(methods),
      wish,
      signal,
    });
    // Its failure is met below; until then it must not count as unhandled.
    explaining.catch(() => {});
    try {
      const key = await analysisKey(request, drive);
      const index = await drive.index();
      const video = timedBy(drive.video, index);
      const log = await companion(readLog(request, drive));
      if (index.pts.length === 0)
        throw new RoadgazeError(
          'VIDEO_UNREADABLE',
          `${recording.path} has no frames.`,
          'Choose another recording; this one may be cut off.',
        );
      const explainer = await explaining;
      const truth = await companion(
        readCausalTruth(
          recording.beside.causes,
          video,
          network.path,
          explainer.network.output.unit,
          index.pts,
        ),
      );
      return new Workspace({
        ...request,
        drive,
        video,
        explainer,
        index,
        driveLog: log.value,
        cause: truth.value,
        problems: [...log.problems, ...truth.problems],
        kept,
        key,
        priority,
      });
    } catch (error) {
      await explaining.then(
        (explainer) => explainer.close(),
        () => {},
      );
      await drive.close();
      throw error;
    }
  }

  get index(): FrameIndex {
    return this.#index;
  }

  /** No more rows will come. */
  get hasAnalysisEnded(): boolean {
    return this.progress.isComplete;
  }

  /**
   * Why the analysis is of a part of the recording only; null while it goes on, and when it is
   * whole.
   */
  get shortfall(): ErrorReport | null {
    return this.#shortfall;
  }

  drivenAt(pts: number): number | null {
    const driven = this.#drivenAt(pts);
    return Number.isNaN(driven) ? null : driven;
  }

  /** Lets the analysis wait, or go on: nobody watches this, and somebody watches something else. */
  rest(resting: boolean): void {
    this.#resting = resting;
    this.#wake.ring();
  }

  /** Ends the analysis and its decoder, and closes explainer and drive. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake.ring();
    await this.#analysis;
    await this.explainer.close();
    await this.drive.close();
  }

  async #analyze(onComplete: () => void): Promise<void> {
    const { signal } = this.#stop;
    try {
      const rows = analyzeRecording({
        drive: this.drive,
        explainer: this.explainer,
        expected: this.#index.pts,
        signal,
        onEnd: ({ shortfall }) => {
          this.#shortfall = shortfall;
        },
      });
      for await (const row of rows) {
        this.columns.push({ ...row, driven: this.#drivenAt(row.pts) });
        this.progress.advance(this.columns.length);
        while (this.#resting && !signal.aborted) await this.#wake.wait();
        await this.priority.whenFree(SLOWEST_PACE);
      }
    } catch (error) {
      if (signal.aborted) return;
      const report = reportOf(error);
      const waits = report.code === 'MACHINE_EXHAUSTED' && this.columns.length === 0;
      if (!waits) this.#shortfall = report;
      else if (!this.problems.some(({ code }) => code === report.code)) this.problems.push(report);
      if (waits) {
        await pause(TRY_AGAIN_AFTER, undefined, { signal }).catch(() => {});
        return signal.aborted ? undefined : this.#analyze(onComplete);
      }
    }
    if (signal.aborted) return;
    if (this.#shortfall) this.problems.push(this.#shortfall);
    else {
      this.#takeExactTimestamps();
      onComplete();
    }
    this.progress.complete();
  }

  /** What was decoded is what there is: from here on the index is made of it. */
  #takeExactTimestamps(): void {
    const { pts } = this.columns;
    const known = this.#index.pts;
    if (
      pts.length > 0 &&
      (pts.length !== known.length ||
        pts.some((value, frame) => Math.abs(value - known[frame]!) > 1e-6))
    ) {
      this.#index = { pts: pts.slice(), exact: true, notes: this.#index.notes };
    }
  }
}

interface WorkspaceParts extends WorkspaceRequest {
  readonly drive: DriveSource;
  readonly video: VideoInfo;
  readonly explainer: FrameExplainer;
  readonly index: FrameIndex;
  readonly driveLog: DriveLog | null;
  readonly cause: OpenedMessage['cause'];
  readonly problems: readonly ErrorReport[];
  readonly kept: KeptAnalyses;
  readonly key: string;
  readonly priority: PlaybackPriority;
}

/**
 * Tells analyses apart: all that their numbers come from, with size and time of change of every
 * file.
 */
async function analysisKey(
  { recording, network, road, log, methods }: WorkspaceRequest,
  drive: DriveSource,
): Promise<string> {
  const sidecar = (path: string) => `${path.slice(0, path.length - extname(path).length)}.json`;
  const models = road.kind === 'model' ? [network.path, road.path] : [network.path];
  const files = [road.kind === 'truth' ? road.path : null, ...models, ...models.map(sidecar)];
  const versions = await Promise.all(
    files.map(
      async (path) =>
        path &&
        stat(path).then(
          ({ size, mtimeMs }) => `${path}@${size}@${mtimeMs}`,
          () => null,
        ),
    ),
  );
  const { id, key } = recording;
  return JSON.stringify([
    id,
    key,
    drive.camera,
    await drive.version(),
    versions,
    road,
    log,
    methods,
  ]);
}

/** Throws LOG_INVALID, INPUT_NOT_FOUND. */
async function readLog({ log }: WorkspaceRequest, drive: DriveSource): Promise<DriveLog | null> {
  if (!drive.hasLog) return null;
  if ('code' in log) throw new RoadgazeError(log.code, log.message, log.hint);
  return drive.log(log);
}

/** What lies beside a recording; where it cannot be read, the video can be watched all the same. */
interface Companion<Value> {
  readonly value: Value | null;
  readonly problems: readonly ErrorReport[];
}

async function companion<Value>(reading: Promise<Value | null>): Promise<Companion<Value>> {
  try {
    return { value: await reading, problems: [] };
  } catch (error) {
    // Not the file's fault: it is not to be missing for all who watch from now on.
    if (exhaustionOf(error)) throw error;
    return { value: null, problems: [reportOf(error)] };
  }
}

export function roadSource(road: RoadSpecification): RoadSource {
  if (road.kind === 'model') return { kind: 'model', name: basename(road.path) };
  return road.kind === 'truth' ? { kind: 'truth' } : road;
}
