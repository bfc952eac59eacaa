import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A new folder of this process; `name` begins its name, and tells what such folders are for. */
export function ownFolder(parent: string, name: string): Promise<string> {
  return mkdtemp(join(parent, `${name}${process.pid}-`));
}

/** Removes what processes that are gone have left of such folders. Never throws. */
export async function removeLeftovers(parent: string, name: string): Promise<void> {
  for (const folder of await readdir(parent).catch(() => [])) {
    const pid = folder.startsWith(name)
      ? /^(\d+)-/.exec(folder.slice(name.length))?.[1]
      : undefined;
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(join(parent, folder), { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
