import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export type TestEnd = 'passed' | 'failed' | 'late';

export interface TestRun {
  readonly end: TestEnd;
  readonly seconds: number;
  /** The last lines of what it wrote. */
  readonly output: string;
}

const KEPT_OUTPUT = 4000;

/** Runs one compiled test file in a copy of the checkout; what is late ends with all it started. */
export async function runTest(
  sandbox: string,
  test: string,
  { seconds, env = {} }: { seconds: number; env?: NodeJS.ProcessEnv },
): Promise<TestRun> {
  const started = performance.now();
  const child = spawn(process.execPath, [join('dist', 'node', test)], {
    cwd: sandbox,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    });
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    endGroup(child.pid);
  }, seconds * 1000);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(late);
  endGroup(child.pid);
  return {
    end: isLate ? 'late' : code === 0 ? 'passed' : 'failed',
    seconds: (performance.now() - started) / 1000,
    output,
  };
}

/** Whatever the test left running. */
function endGroup(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
