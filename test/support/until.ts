import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves once the condition holds, however long that takes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(5);
}

/** Looks in a row that must find nothing moved. */
const LOOKS = 4;

/**
 * Resolves once all threads of these processes sleep, and have done so for some looks: they wait for
 * somebody else, be it a full pipe or an empty one. On a busy machine a thread that wants to run is
 * not asleep, so that this takes longer and comes out the same. Linux only.
 */
export async function untilAtRest(...pids: readonly number[]): Promise<void> {
  let [before, looks] = ['', 0];
  await until(async () => {
    const now = (await Promise.all(pids.map(threadsOf))).join('\n');
    looks = now === before && !/ [RDWtTZX] /.test(now) ? looks + 1 : 0;
    before = now;
    return looks >= LOOKS;
  });
}

/** State and time of the processor, a line for each thread; nothing of a process that is gone. */
async function threadsOf(pid: number): Promise<string> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const stats = threads.map((thread) =>
    readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ''),
  );
  return (await Promise.all(stats))
    .map((stat) => {
      const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return `${fields[0]} ${state} ${fields[10]} ${fields[11]}`;
    })
    .join('\n');
}
