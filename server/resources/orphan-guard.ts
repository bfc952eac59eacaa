import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { ownTurn } from './own-turn.ts';
import { spawnHere } from './spawn-here.ts';

/**
 * Its input ends with our process, whatever ended that. A signal to the whole group must not end
 * the guard first.
 */
const GUARD = `trap '' INT TERM HUP
running=' '
while read -r sign pid; do
  case $sign in
    +) running="$running$pid " ;;
    -) running="\${running%% $pid *} \${running#* $pid }" ;;
  esac
done
for pid in $running; do kill -KILL "$pid"; done`;

const running = new Set<number>();
let guard: ChildProcess | null = null;

function tell(line: string): void {
  guard?.stdin!.write(`${line}\n`);
}

let isStarting = false;

/** Where the machine has no room for it, the next program to be guarded brings another attempt. */
async function start(): Promise<void> {
  if (isStarting) return;
  isStarting = true;
  await ownTurn();
  const child = await spawnHere('/bin/sh', ['-c', GUARD], { pipes: ['stdin'] }).catch(() => null);
  isStarting = false;
  if (!child) return;
  const gone = (): void => {
    if (guard === child) guard = null;
  };
  child.on('error', gone).on('exit', gone);
  child.stdin!.on('error', gone);
  // It must not keep our process.
  child.unref();
  (child.stdin as Socket).unref();
  guard = child;
  for (const pid of running) tell(`+ ${pid}`);
}

/**
 * Sees to it that a child process does not outlive this one, even where this one is killed and can
 * do nothing: an ffmpeg that waits for a source would hold its port for ever. One guard for all.
 * Gives what to call when the child has ended.
 */
export function guardChild(pid: number): () => void {
  running.add(pid);
  if (guard) tell(`+ ${pid}`);
  else void start();
  return () => {
    running.delete(pid);
    tell(`- ${pid}`);
  };
}
