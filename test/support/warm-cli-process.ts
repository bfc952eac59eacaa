import { runProgram } from '../../server/cli/command-line.ts';
import { programFor } from '../../server/cli/commands.ts';

/** What ends a command early, in place of the process. */
class Ended extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`ended with ${status}`);
    this.status = status;
  }
}

const exit = process.exit.bind(process);
process.exit = (status?: number) => {
  throw new Ended(status ?? Number(process.exitCode ?? 0));
};

const written = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'] as const)
  process[name].write = (chunk: string | Uint8Array): boolean => {
    written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  };

async function run(args: readonly string[]): Promise<void> {
  written.stdout = '';
  written.stderr = '';
  process.exitCode = undefined;
  let status: number;
  try {
    await runProgram(await programFor(args), args);
    status = Number(process.exitCode ?? 0);
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    status = error.status;
  }
  // Each command guards the process anew.
  for (const event of ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'SIGHUP'])
    process.removeAllListeners(event);
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  process.send!({ status, ...written });
}

process.on('message', (args: readonly string[]) => void run(args));
process.on('disconnect', () => exit());
