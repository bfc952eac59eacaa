import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { repositoryRoot } from '../../support/paths.ts';

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
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  let printed = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const found = /http:\/\/\S+:(\d+)\//.exec(printed);
      if (found) resolve(Number(found[1]));
    });
    child.once('exit', () => reject(new Error(`serve ended: ${printed}${errors}`)));
  });
  return { child, port, errors: () => errors };
}
