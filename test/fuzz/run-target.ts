import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildMessage, ChildTask } from './child.ts';
import type { Find } from './judge.ts';

export interface RunOptions {
  /** URL of the target's compiled module. */
  readonly module: string;
  readonly seed: number;
  readonly from?: number;
  readonly count: number;
  /** Files that are run before. */
  readonly files?: readonly string[];
  readonly seconds: number;
  readonly limits?: Partial<Limits>;
  readonly onProgress?: (inputs: number, finds: number) => void;
}

export interface Limits {
  /** Of one input. */
  readonly hangSeconds: number;
  readonly mostBytes: number;
}

export interface SavedFind extends Find {
  /** Number of the input, or -1 - the place of its file. */
  readonly index: number;
  readonly input: Uint8Array;
}

export interface RunResult {
  readonly inputs: number;
  /** How many inputs ended how. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** One for each key. */
  readonly finds: readonly SavedFind[];
}

export const LIMITS: Limits = { hangSeconds: 5, mostBytes: 2 ** 30 };

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));
const LOOK_MS = 100;
/**
 * A machine under load makes short work long: what seems to hang is tried again by itself, and
 * given so many times as long.
 */
const SECOND_CHANCE = 4;
/** Finds that end the process; then the target is given up. */
const MOST_ENDS = 20;
const STARTING = Infinity;

/**
 * Runs inputs of one target in a child process, and starts a new one behind every input that ends
 * it, holds it up or makes it too large. Each such input is tried again by itself before it counts.
 */
export async function runTarget(options: RunOptions): Promise<RunResult> {
  const { from = 0, count, seconds } = options;
  const limits = { ...LIMITS, ...options.limits };
  const deadline = performance.now() + seconds * 1000;
  const outcomes = new Map<string, number>();
  const finds = new Map<string, SavedFind>();
  let inputs = 0;
  let next = from;
  let files = options.files ?? [];
  let firstFile = 0;
  const add = (word: string, times = 1) => outcomes.set(word, (outcomes.get(word) ?? 0) + times);

  for (let ends = 0; ends < MOST_ENDS; ends++) {
    const stage: Stage = {
      from: next,
      to: from + count,
      files,
      forMs: deadline - performance.now(),
    };
    let told = 0;
    const end = await runChild(options, limits, stage, (message) => {
      if (message.kind === 'find') {
        const index = message.index < 0 ? message.index - firstFile : message.index;
        if (!finds.has(message.find.key))
          finds.set(message.find.key, { ...message.find, index, input: message.input });
      } else if (message.kind === 'progress') {
        inputs += message.inputs;
        told += message.inputs;
        for (const [word, times] of Object.entries(message.outcomes)) add(word, times);
        options.onProgress?.(inputs, finds.size);
      }
    });
    if (end.how === 'done') break;
    const { index } = end;
    const isFile = index < 0;
    // What ended the child was run, and what it had not told of yet.
    inputs += Math.max(0, (isFile ? -index : files.length + index + 1 - next) - told);
    const input = isFile ? readFileSync(files[-1 - index]!) : await inputOf(options, limits, index);
    const confirmed = await confirm(
      options,
      limits,
      isFile
        ? { files: [files[-1 - index]!], from: 0, to: 0 }
        : { files: [], from: index, to: index + 1 },
    );
    if (confirmed) {
      const key = `${confirmed.key}${[...finds.values()].filter((find) => find.key.startsWith(confirmed.key)).length || ''}`;
      finds.set(key, { ...confirmed, key, index: isFile ? index - firstFile : index, input });
      add(`FIND ${confirmed.key}`);
    }
    if (isFile) {
      firstFile += -index;
      files = files.slice(-index);
    } else {
      files = [];
      next = index + 1;
    }
    if (performance.now() > deadline && files.length === 0) break;
  }
  return { inputs, outcomes, finds: [...finds.values()] };
}

/** The input of a find, smaller where that is cheap; the same input where it is not. */
export async function reduceFind(module: string, { key, input }: SavedFind): Promise<Uint8Array> {
  let smaller = input;
  await runChild(
    { module, seed: 0 },
    { ...LIMITS, hangSeconds: 20 },
    { from: 0, to: 0, files: [], forMs: Infinity, reduce: { input, key } },
    (message) => {
      if (message.kind === 'input') smaller = message.input;
    },
  );
  return smaller;
}

