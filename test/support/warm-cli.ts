import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '../setup/support.ts';

const PROGRAM = fileURLToPath(new URL('./warm-cli-process.js', import.meta.url));

let started: ChildProcess | null = null;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs command lines one after the other in one process, where what they load is loaded once. For
 * tests of what a command does; what is about the process itself (signals, a limit of the system,
 * what is left when it ends) starts one with `runNode`.
 */
export function roadgaze(...args: readonly string[]): Promise<Outcome> {
  const outcome = last.then(() => run(args));
  last = outcome.catch(() => {});
  return outcome;
}

function run(args: readonly string[]): Promise<Outcome> {
  started ??= start();
  const child = started;
  // Only while a command runs has this process to wait for the other.
  child.ref();
  child.channel?.ref();
  child.send(args);
  return new Promise((resolve, reject) => {
    const onEnd = (status: number | null, signal: string | null) => {
      started = null;
      reject(
        new Error(`The process of the commands ended, ${status ?? signal}: ${args.join(' ')}`),
      );
    };
    child.once('exit', onEnd);
    child.once('message', (outcome) => {
      child.off('exit', onEnd);
      child.unref();
      child.channel?.unref();
      resolve(outcome as Outcome);
    });
  });
}

function start(): ChildProcess {
  // A test process says so to its children, which would then answer in the runner's own protocol.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  return fork(PROGRAM, [], { env, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}
