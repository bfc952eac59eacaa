import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { getPriority, setPriority } from 'node:os';
import type { ProgramOptions } from './program.ts';

/** Steps of niceness. */
const GIVING_WAY = 5;
const NICEST = 19;

/**
 * Starts a child of this process; rejects with the system's error where it cannot be. Node itself
 * throws some of these errors, emits others, and without descriptors gives a child that has no
 * streams. The system holds this thread until the program is loaded, which takes the longer the
 * more memory this process has.
 */
export async function spawnHere(
  file: string,
  args: readonly string[],
  { pipes, env, hasChannel = false, inBackground = false }: ProgramOptions,
): Promise<ChildProcess> {
  const streams = (['stdin', 'stdout', 'stderr'] as const).map((name) =>
    pipes.includes(name) ? 'pipe' : 'ignore',
  );
  const child = spawn(file, args, {
    stdio: hasChannel ? [...streams, 'ipc'] : streams,
    serialization: 'advanced',
    windowsHide: true,
    ...(env ? { env } : {}),
  });
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw error;
  }
  // A later one is about a signal to a program that is gone.
  child.on('error', () => {});
  if (inBackground) giveWay(child.pid);
  return child;
}

function giveWay(pid: number): void {
  try {
    setPriority(pid, Math.min(NICEST, getPriority() + GIVING_WAY));
  } catch {
    // It has ended, or not everywhere may one process do so to another.
  }
}
