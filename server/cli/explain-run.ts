import { basename } from 'node:path';
import {
  isSteering,
  numberName,
  numberPlace,
  shortNumberName,
  type ExplainedNumber,
} from '../../shared/explained-number.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Target } from '../../shared/explanations.ts';
import { describeMethod, METHODS } from '../../shared/methods.ts';
import { subjectOf } from '../explain/compile.ts';
import { channelsOf } from '../inference/frame-stack.ts';
import { middleOf } from '../explain/iterative/ascent.ts';
import { FileSet } from '../files/file-set.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { explainTensor, resolveMethods, type ExplainedTensor } from '../pipeline/explain-tensor.ts';
import { frameSignals, type GivenInputs } from '../pipeline/frame-signals.ts';
import { pictureColors } from '../pipeline/picture-colors.ts';
import { inWorkshop } from '../pipeline/workshop/workshop.ts';
import { mapPlane } from '../results/map-plane.ts';
import { writeNpy } from '../files/npy.ts';
import { enlarged, overlayPicture } from '../results/overlay-picture.ts';
import { writePng, type RgbPicture } from '../results/png.ts';
import { onInterrupt } from './command-line.ts';
import { cameraOf, type DriveOptions } from './drive-options.ts';
import { frameShares, framesTold } from './explained-frames.ts';
import { readInput, type ExplainedInput } from './explain-input.ts';
import { methodChoices } from './method-choices.ts';
import { ProgressLine } from './progress-line.ts';
import { fitted } from './terminal.ts';

/** Explains one picture into a folder, and tells what was found. */
export interface ExplainOptions extends DriveOptions {
  readonly model: string;
  readonly output: string;
  readonly method: string;
  readonly option?: readonly string[];
  readonly target: Target;
  readonly at?: number;
  readonly frame?: number;
  readonly input?: readonly string[];
  /** Of a network that sees several frames: whose map is drawn, in its steps back from the newest. */
  readonly stepsBack?: number;
  readonly fps?: number;
  readonly provider: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly workers?: number;
}

export async function runExplain(path: string, options: ExplainOptions): Promise<void> {
  // Before anything is read: a slip in a method's name is told at once.
  resolveMethods(methodChoices(options.method, options.option));
  const network = await inWorkshop('info', {
    path: options.model,
    kind: 'steering',
    camera: options.camera,
  });
  const input = await readInput(path, network, {
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(options.frame === undefined ? {} : { frame: options.frame }),
    ...(options.drive === undefined ? {} : { drive: options.drive }),
    ...cameraOf(options),
    ...(options.stepsBack === undefined ? {} : { stepsBack: options.stepsBack }),
  });
  const abort = new AbortController();
  const working = explainInto(options.output, {
    path,
    options,
    network,
    input,
    signal: abort.signal,
  });
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
  report(told, options.output);
}

/** All that a run may write, the list of them last. */
function fileNames(): string[] {
  return [...METHODS.flatMap(({ id }) => [`${id}.npy`, `${id}.png`]), 'explain.json'];
}

interface Explaining {
  readonly path: string;
  readonly options: ExplainOptions;
  readonly network: NetworkInfo;
  readonly input: ExplainedInput;
  readonly signal: AbortSignal;
}

/** Leaves results in the folder only where all of them are there. */
async function explainInto(folder: string, explaining: Explaining): Promise<Told> {
  const files = await FileSet.open(folder, fileNames());
  try {
    return await explainWith(files, explaining);
  } finally {
    await files.abandon();
  }
}

async function explainWith(
  set: FileSet,
  { path, options, network, input, signal }: Explaining,
): Promise<Told> {
  const choices = methodChoices(options.method, options.option);
  const resolved = resolveMethods(choices);
  const signals = frameSignals(network, input.log, givenInputs(options.input));
  const progress = new MethodProgress();
  const explained = await explainTensor({
    modelPath: options.model,
    methods: choices,
    target: options.target,
    picture: input.picture,
    signals,
    state: input.state,
    camera: input.camera,
    ...(input.beside ? { beside: input.beside } : {}),
    pts: input.pts,
    signal,
    onProgress: (done, total, id) => progress.show(done, total, id),
    wish: { provider: options.provider, workers: options.workers ?? null },
  }).finally(() => progress.stop());

  const { number, scale, unit, positive } = network.shown;
  const answer: Answer = { number, value: explained[0]!.steering * scale, unit };
  const methods = [];
  for (const [index, picture] of explained.entries()) {
    const files = await writeMap(set, network, input, picture, answer);
    const { id, values, dims, note, milliseconds } = picture;
    const shares = frameShares(picture, network);
    methods.push({
      id,
      options: resolved[index]!.options,
      dims,
      ...ends(values),
      ...(shares ? { shares } : {}),
      note,
      files,
      milliseconds: Number(milliseconds.toFixed(1)),
    });
  }
  const summary = {
    roadgaze: 1,
    network: { name: network.name, sha256: network.digest },
    input: basename(path),
    frame: input.frame,
    pts: input.pts,
    ...(network.stack.count > 1 ? { frames: framesTold(network, input) } : {}),
    output: { ...number, name: numberName(number) },
    ...(isSteering(number)
      ? { steering: { value: answer.value, unit, positive } }
      : { answer: { value: answer.value } }),
    target: options.target,
    methods,
    assumptions: [...input.assumptions, ...network.assumptions, ...signals.assumptions],
  };
  await set.write('explain.json', `${JSON.stringify(summary, null, 2)}\n`);
  await set.publish();
  return { input: summary.input, answer, methods, assumptions: summary.assumptions };
}

