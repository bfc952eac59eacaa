import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { reportOf, RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import { nearest } from '../../shared/ascending.ts';
import type { CausalCheck, Flag, FlagSettings } from '../../shared/flags.ts';
import type { OpenedRecording } from '../../shared/protocol/control-messages.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import { findFlags } from '../attention/flags/find-flags.ts';
import type { LogCurveMessage } from '../../shared/protocol/steering-messages.ts';
import type { LogChoices } from '../drive/log/choices.ts';
import type { DriveLog } from '../drive/log/drive-log.ts';
import { openPreferredCamera } from '../drive/open-recording.ts';
import type { DriveSource } from '../drive/source.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import { analyzeRecording, type AnalysisEnd, type AnalysisRow } from '../pipeline/analysis.ts';
import {
  steeringDeviation,
  verifyFlags,
  type CausalCheckRequest,
} from '../pipeline/causal-check.ts';
import type { StreamedChoice } from '../pipeline/frame-graph/names.ts';
import type { SeenBefore } from '../pipeline/pass-check.ts';
import type { StreamExplainer } from '../pipeline/stream-explainer.ts';
import { inWorkshop } from '../pipeline/workshop/workshop.ts';
import { openStreamExplainer } from '../pipeline/open-stream-explainer.ts';
import type { Bell } from '../pipeline/player-bell.ts';
import type { MeasureColumns } from '../results/measure-columns.ts';
import { timedBy } from '../video/frame-index.ts';
import type { FrameIndex, ImageFormat, VideoInfo } from '../video/frame-source.ts';
import { analysisKey, type AnalysisOrigin } from './analysis-key.ts';
import { readCausalTruth } from './causal-truth.ts';
import { companion, readLog, type Companion } from './companions.ts';
import { DrivingRecord, type DrivenValues } from './driving-record.ts';
import { curveOnWire, signalOf } from './log-curve.ts';
import { fitOfLog, type LogFit } from './log-fit.ts';
import { FlagChecks } from './flag-checks.ts';
import type { KeptAnalyses } from './kept-analyses.ts';
import { Progress } from './progress.ts';
import { RowSeries } from './row-series.ts';

/** How long an analysis waits that the machine has no room for, ms. */
const TRY_AGAIN_AFTER = 2000;

export interface RecordingAnalysisRequest extends AnalysisOrigin {
  /** The first is the one that flags are found in. */
  readonly methods: readonly StreamedChoice[];
  readonly wish: Partial<ProviderWish>;
  /** Id of a camera; the reader's first one without. */
  readonly camera?: string;
  /** A log that cannot be read ends the opening. Without it, `problems` tells of it. */
  readonly needsLog?: boolean;
  /** What was analysed before is taken from here, and what is analysed is put here. */
  readonly kept?: KeptAnalyses;
  /** Ends the opening at once. */
  readonly signal?: AbortSignal;
}

/** A row of the analysis, and what was driven at its time. */
export type DrivenRow = AnalysisRow & DrivenValues;

export type VerifyRequest = Pick<CausalCheckRequest, 'flags' | 'fill' | 'signal' | 'onProgress'>;

/**
 * One recording with one network, one road and some methods: the numbers of every frame, and what
 * follows from them. Whoever opens it either takes the rows (`pass`), or lets them come by
 * themselves (`begin`).
 */
export class RecordingAnalysis {
  readonly drive: DriveSource;
  /** As the drive tells it, with what only its index knows. */
  readonly video: VideoInfo;
  readonly explainer: StreamExplainer;
  /** One row for each frame that was analysed. */
  readonly rows: RowSeries;
  readonly progress = new Progress();
  readonly checks: FlagChecks;
  /** How far what was drawn to mislead moved the network, where somebody rendered that. */
  readonly cause: OpenedRecording['cause'];
  /** What went wrong without keeping the recording from being watched. */
  readonly problems: ErrorReport[] = [];
  /** What was logged, where that could be read. */
  readonly record: DrivingRecord;
  /** What a person said of the log. */
  readonly said: LogChoices;
  /** What the drive and its log left open. */
  readonly assumptions: readonly string[];
  readonly #onWhole: () => void;
  /** Rows of another analysis that was running when this one was opened. */
  readonly #taken: number;
  #began: () => () => void = () => () => {};
  #isRunningNoMore: () => void = () => {};
  readonly #stop = new AbortController();
  #index: FrameIndex;
  #shortfall: ErrorReport | null = null;
  #warnings: readonly string[] = [];
  #working: Promise<void> = Promise.resolve();

  private constructor({ request, drive, video, explainer, index, log, truth, key }: Parts) {
    const kept = request.kept?.get(key);
    this.drive = drive;
    this.video = video;
    this.explainer = explainer;
    this.#index = kept?.index ?? index;
    this.cause = truth.value;
    this.problems.push(...log.problems, ...truth.problems);
    const { network } = explainer;
    this.record = new DrivingRecord(log.value, network.output);
    this.assumptions = [...drive.assumptions, ...this.record.assumptions];
    this.said = 'code' in request.log ? {} : request.log;
    const said = JSON.stringify(request.log);
    const { record } = this;
    const besideLog = (rows: RowSeries): RowSeries =>
      rows.besideLog(this.there, (pts) => record.at(pts));
    // Somebody has said more of the log meanwhile; what the network answers stays. What it has in
    // mind comes only out of all frames before.
    const running = explainer.memory === null ? request.kept?.running(key) : null;
    this.rows = kept
      ? kept.log === said
        ? kept.rows
        : besideLog(kept.rows)
      : running
        ? besideLog(running)
        : new RowSeries(network, { there: this.there });
    this.#taken = kept ? 0 : this.rows.end;
    if (!kept && request.kept) this.#began = () => request.kept!.began(key, this.rows);
    // They are of frames and of what the network answers, whatever was driven.
    const checks = kept?.checks ?? new Map<string, CausalCheck | null>();
    this.checks = new FlagChecks((wanted) => this.verify(wanted), checks);
    this.#onWhole = () =>
      request.kept?.put(key, { rows: this.rows, index: this.index, checks, log: said });
    if (kept) this.progress.complete();
  }

  /**
   * Opens drive and network side by side. Throws CAMERA_UNKNOWN, VIDEO_*, MODEL_*, METHOD_*,
   * SIDECAR_INVALID, ROAD_INVALID, CROP_OUTSIDE_FRAME, PROVIDER_UNAVAILABLE, INFERENCE_FAILED, and
   * with `needsLog` LOG_INVALID, INPUT_NOT_FOUND.
   */
  static async open(request: RecordingAnalysisRequest): Promise<RecordingAnalysis> {
    const { recording, modelPath, road, methods, pull = false, wish, signal } = request;
    const drive = await openSeenCamera(request);
    const stop = new AbortController();
    const logging = companion(readLog(request.log, drive), request.needsLog);
    const explaining = openStreamExplainer({
      modelPath,
      road,
      video: drive.video,
      camera: drive.camera,
      drive,
      methods,
      pull,
      wish,
      // Its failure is met below.
      log: logging.then(
        ({ value }) => value,
        () => null,
      ),
      signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    });
    // Its failure is met below; until then it must not count as unhandled.
    explaining.catch(() => {});
    try {
      const origin = await analysisKey(request, drive);
      const index = await drive.index();
      const video = timedBy(drive.video, index);
      const log = await logging;
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
          modelPath,
          explainer.network.output.unit,
          index.pts,
        ),
      );
      const key = explainer.takesSignals ? `${origin}${JSON.stringify(request.log)}` : origin;
      return new RecordingAnalysis({ request, drive, video, explainer, index, log, truth, key });
    } catch (error) {
      stop.abort();
      await explaining.then(
        (explainer) => explainer.close(),
        () => {},
      );
      await drive.close();
      throw error;
    }
  }

  /** What of the measures that are optional its rows have. */
  get there(): readonly string[] {
    return [...this.record.logged, ...(this.explainer.tellsPull ? ['pull'] : [])];
  }

  /** All rows so far. */
  get columns(): MeasureColumns {
    return this.rows.columns;
  }

  /** Rings when rows, index, problems or end are others than before. */
  get changed(): Bell {
    return this.rows.changed;
  }

  /** As the file lists the frames, and once all of them were decoded, as they are. */
  get index(): FrameIndex {
    return this.#index;
  }

  /** No more rows will come. */
  get hasEnded(): boolean {
    return this.progress.isComplete;
  }

  /** Why the rows are of a part of the recording only; null while they come, and when all came. */
  get shortfall(): ErrorReport | null {
    return this.#shortfall;
  }

  /** What ffmpeg warns of, and frames of the index that gave no picture. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /**
   * Analyses the recording: each row is among `rows` when it is given out, and the next ones
   * wait for whoever takes it. With `picture` rows bring masks, road and the frame too. Throws as
   * `analyzeRecording`.
   */
  async *pass(picture?: ImageFormat): AsyncGenerator<DrivenRow, void, undefined> {
    const { signal } = this.#stop;
    const seen = this.#seen;
    let end: AnalysisEnd = { warnings: [], shortfall: null };
    if (seen && nearest(this.#index.pts, seen.last) === this.#index.pts.length - 1)
      return this.#finish(end);
    const rows = analyzeRecording({
      drive: this.drive,
      explainer: this.explainer,
      expected: this.#index.pts,
      seen,
      ...(picture ? { picture } : {}),
      signal,
      onEnd: (reached) => {
        end = reached;
      },
    });
    for await (const row of rows) {
      const driven = { ...row, ...this.record.at(row.pts) };
      this.progress.advance(row.frame + 1);
      this.rows.push(row.frame, driven);
      yield driven;
    }
    if (!signal.aborted) this.#finish(end);
  }

  /**
   * Analyses the recording in the background, unless it is analysed already. `next` is awaited
   * after each row; it gets a signal that ends it. What goes wrong is a shortfall and a problem;
   * where the machine has no room at first, it is tried again.
   */
  begin(next: (signal: AbortSignal) => Promise<void>): void {
    if (this.hasEnded) return;
    this.#isRunningNoMore = this.#began();
    this.#working = this.#work(next);
  }

  /** How the log goes with the rows so far; null where nothing of it is steering. */
  get logFit(): LogFit | null {
    const taken = this.record.log?.taken;
    return taken ? fitOfLog(this.columns, this.explainer.network.output, taken, this.said) : null;
  }

  /**
   * A signal of the log as it was logged; the one that is taken where `column` is null. Throws
   * LOG_INVALID, INPUT_NOT_FOUND.
   */
  async logCurve(column: string | null): Promise<Omit<LogCurveMessage, 'type' | 'request'>> {
    const said = column === null ? this.said : { ...this.said, column };
    const log = this.drive.hasLog ? await this.drive.log(said) : null;
    if (!log?.taken)
      throw new RoadgazeError(
        'LOG_INVALID',
        `${basename(this.drive.path)} has no signal that is taken as steering.`,
        'Choose one of those that it has.',
      );
    const { taken } = log;
    return {
      signal: signalOf(taken),
      ...curveOnWire(
        taken.times.map((time) => time - (said.offset ?? 0)),
        taken.values,
      ),
      ...fitOfLog(this.columns, this.explainer.network.output, taken, said),
    };
  }

  /** The flags of the rows so far. */
  flags(settings: FlagSettings): Flag[] {
    return findFlags(
      this.columns.forFlags,
      settings,
      degreesPerUnit(this.explainer.network.output),
    );
  }

  /** As `verifyFlags`, against how much the network steers in the rows so far. */
  verify(request: VerifyRequest): Promise<(CausalCheck | null)[]> {
    return verifyFlags({
      ...request,
      drive: this.drive,
      explainer: this.explainer,
      steeringDeviation: steeringDeviation(this.columns.of('steering')),
    });
  }

  /** Ends what works on frames, as `close` does, without waiting for it. */
  stop(): void {
    this.#isRunningNoMore();
    this.#stop.abort();
  }

  /** Ends what works in the background and its decoder, and closes explainer and drive. */
  async close(): Promise<void> {
    this.stop();
    await this.#working;
    await this.explainer.close();
    await this.drive.close();
  }

  async #work(next: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && !this.hasEnded) {
      try {
        for await (const _ of this.pass()) await next(signal);
      } catch (error) {
        if (signal.aborted) return;
        const report = reportOf(error);
        if (report.code !== 'MACHINE_EXHAUSTED' || this.columns.length > this.#taken)
          return this.#finish({ warnings: [], shortfall: report });
        if (!this.problems.some(({ code }) => code === report.code)) this.problems.push(report);
        this.changed.ring();
        await pause(TRY_AGAIN_AFTER, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** The rows that are there already; null where there is none. */
  get #seen(): SeenBefore | null {
    const { pts } = this.columns;
    const last = pts.at(-1);
    return last === undefined ? null : { frames: pts.length, last };
  }

  #finish({ warnings, shortfall }: AnalysisEnd): void {
    this.#isRunningNoMore();
    this.#warnings = warnings;
    this.#shortfall = shortfall;
    if (shortfall) this.problems.push(shortfall);
    else {
      this.#takeExactTimestamps();
      this.#onWhole();
    }
    this.progress.complete();
    this.changed.ring();
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

/** With the camera that the network is for, unless another one was asked for. */
function openSeenCamera({
  recording,
  modelPath,
  camera,
  signal,
}: RecordingAnalysisRequest): Promise<DriveSource> {
  return openPreferredCamera(
    recording,
    { ...(camera === undefined ? {} : { camera }), ...(signal ? { signal } : {}) },
    async () => {
      const wanted = { path: modelPath, kind: 'steering' } as const;
      return (await inWorkshop('info', wanted, { signal })).sidecar.input?.camera;
    },
  );
}

interface Parts {
  readonly request: RecordingAnalysisRequest;
  readonly drive: DriveSource;
  readonly video: VideoInfo;
  readonly explainer: StreamExplainer;
  readonly index: FrameIndex;
  readonly log: Companion<DriveLog>;
  readonly truth: Companion<NonNullable<OpenedRecording['cause']>>;
  /** Of what is kept. */
  readonly key: string;
}
