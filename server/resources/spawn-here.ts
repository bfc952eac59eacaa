import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { GIVING_WAY, giveWay } from './give-way.ts';
import type { ProgramOptions } from './program.ts';

/**
 * Starts a child of this process; rejects with the system's error where it cannot be. Node itself
 * throws some of these errors, emits others, and without descriptors gives a child that has no
 * streams. The system holds this thread until the program is loaded, which takes the longer the
 * more memory this process has. `steps`: of niceness by which it gives way.
 */
export async function spawnHere(
  file: string,
  args: readonly string[],
  { pipes, env, hasChannel = false, inBackground = false }: ProgramOptions,
  steps = 0,
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
  const behind = steps + (inBackground ? GIVING_WAY : 0);
  if (behind > 0) giveWay(child.pid, behind);
  return child;
}
