import { basename, join } from 'node:path';
import { lookupTable } from '../../shared/color-maps.ts';
import { findFlags } from '../attention/flags.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import { readDriveLog, type Recording } from '../drive/recording.ts';
import { analyzeRecording, type AnalysisRow } from '../pipeline/analysis.ts';
import { drivenSteering } from '../pipeline/driven-steering.ts';
import type { FrameExplainer } from '../pipeline/frame-explainer.ts';
import { openExplainer } from '../pipeline/open-explainer.ts';
import { AnalysisFiles } from '../results/analysis-files.ts';
import { statisticsOf, type FrameNumbers } from '../results/frame-numbers.ts';
import { exportOverlay, type OverlayMask } from '../video/export.ts';
import type { VideoInfo } from '../video/frame-source.ts';
import { readFrameIndex } from '../video/frame-index.ts';
import { probeVideo } from '../video/probe.ts';
import { describeAnalysis, percent } from './analyze-report.ts';
import { onInterrupt } from './command-line.ts';
import { ProgressLine } from './progress-line.ts';
import { parseRoad } from './road-option.ts';

export interface AnalyzeOptions {
  readonly model: string;
  readonly output: string;
  readonly road?: string;
  readonly video?: boolean;
  readonly provider: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly workers?: number;
  readonly flagBelow: number;
  readonly flagUntil: number;
  readonly flagSeconds: number;
}

/** Explains one recording into a folder and tells the outcome. Throws whatever keeps it from being analysed. */
export async function analyzeInto(folder: string, recording: Recording, options: AnalyzeOptions): Promise<void> {
  const video = await probeVideo(recording.videoPath);
  const log = recording.logPath ? await readDriveLog(recording.logPath, video) : null;
  const road = roadOf(options.road, recording.truthPath);
  const explainer = await openExplainer({ modelPath: options.model, road, video, wish: { provider: options.provider, workers: options.workers ?? null } });
  const abort = new AbortController();
  const released = onInterrupt(async () => { abort.abort(); await explainer.close(); });
  try {
    await analyze({ path: recording.videoPath, folder, video, explainer, road, options, signal: abort.signal, driven: drivenSteering(explainer.network.output, log), logAssumptions: log?.assumptions ?? [] });
  } finally {
    released();
    await explainer.close();
  }
}

/** What was asked for; else the ground truth beside the recording, where there is some. */
function roadOf(wish: string | undefined, truthPath: string | null): RoadSpecification {
  if (wish !== undefined) return parseRoad(wish);
  return truthPath ? { kind: 'truth', path: truthPath } : { kind: 'none' };
}

interface Analysis {
  readonly path: string;
  readonly folder: string;
  readonly video: VideoInfo;
  readonly explainer: FrameExplainer;
  readonly road: RoadSpecification;
  readonly options: AnalyzeOptions;
  readonly signal: AbortSignal;
  readonly driven: ((pts: number) => number) | null;
  readonly logAssumptions: readonly string[];
}

async function analyze({ path, folder, video, explainer, road, options, signal, driven, logAssumptions }: Analysis): Promise<void> {
  const files = await AnalysisFiles.create(folder);
  const { pts: expected } = await readFrameIndex(path);
  const progress = new ProgressLine(basename(path), expected.length);
  const began = performance.now();
  const frames: FrameNumbers[] = [];
  let warnings: readonly string[] = [];
  const rows = analyzeRecording({ videoPath: path, explainer, signal, onWarnings: (list) => { warnings = list; } });
  const written = async function* (): AsyncGenerator<AnalysisRow> {
    for await (const row of rows) {
      const numbers = { frame: row.frame, pts: row.pts, steering: row.steering, driven: driven?.(row.pts) ?? NaN, onRoad: row.onRoad ?? NaN };
      frames.push(numbers);
      await files.writeFrame(numbers);
      progress.advance(frames.length);
      yield row;
    }
  };
  try {
    if (options.video) {
      await exportOverlay({
        input: path, output: join(folder, 'overlay.mp4'), masks: overlayMasks(written(), explainer), maskSize: explainer.network.mask,
        crop: explainer.network.crop, colormap: overlayColors(), signal,
      });
    } else for await (const _ of written());
  } catch (error) {
    files.abandon();
    throw error;
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - began) / 1000;
  const settings = { enterBelow: options.flagBelow, leaveAbove: options.flagUntil, minimumSeconds: options.flagSeconds };
  const flags = findFlags({ pts: frames.map((frame) => frame.pts), onRoad: frames.map((frame) => frame.onRoad) }, settings);
  const { network, provider } = explainer;
  const onRoad = statisticsOf(frames.map((frame) => frame.onRoad));
  const summary = {
    roadgaze: 1,
    recording: { file: basename(path), width: video.width, height: video.height, codec: video.codec, durationSeconds: video.duration, frames: frames.length },
    network: { name: network.name, sha256: network.digest, method: network.method, ...network.output },
    road: road.kind === 'model' ? { kind: road.kind, file: basename(road.path) } : road.kind === 'truth' ? { kind: road.kind } : road,
    steering: statisticsOf(frames.map((frame) => frame.steering)),
    steeringError: statisticsOf(frames.map((frame) => Math.abs(frame.steering - frame.driven))),
    onRoad,
    flags: flags.length,
    run: { provider, seconds: Number(seconds.toFixed(3)), framesPerSecond: Number((frames.length / seconds).toFixed(1)) },
    assumptions: [...explainer.assumptions, ...logAssumptions],
    warnings,
  };
  await files.finish({ settings, flags }, summary);
  process.stdout.write(describeAnalysis(summary, folder));
}

async function* overlayMasks(rows: AsyncIterable<AnalysisRow>, { network }: FrameExplainer): AsyncGenerator<OverlayMask> {
  const unit = network.output.unit ?? '';
  for await (const { frame, pts, mask, steering, onRoad } of rows) {
    const share = onRoad === null ? '' : `   on road ${percent(onRoad)}`;
    yield { pts, mask, text: `frame ${frame}   ${pts.toFixed(3)} s   steering ${steering.toFixed(3)} ${unit}${share}` };
  }
}

/** The viewer's first colour map, as bytes R,G,B,A. */
function overlayColors(): Uint8Array {
  const words = lookupTable({ map: 'inferno', opacity: 0.85, threshold: 0.05 });
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
