import type { ErrorReport } from '../../../shared/errors.ts';
import type { Tasks } from './tasks.ts';

export type TaskName = keyof Tasks;

/** What crosses to the process, one at a time. Every request names the file of a network. */
export interface WorkshopRequest {
  readonly name: TaskName;
  readonly request: { readonly path: string };
  /** Processor time that it may take, seconds: a busy machine is no fault of the network. */
  readonly seconds: number;
}

/**
 * `weights`: bytes of a file beside the network, told before it is read; the limits grow with it.
 * `rss`: bytes that the process takes. `error` null: a defect, as its stack in `cause` tells.
 */
export type WorkshopReply =
  | { readonly weights: number }
  | { readonly result: unknown; readonly rss: number }
  | { readonly error: ErrorReport | null; readonly cause: string; readonly rss: number };

/** What ends the process where its work takes more processor time than it may. */
export const OUT_OF_TIME = 'SIGXCPU';

/** Bytes of a file that are worth another second. */
export const BYTES_PER_SECOND = 5e6;

/** A small network takes 150 MB in all. */
const LEAST_MEMORY = 700 << 20;
/**
 * The file, its weights in typed arrays, those of the compiled graph, the file of that, and what
 * JavaScript has not cleared away yet.
 */
const TIMES_FILE = 12;

/** Bytes that the process may take for a file of so many bytes. */
export function memoryLimit(fileBytes: number): number {
  return LEAST_MEMORY + TIMES_FILE * fileBytes;
}
