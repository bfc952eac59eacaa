import { basename } from 'node:path';
import { lookupTable, signedLookupTable } from '../../shared/color-maps.ts';
import { reportOf, RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import { shortNumberName } from '../../shared/explained-number.ts';
import { goesByPull, type CausalCheck, type Fill, type Flag } from '../../shared/flags.ts';
import { describeMethod } from '../../shared/methods.ts';
import { RecordingAnalysis, type DrivenRow } from '../analysis/recording-analysis.ts';
import { roadOfRecording } from '../attention/road-file.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import { besideAskedCamera } from '../drive/beside-camera.ts';
import { readLogChoices, type LogChoices } from '../drive/log/choices.ts';
import type { Recording } from '../drive/recording.ts';
import type { StreamExplainer } from '../pipeline/stream-explainer.ts';
import { AnalysisFiles } from '../results/analysis-files.ts';
import { exportOverlay, overlayPicture, type OverlayFrame } from '../video/export.ts';
import { describeAnalysis, percent, type ReportedSummary } from './analyze-report.ts';
import { summaryOf } from './analyze-summary.ts';
import { onInterrupt } from './command-line.ts';
import { cameraOf, type DriveOptions } from './drive-options.ts';
import { flagSettingsOf, type FlagOptions } from './flag-options.ts';
import type { FrameRateOption } from './frame-rate-option.ts';
import { logChoicesOf, type LogOptions } from './log-options.ts';
import { methodChoices } from './method-choices.ts';
import { ProgressLine } from './progress-line.ts';
import { parseRoad } from './road-option.ts';

export interface AnalyzeOptions extends FlagOptions, LogOptions, FrameRateOption, DriveOptions {
  readonly model: string;
  readonly output: string;
  readonly method: string;
  readonly option?: readonly string[];
  readonly road?: string;
  readonly roadMargin?: number;
  readonly video?: boolean;
  /** true: named without a fill. */
  readonly verifyFlags?: Fill | true;
  readonly provider: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly workers?: number;
}

/**
 * Explains one recording into a folder and tells the outcome. Throws whatever keeps it from being
 * analysed.
 */
export async function analyzeInto(
  folder: string,
  recording: Recording,
  options: AnalyzeOptions,
): Promise<void> {
  const road = await roadOf(options, recording);
  const analysis = await RecordingAnalysis.open({
    recording,
    ...cameraOf(options),
    modelPath: options.model,
    road,
    log: await logOf(options, recording),
    needsLog: true,
    methods: methodChoices(options.method, options.option),
    pull: goesByPull(flagSettingsOf(options)),
    wish: { provider: options.provider, workers: options.workers ?? null },
  });
  const abort = new AbortController();
  let working: Promise<void> = Promise.resolve();
  const released = onInterrupt(async () => {
    abort.abort();
    analysis.stop();
    await working.catch(() => {});
    await analysis.close();
  });
  try {
    await (working = analyzeWhole(folder, { analysis, road, options, signal: abort.signal }));
  } catch (error) {
    // Whoever interrupted is told nothing more; the process ends when all is closed.
    if (abort.signal.aborted) return await new Promise<never>(() => {});
    throw error;
  } finally {
    released();
    await analysis.close();
  }
}

/** What was said of the log; it counts only where there is one. */
async function logOf(
  options: AnalyzeOptions,
  { beside }: Recording,
): Promise<LogChoices | ErrorReport> {
  const kept = await readLogChoices(beside.logChoices).catch(reportOf);
  return 'code' in kept ? kept : { ...kept, ...logChoicesOf(options) };
}

/** What was asked for; else what there is for the recording. */
async function roadOf(
  { road: wish, roadMargin: margin, camera }: AnalyzeOptions,
  recording: Recording,
): Promise<RoadSpecification> {
  const drawn = async (): Promise<RoadSpecification> => {
    const beside = await besideAskedCamera(recording, camera);
    return roadOfRecording({ beside, truthPath: recording.truthPath }, async () => null);
  };
  const road = wish === undefined ? await drawn() : parseRoad(wish);
  return road.kind === 'none' || margin === undefined ? road : { ...road, margin };
}

interface Job {
  readonly analysis: RecordingAnalysis;
  readonly road: RoadSpecification;
  readonly options: AnalyzeOptions;
  readonly signal: AbortSignal;
}

/** Leaves results in the folder only where all of them are there. */
async function analyzeWhole(folder: string, job: Job): Promise<void> {
  const files = await AnalysisFiles.create(folder, {
    ...job.analysis.explainer.network,
    there: job.analysis.there,
  });
  try {
    const summary = await analyze(files, job);
    process.stdout.write(describeAnalysis(summary, folder));
    const { shortfall } = summary;
    if (shortfall) throw new RoadgazeError(shortfall.code, shortfall.message, shortfall.hint);
  } finally {
    await files.abandon();
  }
}

async function analyze(
  files: AnalysisFiles,
  { analysis, road, options, signal }: Job,
): Promise<ReportedSummary> {
  const { drive, video, explainer } = analysis;
  const expected = analysis.index.pts.length;
  const progress = new ProgressLine(basename(drive.path), expected);
  const began = performance.now();
  const written = async function* (): AsyncGenerator<DrivenRow> {
    for await (const row of analysis.pass(options.video ? overlayPicture(video) : undefined)) {
      await files.writeFrame(row);
      progress.advance(analysis.columns.length);
      yield row;
    }
    // Frames without masks at its end would look like frames of a network that sees nothing.
    if (analysis.shortfall && options.video) throw new PassEndedEarly();
  };
  try {
    if (options.video) {
      await exportOverlay({
        video,
        output: files.overlay,
        frames: overlayFrames(written(), explainer),
        maskSize: explainer.network.mask,
        crop: explainer.network.crop,
        colormap: overlayColors(explainer.network.methods[0]!),
        signal,
      });
    } else for await (const _ of written());
  } catch (error) {
    if (!(error instanceof PassEndedEarly)) throw error;
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - began) / 1000;
  const settings = flagSettingsOf(options);
  const flags = analysis.flags(settings);
  const checks =
    options.verifyFlags && !analysis.shortfall
      ? await verified(analysis, flags, options.verifyFlags, signal)
      : null;
  const summary = summaryOf({ analysis, road, expected, flags, checks, seconds });
  await files.finish(
    {
      settings,
      ...(summary.complete ? {} : { complete: false }),
      flags: checks ? flags.map((flag, index) => ({ ...flag, check: checks[index]! })) : flags,
    },
    summary,
  );
  return summary;
}

/** Ends the masks of an overlay that would be of a part of the recording only. */
class PassEndedEarly extends Error {}

async function verified(
  analysis: RecordingAnalysis,
  flags: readonly Flag[],
  fill: Fill | true,
  signal: AbortSignal,
): Promise<(CausalCheck | null)[]> {
  const progress = new ProgressLine(`${basename(analysis.drive.path)}: flags`, flags.length * 5);
  try {
    return await analysis.verify({
      flags,
      signal,
      ...(fill === true ? {} : { fill }),
      onProgress: (done) => progress.advance(done),
    });
  } finally {
    progress.stop();
  }
}

async function* overlayFrames(
  rows: AsyncIterable<DrivenRow>,
  { network }: StreamExplainer,
): AsyncGenerator<OverlayFrame> {
  const unit = network.output.unit ?? '';
  const name = shortNumberName(network.output.number);
  for await (const { frame, pts, picture, fit, masks, steering, scores } of rows) {
    const onRoad = scores[0]?.onRoad ?? null;
    const share = onRoad === null ? '' : `   on road ${percent(onRoad)}`;
    yield {
      pts,
      picture: picture!,
      fit,
      mask: masks[0]!,
      text: `frame ${frame}   ${pts.toFixed(3)} s   ${name} ${Number.isFinite(steering) ? `${steering.toFixed(3)} ${unit}` : 'no number'}${share}`,
    };
  }
}

/** The viewer's first colour map, or its map of signs, as bytes R,G,B,A. */
function overlayColors(method: string): Uint8Array {
  const style = { map: 'inferno', opacity: 0.85, threshold: 0.05 } as const;
  const words = describeMethod(method)?.signed ? signedLookupTable(style) : lookupTable(style);
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
