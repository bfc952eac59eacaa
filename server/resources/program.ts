import type { Readable, Writable } from 'node:stream';

/** A program that runs, wherever it was started from. */
export interface Program {
  readonly pid: number;
  /** Each null where it was not asked for. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Resolves when the program has ended and all that it printed was read. */
  readonly closed: Promise<ProgramEnd>;
  kill(signal: NodeJS.Signals): void;
}

/** Exit status, or the signal that ended it. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  /** Streams that the program gets; what is left out is closed. */
  readonly pipes: readonly ('stdin' | 'stdout' | 'stderr')[];
  /** That of this process where it is left out. */
  readonly env?: NodeJS.ProcessEnv;
  /** Gives way to programs that somebody watches. */
  readonly inBackground?: boolean;
}
