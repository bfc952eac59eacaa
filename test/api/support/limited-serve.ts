import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { repositoryRoot } from '../../support/paths.ts';

/** Characters of what it says. */
const MOST_KEPT = 200_000;

export interface LimitedServe {
  readonly child: ChildProcess;
  readonly port: number;
  /** What it said on stderr so far. */
  errors(): string;
}

/**
 * The command line's `serve` in a process of its own with a limit set by the shell, such as `ulimit
 * -n 230`.
 */
export async function serveWithin(
  t: Pick<TestContext, 'after'>,
  limit: string,
  ...args: readonly string[]
): Promise<LimitedServe> {
  const command = [
    process.execPath,
    join(repositoryRoot, 'dist/node/server/cli/main.js'),
    'serve',
    ...args,
    '--port',
    '0',
    '--provider',
    'cpu',
    '--workers',
    '1',
    '--road',
    'none',
    '--no-clips',
  ];
  const child = spawn('/bin/sh', ['-c', `${limit}; exec "$@"`, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  const { port, errors } = await listening(child);
  return { child, port, errors };
}

/**
 * When `serve` has told its port. `said` and `errors` are the last that it said on both streams, and
 * on stderr alone. Rejects with what it said where it ends before.
 */
export async function listening(
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<{ readonly port: number; said(): string; errors(): string }> {
  let said = '';
  let errors = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MOST_KEPT);
      errors = (errors + text).slice(-MOST_KEPT);
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MOST_KEPT);
      const found = /http:\/\/\S+:(\d+)\//.exec(said);
      if (found) resolve(Number(found[1]));
    });
    child.once('exit', () => reject(new Error(`serve ended: ${said}`)));
  });
  return { port, said: () => said, errors: () => errors };
}
