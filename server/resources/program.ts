import type { Readable, Writable } from 'node:stream';

/** A program that runs, wherever it was started from. */
export interface Program {
  readonly pid: number;
  /** Each null where it was not asked for. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  readonly channel: Channel | null;
  /** Resolves when the program has ended and all that it printed was read. */
  readonly closed: Promise<ProgramEnd>;
  kill(signal: NodeJS.Signals): void;
  /** Whether it keeps this process from ending, as it does at first. */
  hold(isHeld: boolean): void;
}

/** Messages to and from a program of Node, copied as structured clones are. */
export interface Channel {
  /** Comes to nothing where the program has ended. */
  send(message: unknown): void;
  /** What comes while nobody takes it is lost. */
  take: ((message: unknown) => void) | null;
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
  /** It is a program of Node that sends and takes messages. */
  readonly hasChannel?: boolean;
  /** Gives way to programs that somebody watches. */
  readonly inBackground?: boolean;
}
