import { fork, type ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RoadgazeError } from '../../../shared/errors.ts';
import { inBytes, SMALLER } from '../../onnx/limits.ts';
import {
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
/** Seconds of processor time for one task on a small file. A network of 1000 layers takes three. */
const LIMIT_SECONDS = 60;
/** Bytes of a file that are worth another second. */
const BYTES_PER_SECOND = 5e6;
/** For a list it is not worth waiting so long. */
const LISTING_SECONDS = 8;
/** So many times longer may it take on the wall: other programs want the processor too. */
const PATIENCE = 10;
/**
 * A process that waits for work is ended after so long: opening one thing is often followed by
 * opening another.
 */
const LINGER_MS = 60_000;
/** One that takes more bytes than this does not wait: they would be missed elsewhere. */
const LARGEST_IDLE = 400 << 20;

let idle: { readonly child: ChildProcess; readonly timer: NodeJS.Timeout } | null = null;
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

/** Starts a process before there is work for it: it comes up while other things are done. */
export function warmWorkshop(): void {
  if (idle) return;
  try {
    letWait(startProcess());
  } catch {
    // The first task meets the same error, and tells it.
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

function work(
  request: WorkshopRequest,
  size: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const name = basename(request.request.path);
  let child: ChildProcess;
  try {
    child = takeIdle() ?? startProcess();
  } catch (cause) {
    return Promise.reject(cannotStart(name, cause));
  }
  return new Promise((resolve, reject) => {
    let ended = false;
    const end = (finish: () => void, reuse: boolean) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      child.removeAllListeners();
      // Whatever becomes of it now is of no interest.
      child.on('error', () => {});
      if (reuse) letWait(child);
      else child.kill('SIGKILL');
      finish();
    };
    const abort = () => end(() => reject(signal!.reason), false);
    const timer = setTimeout(
      () => end(() => reject(tooBusy(name, request.seconds)), false),
      request.seconds * PATIENCE * 1000,
    );
    signal?.addEventListener('abort', abort, { once: true });
    child.once('error', (cause) => end(() => reject(cannotStart(name, cause)), false));
    child.once('exit', (code, reason) =>
      end(() => reject(endOf(name, size, request.seconds, code, reason)), false),
    );
    child.once('message', (reply: WorkshopReply) =>
      end(
        () => ('result' in reply ? resolve(reply.result) : reject(errorOf(reply))),
        reply.rss < LARGEST_IDLE,
      ),
    );
    child.send(request, (cause) => {
      if (cause) end(() => reject(cannotStart(name, cause)), false);
    });
  });
}

function startProcess(): ChildProcess {
  const debugging = process.env['ROADGAZE_DEBUG'] === '1';
  const child = fork(fileURLToPath(new URL('./workshop-process.js', import.meta.url)), {
    // Lists of numbers in a large file are long; the limit of memory is that of the whole process.
    execArgv: ['--max-old-space-size=4096'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', debugging ? 'inherit' : 'ignore', 'ipc'],
  });
  child.on('error', () => {});
  // Frames that somebody watches come first.
  if (child.pid !== undefined)
    try {
      setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      /* Not everywhere may one process do so to another. */
    }
  return child;
}

function takeIdle(): ChildProcess | null {
  if (!idle) return null;
  const { child, timer } = idle;
  idle = null;
  clearTimeout(timer);
  child.removeAllListeners('exit');
  if (!child.connected) return null;
  child.ref();
  child.channel?.ref();
  return child;
}

function letWait(child: ChildProcess): void {
  if (idle || !child.connected) {
    child.kill('SIGKILL');
    return;
  }
  // It does not keep this process alive.
  child.unref();
  child.channel?.unref();
  const timer = setTimeout(() => {
    idle = null;
    child.kill('SIGKILL');
  }, LINGER_MS).unref();
  child.once('exit', () => {
    if (idle?.child === child) idle = null;
  });
  idle = { child, timer };
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
