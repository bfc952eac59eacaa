import { basename } from 'node:path';
import { lookupTable, signedLookupTable } from '../../shared/color-maps.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import type { CausalCheck, Fill, Flag } from '../../shared/flags.ts';
import { describeMethod } from '../../shared/methods.ts';
import type { Agreement } from '../../shared/protocol/frame-message.ts';
import { isSteering, numberName, shortNumberName } from '../../shared/explained-number.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import { findFlags } from '../attention/flags/find-flags.ts';
import { roadOfRecording } from '../attention/road-file.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import { readLogChoices } from '../drive/log/choices.ts';
import type { DriveLog } from '../drive/log/drive-log.ts';
import { openRecording } from '../drive/open-recording.ts';
import type { Recording } from '../drive/recording.ts';
import type { DriveSource } from '../drive/source.ts';
import { analyzeRecording, type AnalysisEnd, type AnalysisRow } from '../pipeline/analysis.ts';
import { steeringDeviation, verifyFlags } from '../pipeline/causal-check.ts';
import { drivenSteering, whyNotCompared } from '../pipeline/driven-steering.ts';
import type { FrameExplainer } from '../pipeline/frame-explainer.ts';
import { openExplainer } from '../pipeline/open-explainer.ts';
import { AnalysisFiles } from '../results/analysis-files.ts';
import {
  flagColumns,
  onRoadOf,
  statisticsOf,
  type FrameNumbers,
} from '../results/frame-numbers.ts';
import { exportOverlay, overlayPicture, type OverlayFrame } from '../video/export.ts';
import type { FrameIndex, VideoInfo } from '../video/frame-source.ts';
import { timedBy } from '../video/frame-index.ts';
import { describeAnalysis, percent, type ReportedSummary } from './analyze-report.ts';
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
  const drive = await openRecording(recording, cameraOf(options));
  try {
    await analyzeDrive(folder, recording, drive, options);
  } finally {
    await drive.close();
  }
}

async function analyzeDrive(
  folder: string,
  recording: Recording,
  drive: DriveSource,
  options: AnalyzeOptions,
): Promise<void> {
  const index = await drive.index();
  const video = timedBy(drive.video, index);
  const log = drive.hasLog
    ? await drive.log({
        ...(await readLogChoices(recording.beside.logChoices)),
        ...logChoicesOf(options),
      })
    : null;
  const road = await roadOf(options, recording);
  const explainer = await openExplainer({
    modelPath: options.model,
    road,
    video,
    methods: methodChoices(options.method, options.option),
    wish: { provider: options.provider, workers: options.workers ?? null },
  });
  const abort = new AbortController();
  let working: Promise<void> = Promise.resolve();
  const released = onInterrupt(async () => {
    abort.abort();
    await working.catch(() => {});
    await explainer.close();
  });
  try {
    await (working = analyzeWhole(folder, {
      drive,
      video,
      index,
      explainer,
      road,
      options,
      signal: abort.signal,
      driven: drivenSteering(explainer.network.output, log),
      logAssumptions: [...drive.assumptions, ...logNotes(explainer, log)],
    }));
  } catch (error) {
    // Whoever interrupted is told nothing more; the process ends when all is closed.
    if (abort.signal.aborted) return await new Promise<never>(() => {});
    throw error;
  } finally {
    released();
    await explainer.close();
  }
}

/** What the log left open, and why it is not compared with the network. */
function logNotes({ network }: FrameExplainer, log: DriveLog | null): string[] {
  const reason = whyNotCompared(network.output, log);
  return [...new Set([...(log?.assumptions ?? []), ...(reason === null ? [] : [reason])])];
}

/** What was asked for; else what there is for the recording. */
async function roadOf(
  { road: wish, roadMargin: margin }: AnalyzeOptions,
  recording: Recording,
): Promise<RoadSpecification> {
  const road =
    wish === undefined ? await roadOfRecording(recording, async () => null) : parseRoad(wish);
  return road.kind === 'none' || margin === undefined ? road : { ...road, margin };
}

/** Of frames for which the network gives no number. */
function withoutNumber(frames: readonly FrameNumbers[]): string[] {
  const count = frames.filter(({ steering }) => !Number.isFinite(steering)).length;
  if (count === 0) return [];
  if (count === frames.length)
    return [
      'The network gives no number on any frame, so nothing is found in this recording: look for NaN in its weights, and check that the sidecar scales the picture as in training.',
    ];
  return [
    `The network gives no number on ${count} of ${frames.length} frames: their rows have none, and nothing is flagged there.`,
  ];
}

const GUESSED =
  'Nothing says where the road is: a trapezoid is taken for it, and shares and flags are as rough as that. Give --road.';

interface Analysis {
  readonly drive: DriveSource;
  readonly video: VideoInfo;
  readonly index: FrameIndex;
  readonly explainer: FrameExplainer;
  readonly road: RoadSpecification;
  readonly options: AnalyzeOptions;
  readonly signal: AbortSignal;
  readonly driven: ((pts: number) => number) | null;
  readonly logAssumptions: readonly string[];
}

/** Leaves results in the folder only where all of them are there. */
async function analyzeWhole(folder: string, analysis: Analysis): Promise<void> {
  const files = await AnalysisFiles.create(folder, analysis.explainer.network);
  try {
    const report = await analyze(files, analysis);
    process.stdout.write(describeAnalysis(report, folder));
    const { shortfall } = report;
    if (shortfall) throw new RoadgazeError(shortfall.code, shortfall.message, shortfall.hint);
  } finally {
    await files.abandon();
  }
}