/** `name=value` or `name=value,value`, each once. Throws USAGE. */
function givenInputs(given: readonly string[] = []): GivenInputs {
  const inputs: Record<string, number[]> = {};
  for (const text of given) {
    const at = text.lastIndexOf('=');
    const values = text
      .slice(at + 1)
      .split(',')
      .map((value) => (value.trim() === '' ? NaN : Number(value)));
    const name = text.slice(0, Math.max(0, at));
    if (name === '' || !values.every(Number.isFinite) || Object.hasOwn(inputs, name))
      throw new RoadgazeError(
        'USAGE',
        `--input ${text} is not the name of an input and its numbers, each input once.`,
        'Write it like --input speed=4.5.',
      );
    inputs[name] = values;
  }
  return inputs;
}

function ends(values: Float32Array): { minimum: number; maximum: number } {
  return values.reduce(
    (found, value) => ({
      minimum: Math.min(found.minimum, value),
      maximum: Math.max(found.maximum, value),
    }),
    { minimum: Infinity, maximum: -Infinity },
  );
}

interface Answer {
  readonly number: ExplainedNumber;
  /** As it is shown; perhaps no number at all. */
  readonly value: number;
  readonly unit: string | null;
}

/** Writes `<id>.npy` and `<id>.png`, and gives their names. */
async function writeMap(
  set: FileSet,
  network: NetworkInfo,
  input: ExplainedInput,
  explained: ExplainedTensor,
  answer: Answer,
): Promise<string[]> {
  const { id, values, dims } = explained;
  await set.write(`${id}.npy`, writeNpy({ dims, values }));
  await set.write(
    `${id}.png`,
    await writePng(
      id === 'ascent' ? ascended(network, values) : overlay(input, network, explained, answer),
    ),
  );
  return [`${id}.npy`, `${id}.png`];
}

function overlay(
  { shown, place, frame, pts, stepsBack }: ExplainedInput,
  { image: { layout }, stack }: NetworkInfo,
  { id, values, dims }: ExplainedTensor,
  { number, value, unit }: Answer,
): RgbPicture {
  const { name, kind, signed } = describeMethod(id)!;
  const moment = frame === null ? '' : `   frame ${frame} at ${pts!.toFixed(3)} s`;
  const caption = `${plain(name)}${moment}   ${shortNumberName(number)} ${Number.isFinite(value) ? `${value.toFixed(4)} ${unit ?? ''}` : 'no number'}`;
  return overlayPicture({
    picture: shown,
    place,
    map: mapPlane({ values, dims, kind, signed, layout, channels: channelsOf(stack, stepsBack) }),
    signed,
    caption,
  });
}

/** The small print has no Greek letters. */
function plain(name: string): string {
  return name
    .replaceAll('ε', 'epsilon')
    .replaceAll('α', 'alpha')
    .replaceAll('β', 'beta')
    .replaceAll('γ', 'gamma')
    .replaceAll('×', 'x');
}

/**
 * The picture that the ascent found says more by itself than over a frame that it has nothing to do
 * with.
 */
function ascended(network: NetworkInfo, values: Float32Array): RgbPicture {
  const { image } = network;
  const middle = middleOf(image.channels, subjectOf(network.sidecar).range);
  const channelOf = (index: number) =>
    image.layout === 'NHWC'
      ? index % image.channels
      : Math.floor(index / (image.height * image.width));
  return enlarged({
    width: image.width,
    height: image.height,
    rgb: pictureColors(
      network,
      image,
      values.map((value, index) => value + middle[channelOf(index)]!),
    ),
  });
}

/** A bar for each slow method, one after the other. */
class MethodProgress {
  #line: { readonly id: string; readonly bar: ProgressLine } | null = null;

  show(done: number, total: number, id: string): void {
    if (this.#line?.id !== id) {
      this.stop();
      this.#line = { id, bar: new ProgressLine(id, total, 'passes') };
    }
    this.#line.bar.advance(done);
  }

  stop(): void {
    this.#line?.bar.stop();
    this.#line = null;
  }
}

interface Told {
  readonly input: string;
  readonly answer: Answer;
  readonly methods: readonly {
    readonly id: string;
    readonly minimum: number;
    readonly maximum: number;
    readonly note: string | null;
    readonly milliseconds: number;
    readonly shares?: readonly number[];
  }[];
  readonly assumptions: readonly string[];
}

function report(
  { input, answer: { number, value, unit }, methods, assumptions }: Told,
  folder: string,
): void {
  const width = Math.max(...methods.map(({ id }) => id.length));
  const lines = [
    `${input}: ${numberName(number)}${Number.isFinite(value) ? ` ${value.toPrecision(4)}${unit === null ? '' : ` ${unit}`}` : ': the network gives no number'}`,
    ...(isSteering(number) && number.elements > 1 ? [`  steering is ${numberPlace(number)}`] : []),
    ...methods.map(
      ({ id, minimum, maximum, note, milliseconds, shares }) =>
        `  ${id.padEnd(width)}  ${threeDigits(minimum)} … ${threeDigits(maximum)}  in ${(milliseconds / 1000).toFixed(2)} s${sharesInWords(shares)}${note === null ? '' : `. ${note}`}`,
    ),
    ...assumptions.map((sentence) => `  note: ${sentence}`),
    `  results in ${folder}`,
  ];
  process.stdout.write(`${lines.map((line) => fitted(line, process.stdout, '    ')).join('\n')}\n`);
}

/** The newest first. */
function sharesInWords(shares: readonly number[] | undefined): string {
  if (!shares) return '';
  const [newest, ...older] = shares.map((share) => `${(100 * share).toFixed(0)} %`);
  return `, ${newest} on the newest frame, ${older.slice(0, 4).join(', ')}${older.length > 4 ? ' …' : ''} on those before`;
}

function threeDigits(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toPrecision(3);
}
