import type { ProgramEnd, ProgramOptions } from './program.ts';

/** Programs are told apart by numbers that do not come again. */
export type SpawnerRequest =
  | {
      readonly type: 'start';
      readonly id: number;
      readonly file: string;
      readonly args: readonly string[];
      readonly options: ProgramOptions;
    }
  | { readonly type: 'kill'; readonly id: number; readonly signal: NodeJS.Signals }
  | { readonly type: 'message'; readonly id: number; readonly message: unknown }
  /** For the program to read; one at a time. */
  | { readonly type: 'write'; readonly id: number; readonly chunks: readonly Uint8Array[] }
  /** It has nothing more to read. */
  | { readonly type: 'finish'; readonly id: number }
  /** So many bytes of what a program printed have been read. */
  | {
      readonly type: 'read';
      readonly id: number;
      readonly stream: OutputName;
      readonly bytes: number;
    };

export type OutputName = 'stdout' | 'stderr';

export type SpawnerReply =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  /** The system's error, without which it cannot be told what the machine lacks. */
  | { readonly type: 'failed'; readonly id: number; readonly error: SystemError }
  | {
      readonly type: 'printed';
      readonly id: number;
      readonly stream: OutputName;
      readonly chunk: Uint8Array;
    }
  | { readonly type: 'message'; readonly id: number; readonly message: unknown }
  /** The program has read what was written, or does not read any more. */
  | { readonly type: 'written'; readonly id: number }
  /** Nothing more comes of it. */
  | { readonly type: 'closed'; readonly id: number; readonly end: ProgramEnd };

export interface SystemError {
  readonly message: string;
  readonly code: unknown;
  readonly syscall: unknown;
}

/** Bytes of one stream that may be under way and unread; the program waits meanwhile. */
export const MOST_UNREAD = 256 << 10;
