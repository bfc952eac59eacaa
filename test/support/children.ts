import { readFile } from 'node:fs/promises';

/**
 * Ids of the processes that a process has started and that still run, of those whose name and
 * command line `isMeant`. Linux only.
 */
export async function childrenOf(
  parent: number,
  isMeant: (name: string, command: string) => boolean,
): Promise<number[]> {
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8').catch(() => '');
  const named = await Promise.all(
    text
      .split(' ')
      .filter(Boolean)
      .map(async (child) => {
        const name = await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '');
        const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
        return isMeant(name.trim(), command) ? [Number(child)] : [];
      }),
  );
  return named.flat();
}

/** The ffmpegs among them. */
export function ffmpegsOf(
  parent: number,
  isMeant: (command: string) => boolean = () => true,
): Promise<number[]> {
  return childrenOf(parent, (name, command) => name === 'ffmpeg' && isMeant(command));
}
