import type { Readable } from 'node:stream';
import type { ProgramOptions } from './program.ts';
import { startProgram } from './start-program.ts';

export interface ProgramAnswer {
  /** Exit status; null where it was killed, for what it prints or takes as well. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends Omit<ProgramOptions, 'pipes'> {
  /** What it reads. */
  readonly input?: readonly Uint8Array[];
  /** Bytes that it may print. */
  readonly longest: number;
  /** Milliseconds that it may take. */
  readonly patience: number;
}

/**
 * Lets a program run to its end, and gives what it printed. It is killed where that is too much, or
 * takes too long. Rejects with the system's error where it cannot be started.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  { input, longest, patience, ...options }: RunOptions,
): Promise<ProgramAnswer> {
  const program = await startProgram(file, args, {
    ...options,
    pipes: input ? ['stdin', 'stdout', 'stderr'] : ['stdout', 'stderr'],
  });
  // It may have seen enough before it has read everything.
  program.stdin?.on('error', () => {});
  for (const part of input ?? []) program.stdin?.write(part);
  program.stdin?.end();
  const kill = (): void => program.kill('SIGKILL');
  const timer = setTimeout(kill, patience);
  const [stdout, stderr, { code }] = await Promise.all([
    collect(program.stdout!, longest, kill),
    collect(program.stderr!, longest, kill),
    program.closed,
  ]).finally(() => clearTimeout(timer));
  return { code, stdout, stderr };
}

async function collect(stream: Readable, longest: number, kill: () => void): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longest) kill();
    else chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
