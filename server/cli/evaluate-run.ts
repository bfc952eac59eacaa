import { RoadgazeError } from '../../shared/errors.ts';
import { roadOfRecording } from '../attention/road-file.ts';
import { besideAskedCamera } from '../drive/beside-camera.ts';
import { drivesAt } from '../drive/drives-at.ts';
import type { Recording } from '../drive/recording.ts';
import { evaluateDrives } from '../evaluation/evaluate-drives.ts';
import type { EvaluatedDrive } from '../evaluation/evaluated-frames.ts';
import type { ExpectedWork } from '../evaluation/evaluation.ts';
import { FILLS, type Fill } from '../evaluation/fills.ts';
import { FileSet } from '../files/file-set.ts';
import { warmWorkshop } from '../pipeline/workshop/hands.ts';
import { onInterrupt } from './command-line.ts';
import { cardPage } from '../evaluation/card-page.ts';
import { cardTable } from './evaluate-table.ts';
import { chosenDrives, type DriveOptions } from './drive-options.ts';
import type { FrameRateOption } from './frame-rate-option.ts';
import { methodChoices } from './method-choices.ts';
import { ProgressLine } from './progress-line.ts';
import { parseRoad } from './road-option.ts';
import { fitted, widthOf } from './terminal.ts';

export interface EvaluateOptions extends DriveOptions, FrameRateOption {
  readonly model: string;
  readonly output: string;
  readonly methods?: string;
  readonly frames: number;
  readonly fills: string;
  readonly seed: number;
  readonly road?: string;
  readonly provider: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly workers?: number;
}

/** Evaluates all methods on a network into a folder, and tells what was found. */
export async function runEvaluate(
  inputs: readonly string[],
  options: EvaluateOptions,
): Promise<void> {
  warmWorkshop();
  const fills = fillsOf(options.fills);
  const methods =
    options.methods === undefined ? null : methodChoices(options.methods).map(({ id }) => id);
  const drives = await drivesOf(inputs, options);
  const abort = new AbortController();
  const working = evaluateInto(options, { drives, fills, methods, signal: abort.signal });
  const released = onInterrupt(async () => {
    abort.abort();
    await working.catch(() => {});
  });
  const told = await working
    .catch((error: unknown) => {
      // Whoever interrupted is told nothing more; the process ends when all is closed.
      if (abort.signal.aborted) return new Promise<never>(() => {});
      throw error;
    })
    .finally(released);
  process.stdout.write(told);
}

interface Evaluating {
  readonly drives: readonly EvaluatedDrive[];
  readonly fills: readonly Fill[];
  readonly methods: readonly string[] | null;
  readonly signal: AbortSignal;
}

/** Leaves results in the folder only where all of them are there. */
async function evaluateInto(
  { output, model, camera, frames, seed, provider, workers }: EvaluateOptions,
  evaluating: Evaluating,
): Promise<string> {
  const files = await FileSet.open(output, ['evaluation.html', 'evaluation.json']);
  let bar: ProgressLine | null = null;
  const show = (name: string, counted: string, done: number, total: number) => {
    bar ??= new ProgressLine(name, total, counted);
    bar.advance(done);
  };
  const stop = () => {
    bar?.stop();
    bar = null;
  };
  try {
    const evaluated = await evaluateDrives({
      ...evaluating,
      modelPath: model,
      camera,
      frames,
      seed,
      wish: { provider, workers: workers ?? null },
      onFrames: (done, total) => show('reading', 'frames', done, total),
      onPlan: (plan) => {
        stop();
        process.stderr.write(`${fitted(expectation(plan), process.stderr, '  ')}\n`);
      },
      onProgress: (done, total) => show('evaluating', 'passes', done, total),
    });
    stop();
    await files.write('evaluation.html', await cardPage(evaluated));
    await files.write('evaluation.json', `${JSON.stringify(evaluated.card, null, 2)}\n`);
    await files.publish();
    return `${cardTable(evaluated.card, widthOf(process.stdout))}\n  card in ${output}\n`;
  } finally {
    stop();
    await files.abandon();
  }
}

function expectation({
  compiled,
  iterative,
  nullMaps,
  frames,
  passes,
  seconds,
}: ExpectedWork): string {
  const time = seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} minutes`;
  return `${compiled.length + iterative.length} methods and ${nullMaps} maps that know nothing, on ${frames} frames: about ${passes} passes over the network, about ${time} on this machine`;
}

/** Throws USAGE. */
function fillsOf(text: string): readonly Fill[] {
  const names = text.split(',').map((name) => name.trim());
  const fills = FILLS.filter((fill) => names.includes(fill));
  const unknown = names.find((name) => !FILLS.some((fill) => fill === name));
  if (unknown !== undefined)
    throw new RoadgazeError(
      'USAGE',
      `--fills knows no "${unknown}".`,
      `Name some of ${FILLS.join(', ')}, with commas between.`,
    );
  return fills;
}

/** Throws INPUT_NOT_FOUND. */
async function drivesOf(
  inputs: readonly string[],
  options: EvaluateOptions,
): Promise<readonly EvaluatedDrive[]> {
  const drives: EvaluatedDrive[] = [];
  for (const input of inputs) {
    const recordings = chosenDrives(input, await drivesAt(input), options);
    if (recordings.length === 0)
      throw new RoadgazeError(
        'INPUT_NOT_FOUND',
        `There is no recording in ${input}.`,
        'Give a video or another drive, or a folder that holds some.',
      );
    for (const recording of recordings)
      drives.push({ recording, road: await roadOf(recording, options) });
  }
  return drives;
}

async function roadOf(recording: Recording, { road, camera }: EvaluateOptions) {
  if (road !== undefined) return parseRoad(road);
  const beside = await besideAskedCamera(recording, camera);
  return roadOfRecording({ beside, truthPath: recording.truthPath }, async () => null);
}
