import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { RoadgazeError } from '../../../shared/errors.ts';
import { inBytes, SMALLER } from '../../onnx/limits.ts';
import { giveBack, takeHand } from './hands.ts';
import {
  BYTES_PER_SECOND,
  memoryLimit,
  OUT_OF_TIME,
  type TaskName,
  type WorkshopReply,
  type WorkshopRequest,
} from './messages.ts';
import type { Tasks } from './tasks.ts';

type Request<Name extends TaskName> = Parameters<Tasks[Name]>[0];
type Result<Name extends TaskName> = Awaited<ReturnType<Tasks[Name]>>;

export interface WorkshopOptions {
  /** Ends the work at once. */
  readonly signal?: AbortSignal | undefined;
  /** Nobody waits for it: it leaves room for what somebody waits for. */
  readonly inBackground?: boolean;
  /** Processor time that it may take; by the size of the file where this is left out. */
  readonly seconds?: number;
}

const PROCESSES = 2;
/** Seconds of processor time for one task on a small file. A network of 1000 layers takes one. */
const LIMIT_SECONDS = 9;
/** For a list it is not worth waiting so long. */
const LISTING_SECONDS = 8;
/** So many times longer may it take on the wall: other programs want the processor too. */
const PATIENCE = 10;
/** One that takes more bytes than this does not wait: they would be missed elsewhere. */
const LARGEST_IDLE = 250 << 20;

let running = 0;
let inBackground = 0;
const waiting: { readonly isBackground: boolean; readonly start: () => void }[] = [];

/**
 * Has one task on a network's file done in a process of its own, which may be ended at any time and
 * has limits of memory and time. Rejects with the signal's reason when that is aborted. Throws what
 * the task throws; MODEL_SHAPE where a limit is passed.
 */
export async function inWorkshop<Name extends TaskName>(
  name: Name,
  request: Request<Name>,
  { signal, inBackground: isBackground = false, seconds: most }: WorkshopOptions = {},
): Promise<Result<Name>> {
  signal?.throwIfAborted();
  const size = await stat(request.path).then(
    (found) => found.size,
    () => 0,
  );
  await place(isBackground, signal);
  try {
    const seconds =
      most ?? (name === 'listing' ? LISTING_SECONDS : LIMIT_SECONDS + size / BYTES_PER_SECOND);
    return (await work({ name, request, seconds }, size, signal)) as Result<Name>;
  } finally {
    running--;
    if (isBackground) inBackground--;
    startWaiting();
  }
}

function place(isBackground: boolean, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      waiting.splice(waiting.indexOf(entry), 1);
      reject(signal!.reason);
    };
    const entry = {
      isBackground,
      start: () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      },
    };
    signal?.addEventListener('abort', leave, { once: true });
    waiting.push(entry);
    startWaiting();
  });
}

function startWaiting(): void {
  while (running < PROCESSES) {
    const foreground = waiting.findIndex((entry) => !entry.isBackground);
    const at =
      foreground >= 0 ? foreground : inBackground < PROCESSES - 1 && waiting.length > 0 ? 0 : -1;
    if (at < 0) return;
    const [entry] = waiting.splice(at, 1);
    running++;
    if (entry!.isBackground) inBackground++;
    entry!.start();
  }
}

async function work(
  request: WorkshopRequest,
  size: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const name = basename(request.request.path);
  const hand = await takeHand().catch((cause: unknown) => {
    throw cannotStart(name, cause);
  });
  let { seconds } = request;
  return new Promise((resolve, reject) => {
    let ended = false;
    const end = (finish: () => void, reuse: boolean) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      if (reuse) giveBack(hand);
      else {
        hand.release();
        hand.end();
      }
      finish();
    };
    const abort = () => end(() => reject(signal!.reason), false);
    const startTimer = () =>
      setTimeout(() => end(() => reject(tooBusy(name, seconds)), false), seconds * PATIENCE * 1000);
    let timer = startTimer();
    // Whoever asked may have gone while the process came up.
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    hand.give(request, {
      replied: (reply) => {
        if ('weights' in reply) {
          size += reply.weights;
          seconds += reply.weights / BYTES_PER_SECOND;
          clearTimeout(timer);
          timer = startTimer();
          return;
        }
        end(
          () => ('result' in reply ? resolve(reply.result) : reject(errorOf(reply))),
          reply.rss < LARGEST_IDLE,
        );
      },
      ended: ({ code, signal: reason }) =>
        end(() => reject(endOf(name, size, seconds, code, reason)), false),
    });
  });
}

function errorOf({ error, cause }: Extract<WorkshopReply, { cause: string }>): Error {
  return error
    ? new RoadgazeError(error.code, error.message, error.hint, { cause })
    : new Error(cause.split('\n', 1)[0], { cause });
}

function tooBusy(name: string, seconds: number): RoadgazeError {
  return new RoadgazeError(
    'MACHINE_EXHAUSTED',
    `${name} was not ready after ${seconds * PATIENCE} s: this machine is too busy.`,
    'Close what else runs on this machine, and try again.',
  );
}

/** Killed for its memory by its own watch or by the system, or given up by JavaScript's heap. */
function endOf(
  name: string,
  size: number,
  seconds: number,
  code: number | null,
  reason: NodeJS.Signals | null,
): RoadgazeError {
  if (reason === OUT_OF_TIME) {
    return new RoadgazeError(
      'MODEL_SHAPE',
      `${name} takes more than ${Math.round(seconds)} s of processor time to be made ready, which is the limit for a file of its size.`,
      SMALLER,
    );
  }
  if (reason === 'SIGKILL' || reason === 'SIGABRT' || code === 134) {
    return new RoadgazeError(
      'MODEL_SHAPE',
      `${name} takes more than ${inBytes(memoryLimit(size))} of memory to be made ready, which is the limit for a file of its size.`,
      SMALLER,
    );
  }
  return new RoadgazeError(
    'MODEL_UNREADABLE',
    `${name} cannot be read: the process that tried ended (${reason ?? `status ${code}`}).`,
    'Export the network again.',
  );
}

function cannotStart(name: string, cause: unknown): RoadgazeError {
  return new RoadgazeError(
    'INFERENCE_FAILED',
    `${name} cannot be made ready, because no further process starts (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    'Close what else runs on this machine, and try again.',
    { cause },
  );
}
