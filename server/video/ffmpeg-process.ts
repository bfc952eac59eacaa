import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import ffmpeg from 'fluent-ffmpeg';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Program } from '../resources/program.ts';
import { startProgram } from '../resources/start-program.ts';
import { findTools } from './tools.ts';

/** One run of ffmpeg. */
export interface FfmpegProcess {
  /** What it writes to `pipe:1`; null where no output does. */
  readonly output: Readable | null;
  /** Resolves when ffmpeg has ended, however it did. */
  readonly ended: Promise<FfmpegEnd>;
  kill(): void;
  /**
   * Asks ffmpeg to take leave of the other side and to finish its files, for at most so long; then
   * kills it.
   */
  stop(milliseconds: number): void;
}

export interface FfmpegEnd {
  /** Exit status 0. */
  readonly success: boolean;
  /** Any other end in a few words, else empty. */
  readonly reason: string;
  /**
   * A signal ended it, or made it end itself: what it has written says nothing about where its
   * input ends.
   */
  readonly interrupted: boolean;
}

/**
 * An input or an output. fluent-ffmpeg splits a lone option at its spaces, and leaves two and more
 * alone.
 */
export interface FfmpegFile<Url = string> {
  readonly url: Url;
  readonly options: readonly [string, string, ...string[]];
}

/**
 * The types leave this out. fluent-ffmpeg only writes the command line: its own start asks ffmpeg
 * for its formats and encoders first, and takes the whole process with it where the machine has no
 * room for another one.
 */
type Command = ffmpeg.FfmpegCommand & { _getArguments(): string[] };

/** ffmpeg's exit status after SIGINT, SIGTERM and SIGHUP, upon which it finishes its files. */
const AFTER_SIGNAL = 255;

/**
 * Starts ffmpeg. `inputs` are options and URL each; `line` takes what it prints (warnings and
 * worse, `[level]` in front). Throws FFMPEG_MISSING, and FFMPEG_FAILED where the system does not
 * start it.
 */
export async function startFfmpeg(
  inputs: readonly FfmpegFile<string | Readable>[],
  outputs: readonly FfmpegFile[],
  line: (text: string) => void,
  { inBackground = false }: { readonly inBackground?: boolean } = {},
): Promise<FfmpegProcess> {
  const tools = await findTools();
  const command = ffmpeg() as Command;
  for (const { url, options } of inputs) command.input(url).inputOptions(...options);
  for (const { url, options } of outputs) command.output(url).outputOptions(...options);
  const source = inputs.find(
    (input): input is FfmpegFile<Readable> => typeof input.url !== 'string',
  )?.url;
  const program = await startProgram(tools.ffmpeg, command._getArguments(), {
    pipes: [
      ...(source ? (['stdin'] as const) : []),
      ...(outputs.some(({ url }) => url === 'pipe:1') ? (['stdout'] as const) : []),
      'stderr',
    ],
    inBackground,
  }).catch((cause: unknown) => {
    throw new RoadgazeError(
      'FFMPEG_FAILED',
      'ffmpeg cannot be started.',
      'Run `roadgaze doctor`.',
      { cause },
    );
  });
  if (source) feed(program, source);
  createInterface({ input: program.stderr! }).on('line', line);
  const ended = program.closed.then(({ code, signal }): FfmpegEnd => {
    const reason =
      code === 0
        ? ''
        : signal
          ? `ffmpeg was killed with signal ${signal}`
          : `ffmpeg exited with code ${code}`;
    return {
      success: code === 0,
      reason,
      interrupted: signal !== null || code === AFTER_SIGNAL,
    };
  });
  const kill = (): void => program.kill('SIGKILL');
  const stop = (milliseconds: number): void => {
    program.kill('SIGTERM');
    const timer = setTimeout(kill, milliseconds);
    void ended.then(() => clearTimeout(timer));
  };
  return { output: program.stdout, ended, kill, stop };
}

function feed(program: Program, source: Readable): void {
  // What is wrong with the source is told by whoever made it.
  source.on('error', () => program.kill('SIGKILL'));
  // ffmpeg may end before it has read everything.
  program.stdin!.on('error', () => {});
  source.pipe(program.stdin!);
}
