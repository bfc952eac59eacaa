import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Target } from '../../shared/explanations.ts';
import { describeMethod } from '../../shared/methods.ts';
import { subjectOf } from '../explain/compile.ts';
import { imageInput, type ImageInput } from '../inference/explained-output.ts';
import { middleOf } from '../explain/iterative/ascent.ts';
import { loadNetwork, type NetworkFile } from '../inference/network-file.ts';
import { explainPicture, resolveMethods, type ExplainedPicture } from '../pipeline/explain-picture.ts';
import { pictureColors } from '../pipeline/picture-colors.ts';
import { mapPlane } from '../results/map-plane.ts';
import { writeNpy } from '../results/npy.ts';
import { enlarged, overlayPicture } from '../results/overlay-picture.ts';
import { writePng, type RgbPicture } from '../results/png.ts';
import { onInterrupt } from './command-line.ts';
import { readInput, type ExplainedInput } from './explain-input.ts';
import { methodChoices } from './method-choices.ts';
import { ProgressLine } from './progress-line.ts';
import { fitted } from './terminal.ts';

/** Explains one picture into a folder, and tells what was found. */
export interface ExplainOptions {
  readonly model: string;
  readonly output: string;
  readonly method: string;
  readonly option?: readonly string[];
  readonly target: Target;
  readonly at?: number;
  readonly frame?: number;
  readonly provider: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly workers?: number;
}

export async function runExplain(path: string, options: ExplainOptions): Promise<void> {
  const choices = methodChoices(options.method, options.option);
  const resolved = resolveMethods(choices);
  const network = await loadNetwork(options.model, 'steering');
  const input = await readInput(path, network, { ...(options.at === undefined ? {} : { at: options.at }), ...(options.frame === undefined ? {} : { frame: options.frame }) });
  await makeFolder(options.output);
  const abort = new AbortController();
  const progress = new MethodProgress();
  const explaining = explainPicture({
    modelPath: options.model, methods: choices, target: options.target, picture: input.picture, signal: abort.signal,
    onProgress: (done, total, id) => progress.show(done, total, id), wish: { provider: options.provider, workers: options.workers ?? null },
  });
  const released = onInterrupt(async () => { abort.abort(); await explaining.catch(() => {}); });
  const explained = await explaining.catch((error: unknown) => {
    // Whoever interrupted is told nothing more; the process ends when all is closed.
    if (abort.signal.aborted) return new Promise<never>(() => {});
    throw error;
  }).finally(() => { progress.stop(); released(); });

  const scale = network.sidecar.output?.scale ?? 1;
  const steering = { value: explained[0]!.steering * scale, unit: network.sidecar.output?.unit ?? null, positive: network.sidecar.output?.positive ?? null };
  const methods = [];
  for (const [index, picture] of explained.entries()) {
    const files = await writeMap(options.output, network, input, picture, steering);
    const { id, values, dims, note, milliseconds } = picture;
    methods.push({ id, options: resolved[index]!.options, dims, ...ends(values), note, files, milliseconds: Number(milliseconds.toFixed(1)) });
  }
  const summary = {
    roadgaze: 1, network: { name: network.name, sha256: network.digest }, input: basename(path), frame: input.frame, pts: input.pts,
    steering, target: options.target, methods, assumptions: network.assumptions,
  };
  await write(options.output, 'explain.json', `${JSON.stringify(summary, null, 2)}\n`);
  report(summary, options.output);
}

function ends(values: Float32Array): { minimum: number; maximum: number } {
  return values.reduce((found, value) => ({ minimum: Math.min(found.minimum, value), maximum: Math.max(found.maximum, value) }), { minimum: Infinity, maximum: -Infinity });
}

interface Steering {
  readonly value: number;
  readonly unit: string | null;
}

/** Writes `<id>.npy` and `<id>.png`, and gives their names. */
async function writeMap(folder: string, network: NetworkFile, input: ExplainedInput, explained: ExplainedPicture, steering: Steering): Promise<string[]> {
  const { id, values, dims } = explained;
  const image = imageInput(network.model, network.sidecar.input?.tensor ?? null);
  await write(folder, `${id}.npy`, writeNpy({ dims, values }));
  await write(folder, `${id}.png`, await writePng(id === 'ascent' ? ascended(network, image, values) : overlay(input, image, explained, steering)));
  return [`${id}.npy`, `${id}.png`];
}

function overlay({ shown, place, frame, pts }: ExplainedInput, { layout }: ImageInput, { id, values, dims }: ExplainedPicture, { value, unit }: Steering): RgbPicture {
  const { name, kind, signed } = describeMethod(id)!;
  const moment = frame === null ? '' : `   frame ${frame} at ${pts!.toFixed(3)} s`;
  const caption = `${plain(name)}${moment}   steering ${value.toFixed(4)} ${unit ?? ''}`;
  return overlayPicture({ picture: shown, place, map: mapPlane({ values, dims, kind, signed, layout }), signed, caption });
}

/** The small print has no Greek letters. */
function plain(name: string): string {
  return name.replaceAll('ε', 'epsilon').replaceAll('α', 'alpha').replaceAll('β', 'beta').replaceAll('γ', 'gamma').replaceAll('×', 'x');
}

/** The picture that the ascent found says more by itself than over a frame that it has nothing to do with. */
function ascended(network: NetworkFile, image: ImageInput, values: Float32Array): RgbPicture {
  const middle = middleOf(image.channels, subjectOf(network.sidecar).range);
  const channelOf = (index: number) => (image.layout === 'NHWC' ? index % image.channels : Math.floor(index / (image.height * image.width)));
  return enlarged({ width: image.width, height: image.height, rgb: pictureColors(network, image, values.map((value, index) => value + middle[channelOf(index)]!)) });
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => { throw notWritable(folder, cause); });
}

async function write(folder: string, name: string, content: Uint8Array | string): Promise<void> {
  await writeFile(join(folder, name), content).catch((cause: unknown) => { throw notWritable(folder, cause); });
}

function notWritable(folder: string, cause: unknown): RoadgazeError {
  return new RoadgazeError('OUTPUT_NOT_WRITABLE', `Results cannot be written to ${folder} (${(cause as NodeJS.ErrnoException).code}).`, 'Give another folder with -o, or make room on the disk.', { cause });
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
  readonly steering: Steering;
  readonly methods: readonly { readonly id: string; readonly minimum: number; readonly maximum: number; readonly note: string | null; readonly milliseconds: number }[];
  readonly assumptions: readonly string[];
}

function report({ input, steering, methods, assumptions }: Told, folder: string): void {
  const width = Math.max(...methods.map(({ id }) => id.length));
  const lines = [
    `${input}: steering ${steering.value.toPrecision(4)}${steering.unit === null ? '' : ` ${steering.unit}`}`,
    ...methods.map(({ id, minimum, maximum, note, milliseconds }) => `  ${id.padEnd(width)}  ${threeDigits(minimum)} … ${threeDigits(maximum)}  in ${(milliseconds / 1000).toFixed(2)} s${note === null ? '' : `. ${note}`}`),
    ...assumptions.map((sentence) => `  note: ${sentence}`),
    `  results in ${folder}`,
  ];
  process.stdout.write(`${lines.map((line) => fitted(line, process.stdout, '    ')).join('\n')}\n`);
}

function threeDigits(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toPrecision(3);
}
