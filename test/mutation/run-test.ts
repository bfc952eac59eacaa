import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export type TestEnd = 'passed' | 'failed' | 'late';

export interface TestRun {
  readonly end: TestEnd;
  /** By the clock. */
  readonly seconds: number;
  /** Of the processors, with what it started and waited for; 0 if it was ended. */
  readonly cpu: number;
  /** The last lines of what it wrote. */
  readonly output: string;
}

const KEPT_OUTPUT = 4000;

/** Runs one compiled test file in a copy of the checkout; what is late ends with all it started. */
export async function runTest(
  sandbox: string,
  test: string,
  { seconds, cpu = 600, env = {} }: { seconds: number; cpu?: number; env?: NodeJS.ProcessEnv },
): Promise<TestRun> {
  const started = performance.now();
  // On a busy machine only the time of the processors tells what is cheap, and what turns in circles.
  const line = `ulimit -t ${Math.ceil(cpu)}; "$0" "$1"; code=$?; times >&3; exit $code`;
  const child = spawn('sh', ['-c', line, process.execPath, join('dist', 'node', test)], {
    cwd: sandbox,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let times = '';
  (child.stdio[3] as Readable).setEncoding('utf8').on('data', (text: string) => (times += text));
  let output = '';
  for (const stream of [child.stdio[1], child.stdio[2]] as Readable[])
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
    cpu: cpuOf(times),
    output,
  };
}

/** What the shell's `times` wrote: minutes and seconds of itself, and of its children. */
export function cpuOf(times: string): number {
  return [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
}

/** Whatever the test left running. */
function endGroup(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
