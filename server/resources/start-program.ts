import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { ownTurn } from './own-turn.ts';

/**
 * Starts a program; rejects with the system's error where it cannot be. Node itself throws some of
 * these errors, emits others, and without descriptors gives a child that has no streams.
 */
export async function startProgram(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<ChildProcess> {
  // The system lets us wait until the program is loaded.
  await ownTurn();
  const child = spawn(file, args, options);
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw error;
  }
  return child;
}
