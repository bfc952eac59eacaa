import type { ChildProcess } from 'node:child_process';
import { guardChild } from './orphan-guard.ts';
import { ownTurn } from './own-turn.ts';
import type { Channel, Program, ProgramEnd, ProgramOptions } from './program.ts';
import { spawnHere } from './spawn-here.ts';
import { setHeld, Spawner } from './spawner.ts';

let spawner: Spawner | null = null;

/**
 * From now on a small process of its own starts the programs: where many are served, none of them
 * waits for the start of another one's program.
 */
export function useSpawner(): void {
  spawner ??= new Spawner();
  spawner.warm();
}

/**
 * Starts a program that does not outlive this process, whatever ends this process. Rejects with the
 * system's error where it cannot be started.
 */
export async function startProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<Program> {
  if (spawner) return spawner.start(file, args, options);
  // The system lets us wait until the program is loaded.
  await ownTurn();
  return guarded(await spawnHere(file, args, options));
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function guarded(child: ChildProcess): Program {
  running.add(child);
  const unguard = guardChild(child.pid!);
  const closed = new Promise<ProgramEnd>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      unguard();
      resolve({ code, signal });
    });
  });
  const { stdin, stdout, stderr } = child;
  return {
    pid: child.pid!,
    stdin,
    stdout,
    stderr,
    channel: child.channel ? channelOf(child) : null,
    closed,
    kill: (signal) => void child.kill(signal),
    hold: (isHeld) => setHeld(child, isHeld),
  };
}

function channelOf(child: ChildProcess): Channel {
  const channel: Channel = {
    send: (message) => {
      if (child.connected) child.send(message as object, () => {});
    },
    take: null,
  };
  child.on('message', (message) => channel.take?.(message));
  return channel;
}
