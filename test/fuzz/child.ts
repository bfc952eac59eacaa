import { openSync, readFileSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Random } from '../../recordings/scene/world/random.ts';
import { judge, type Find } from './judge.ts';
import { reduced } from './reduce.ts';
import type { FuzzTarget, OpenTarget } from './target.ts';

/** What a child is asked to do. */
export interface ChildTask {
  /** The target's module. */
  readonly module: string;
  readonly folder: string;
  /** Eight bytes: the number of the input in work, float64, written before it begins. */
  readonly positionFile: string;
  readonly seed: number;
  /** Numbers of inputs, which with the seed make them. */
  readonly from: number;
  readonly to: number;
  /** Inputs in files, run first; their numbers are -1, -2, … */
  readonly files: readonly string[];
  /** No input is begun after this, milliseconds. */
  readonly forMs: number;
  readonly mostBytes: number;
  /** Make the inputs without running them, and send their bytes. */
  readonly onlyMake?: true;
  /** Make the input of a find smaller while it stays the same find. */
  readonly reduce?: { readonly input: Uint8Array; readonly key: string };
}

export type ChildMessage =
  | {
      readonly kind: 'find';
      readonly index: number;
      readonly find: Find;
      readonly input: Uint8Array;
    }
  | { readonly kind: 'input'; readonly input: Uint8Array }
  /** The process has grown beyond what it may take while this input ran, or some before it. */
  | { readonly kind: 'memory'; readonly index: number; readonly bytes: number }
  | {
      readonly kind: 'progress';
      readonly inputs: number;
      readonly next: number;
      readonly outcomes: Readonly<Record<string, number>>;
    };

/**
 * Short inputs are checked for memory, and for what fails behind them, only so often: asking takes
 * longer than they do.
 */
const MEMORY_EVERY = 256;
const SLOW_MS = 20;
const PROGRESS_MS = 500;

const tell = (message: ChildMessage) =>
  new Promise<void>((resolve) => process.send!(message, undefined, {}, () => resolve()));
const position = Buffer.alloc(8);

process.once('message', (task: ChildTask) => {
  work(task).then(
    () => process.disconnect(),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit());

async function work(task: ChildTask): Promise<void> {
  const { open } = (await import(task.module)) as { open: OpenTarget };
  const target = await open(task.folder);
  // What fails behind an input's back is laid to the input in work.
  const behind: unknown[] = [];
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, (error: unknown) => behind.push(error));
  if (task.onlyMake)
    for (let index = task.from; index < task.to; index++)
      await tell({ kind: 'input', input: target.make(new Random(task.seed, String(index))) });
  else if (task.reduce)
    await tell({
      kind: 'input',
      input: await reduced(
        task.reduce.input,
        async (input) => (await runOne(target, input)) === task.reduce!.key,
      ),
    });
  else await runAll(task, target, behind);
  await target.close?.();
}

async function runOne(target: FuzzTarget, input: Uint8Array): Promise<string> {
  try {
    return await target.run(input);
  } catch (error) {
    const verdict = judge(error);
    return typeof verdict === 'string' ? verdict : verdict.key;
  }
}

async function runAll(task: ChildTask, target: FuzzTarget, behind: unknown[]): Promise<void> {
  const file = openSync(task.positionFile, 'r+');
  const begin = performance.now();
  let outcomes: Record<string, number> = {};
  let inputs = 0;
  let told = begin;
  const seen = new Set<string>();
  const count = (word: string) => {
    outcomes[word] = (outcomes[word] ?? 0) + 1;
  };
  const accept = async (error: unknown, index: number, input: Uint8Array) => {
    const verdict = judge(error);
    if (typeof verdict === 'string') return count(verdict);
    count(`FIND ${verdict.key}`);
    if (!seen.has(verdict.key)) await tell({ kind: 'find', index, find: verdict, input });
    seen.add(verdict.key);
  };
  const run = async (index: number, input: Uint8Array): Promise<boolean> => {
    position.writeDoubleLE(index);
    writeSync(file, position, 0, 8, 0);
    inputs++;
    const before = performance.now();
    let isAsync = false;
    try {
      const outcome = target.run(input);
      isAsync = typeof outcome !== 'string';
      count(typeof outcome === 'string' ? outcome : await outcome);
    } catch (error) {
      await accept(error, index, input);
    }
    const now = performance.now();
    const pauses = isAsync || inputs % MEMORY_EVERY === 0 || now - before > SLOW_MS;
    if (pauses) await setImmediate();
    for (const error of behind.splice(0)) await accept(error, index, input);
    if (now - told > PROGRESS_MS) {
      await tell({ kind: 'progress', inputs, next: index + 1, outcomes });
      [inputs, outcomes, told] = [0, {}, now];
    }
    const bytes = pauses ? process.resourceUsage().maxRSS * 1024 : 0;
    if (bytes > task.mostBytes) await tell({ kind: 'memory', index, bytes });
    return bytes <= task.mostBytes;
  };
  for (const [number, path] of task.files.entries())
    if (!(await run(-1 - number, readFileSync(path)))) return;
  let index = task.from;
  while (index < task.to && performance.now() - begin < task.forMs) {
    if (!(await run(index, target.make(new Random(task.seed, String(index)))))) return;
    index++;
  }
  position.writeDoubleLE(NaN);
  writeSync(file, position, 0, 8, 0);
  await setImmediate();
  for (const error of behind.splice(0)) await accept(error, index - 1, new Uint8Array(0));
  await tell({ kind: 'progress', inputs, next: index, outcomes });
}
