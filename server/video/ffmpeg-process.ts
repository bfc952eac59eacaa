import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import ffmpeg from 'fluent-ffmpeg';
import { guardChild } from './orphan-guard.ts';
import { findTools } from './tools.ts';

/** One run of ffmpeg. */
export interface FfmpegProcess {
  /** Resolves when ffmpeg has ended, however it did. */
  readonly ended: Promise<FfmpegEnd>;
  kill(): void;
  /** Asks ffmpeg to take leave of the other side and to finish its files, for at most so long; then kills it. */
  stop(milliseconds: number): void;
}

export interface FfmpegEnd {
  /** Exit status 0. */
  readonly success: boolean;
  /** fluent-ffmpeg's words for any other end, else empty. */
  readonly reason: string;
}

/** An input or an output. fluent-ffmpeg splits a lone option at its spaces, and leaves two and more alone. */
export interface FfmpegFile<Url = string> {
  readonly url: Url;
  readonly options: readonly [string, string, ...string[]];
}

/** The types leave out the process, which is there from `start` on. */
type Command = ffmpeg.FfmpegCommand & { readonly ffmpegProc: ChildProcess };

const running = new Set<() => void>();
process.on('exit', () => {
  for (const kill of running) kill();
});

/**
 * Starts ffmpeg. `inputs` are options and URL each; `line` takes what it prints (warnings and worse, `[level]` in front).
 * Throws FFMPEG_MISSING.
 */
export async function startFfmpeg(inputs: readonly FfmpegFile<string | Readable>[], outputs: readonly FfmpegFile[], line: (text: string) => void): Promise<FfmpegProcess> {
  const tools = await findTools();
  const command = ffmpeg({ stdoutLines: 1 }).setFfmpegPath(tools.ffmpeg) as Command;
  for (const { url, options } of inputs) command.input(url).inputOptions(...options);
  for (const { url, options } of outputs) command.output(url).outputOptions(...options);
  let killed = false;
  let unguard = (): void => {};
  const kill = (): void => {
    killed = true;
    command.kill('SIGKILL');
  };
  const ended = new Promise<FfmpegEnd>((resolve) => {
    const end = (success: boolean, reason: string): void => {
      running.delete(kill);
      unguard();
      resolve({ success, reason });
    };
    command.on('stderr', line);
    command.on('end', () => end(true, ''));
    command.on('error', (error: Error) => end(false, error.message));
  });
  const stop = (milliseconds: number): void => {
    command.kill('SIGTERM');
    const timer = setTimeout(kill, milliseconds);
    void ended.then(() => clearTimeout(timer));
  };
  running.add(kill);
  // fluent-ffmpeg starts the program some ticks later: an order to stop that came before is carried out then.
  command.on('start', () => {
    const { pid } = command.ffmpegProc;
    if (pid !== undefined) unguard = guardChild(pid);
    if (killed) kill();
  });
  command.run();
  return { ended, kill, stop };
}