async function analyze(
  files: AnalysisFiles,
  { drive, video, index, explainer, road, options, signal, driven, logAssumptions }: Analysis,
): Promise<ReportedSummary> {
  const { pts: expected } = index;
  const file = basename(drive.path);
  const progress = new ProgressLine(file, expected.length);
  const began = performance.now();
  const frames: FrameNumbers[] = [];
  let end: AnalysisEnd = { warnings: [], shortfall: null };
  const rows = analyzeRecording({
    drive,
    explainer,
    expected,
    ...(options.video ? { picture: overlayPicture(video) } : {}),
    signal,
    onEnd: (reached) => {
      end = reached;
    },
  });
  const written = async function* (): AsyncGenerator<AnalysisRow> {
    for await (const row of rows) {
      const { frame, pts, steering, scores, agreement } = row;
      const numbers = { frame, pts, steering, scores, agreement, driven: driven?.(pts) ?? NaN };
      frames.push(numbers);
      await files.writeFrame(numbers);
      progress.advance(frames.length);
      yield row;
    }
    // Frames without masks at its end would look like frames of a network that sees nothing.
    if (end.shortfall && options.video) throw new PassEndedEarly();
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
  const { network, provider } = explainer;
  const settings = flagSettingsOf(options);
  const flags = findFlags(
    flagColumns(frames, network.methods),
    settings,
    degreesPerUnit(network.output),
  );
  const { shortfall } = end;
  const checks =
    options.verifyFlags && !shortfall
      ? await verified({ drive, explainer, frames, flags, fill: options.verifyFlags, signal })
      : null;
  const number = (value: number | null | undefined) => value ?? NaN;
  const methods = network.methods.map((id, method) => ({
    id,
    onRoad: statisticsOf(frames.map((frame) => onRoadOf(frame, method))),
    lift: statisticsOf(frames.map(({ scores }) => number(scores[method]?.lift))),
    peakOnRoad:
      statisticsOf(frames.map(({ scores }) => number(scores[method]?.peakOnRoad)))?.mean ?? null,
  }));
  const agreement = (field: keyof Agreement) =>
    statisticsOf(frames.map((frame) => number(frame.agreement?.[field])));
  const summary = {
    roadgaze: 1,
    recording: {
      file,
      width: video.width,
      height: video.height,
      codec: video.codec,
      durationSeconds: video.duration,
      frames: frames.length,
    },
    complete: shortfall === null,
    ...(shortfall ? { shortfall, framesExpected: expected.length } : {}),
    network: {
      name: network.name,
      sha256: network.digest,
      ...network.output,
      number: { ...network.output.number, name: numberName(network.output.number) },
    },
    road:
      road.kind === 'model'
        ? { kind: road.kind, file: basename(road.path) }
        : road.kind === 'truth'
          ? { kind: road.kind }
          : road,
    ...(isSteering(network.output.number)
      ? {
          steering: statisticsOf(frames.map((frame) => frame.steering)),
          steeringError: statisticsOf(
            frames.map((frame) => Math.abs(frame.steering - frame.driven)),
          ),
        }
      : { answer: statisticsOf(frames.map((frame) => frame.steering)) }),
    onRoad: methods[0]!.onRoad,
    methods,
    ...(methods.length > 1
      ? {
          agreement: {
            spearman: agreement('spearman'),
            ssim: agreement('ssim'),
            topOverlap: agreement('topOverlap'),
          },
        }
      : {}),
    flags: flags.length,
    ...(checks ? { confirmed: checks.filter((check) => check?.isConfirmed).length } : {}),
    run: {
      provider,
      seconds: Number(seconds.toFixed(3)),
      framesPerSecond: Number((frames.length / seconds).toFixed(1)),
    },
    assumptions: [
      ...index.notes,
      ...explainer.assumptions,
      ...withoutNumber(frames),
      ...logAssumptions,
      ...(road.kind === 'guess' ? [GUESSED] : []),
    ],
    warnings: end.warnings,
  };
  await files.finish(
    {
      settings,
      ...(shortfall ? { complete: false } : {}),
      flags: checks ? flags.map((flag, index) => ({ ...flag, check: checks[index]! })) : flags,
    },
    summary,
  );
  return summary;
}

/** Ends the masks of an overlay that would be of a part of the recording only. */
class PassEndedEarly extends Error {}

interface Verification {
  readonly drive: DriveSource;
  readonly explainer: FrameExplainer;
  readonly frames: readonly FrameNumbers[];
  readonly flags: readonly Flag[];
  readonly fill: Fill | true;
  readonly signal: AbortSignal;
}

async function verified({
  drive,
  frames,
  fill,
  ...request
}: Verification): Promise<(CausalCheck | null)[]> {
  const progress = new ProgressLine(`${basename(drive.path)}: flags`, request.flags.length * 5);
  try {
    return await verifyFlags({
      ...request,
      drive,
      steeringDeviation: steeringDeviation(frames.map(({ steering }) => steering)),
      ...(fill === true ? {} : { fill }),
      onProgress: (done) => progress.advance(done),
    });
  } finally {
    progress.stop();
  }
}

async function* overlayFrames(
  rows: AsyncIterable<AnalysisRow>,
  { network }: FrameExplainer,
): AsyncGenerator<OverlayFrame> {
  const unit = network.output.unit ?? '';
  const name = shortNumberName(network.output.number);
  for await (const { frame, pts, picture, masks, steering, scores } of rows) {
    const onRoad = scores[0]?.onRoad ?? null;
    const share = onRoad === null ? '' : `   on road ${percent(onRoad)}`;
    yield {
      pts,
      picture: picture!,
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