type Stage = Pick<ChildTask, 'from' | 'to' | 'files' | 'forMs' | 'onlyMake' | 'reduce'>;
type End =
  | { readonly how: 'done' }
  | { readonly how: 'hang' | 'memory' | 'crash'; readonly index: number; readonly detail: string };

async function confirm(
  options: RunOptions,
  limits: Limits,
  stage: Pick<Stage, 'from' | 'to' | 'files'>,
): Promise<Find | null> {
  let own: Find | null = null;
  const end = await runChild(
    options,
    { ...limits, hangSeconds: limits.hangSeconds * SECOND_CHANCE },
    { ...stage, forMs: Infinity },
    (message) => {
      if (message.kind === 'find') own = message.find;
    },
  );
  return end.how === 'done' ? own : { key: end.how, text: `${end.how}: ${end.detail}` };
}

async function inputOf(options: RunOptions, limits: Limits, index: number): Promise<Uint8Array> {
  let input: Uint8Array = new Uint8Array(0);
  await runChild(
    options,
    limits,
    { from: index, to: index + 1, files: [], forMs: Infinity, onlyMake: true },
    (message) => {
      if (message.kind === 'input') input = message.input;
    },
  );
  return input;
}

async function runChild(
  { module, seed }: Pick<RunOptions, 'module' | 'seed'>,
  limits: Limits,
  stage: Stage,
  accept: (message: ChildMessage) => void,
): Promise<End> {
  const folder = mkdtempSync(join(tmpdir(), 'roadgaze-fuzz-'));
  const positionFile = `${folder}.position`;
  writeFileSync(positionFile, positionOf(STARTING));
  const child = fork(CHILD, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--enable-source-maps', '--max-old-space-size=900'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let complaint = '';
  child.stderr!.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-4000);
  });
  let grown: { index: number; bytes: number } | null = null;
  child.on('message', (message: ChildMessage) => {
    if (message.kind === 'memory') grown = message;
    else accept(message);
  });
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  const task: ChildTask = {
    module,
    folder,
    positionFile,
    seed,
    mostBytes: limits.mostBytes,
    ...stage,
  };
  child.send(task);
  const watch = watchChild(child, positionFile, limits);
  const [status, signal] = await exit;
  const stopped = watch.end();
  const index = readFileSync(positionFile).readDoubleLE();
  rmSync(folder, { recursive: true, force: true });
  rmSync(positionFile, { force: true });
  if (stopped) return { ...stopped, index };
  if (grown)
    return {
      how: 'memory',
      index: (grown as { index: number }).index,
      detail: `${Math.round((grown as { bytes: number }).bytes / 2 ** 20)} MB`,
    };
  if (status === 0) return { how: 'done' };
  if (index === STARTING || Number.isNaN(index))
    throw new Error(
      `The child ended (${signal ?? status}) without an input at work:\n${complaint}`,
    );
  return {
    how: 'crash',
    index,
    detail: `${signal ?? `status ${status}`}\n${complaint
      .split('\n')
      .filter((line) => line.trim())
      .slice(0, 3)
      .join('\n')}`,
  };
}

const positionOf = (index: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(index);
  return bytes;
};

/** Kills a child that stays at one input for too long, or takes too much memory. */
function watchChild(
  child: ChildProcess,
  positionFile: string,
  { hangSeconds, mostBytes }: Limits,
): { end(): { how: 'hang' | 'memory'; detail: string } | null } {
  let stopped: { how: 'hang' | 'memory'; detail: string } | null = null;
  let at = STARTING;
  let since = performance.now();
  const stop = (how: 'hang' | 'memory', detail: string) => {
    stopped ??= { how, detail };
    child.kill('SIGKILL');
  };
  const timer = setInterval(() => {
    const index = readFileSync(positionFile).readDoubleLE();
    if (index !== at) [at, since] = [index, performance.now()];
    const atWork = Number.isFinite(index);
    if (atWork && performance.now() - since > hangSeconds * 1000) stop('hang', `${hangSeconds} s`);
    const bytes = residentBytes(child.pid!);
    if (atWork && bytes > 1.2 * mostBytes) stop('memory', `${Math.round(bytes / 2 ** 20)} MB`);
  }, LOOK_MS);
  return {
    end: () => {
      clearInterval(timer);
      return stopped;
    },
  };
}

/** 0 where the system does not tell. */
function residentBytes(pid: number): number {
  try {
    return (
      1024 *
      Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    );
  } catch {
    return 0;
  }
}
