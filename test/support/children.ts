import { readFile } from 'node:fs/promises';

/** Ids of the ffmpegs that a process has started and that still run, of those whose command line `isMeant`. Linux only. */
export async function ffmpegsOf(parent: number, isMeant: (command: string) => boolean = () => true): Promise<number[]> {
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8').catch(() => '');
  const named = await Promise.all(
    text.split(' ').filter(Boolean).map(async (child) => {
      const name = await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '');
      const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
      return name.trim() === 'ffmpeg' && isMeant(command) ? [Number(child)] : [];
    }),
  );
  return named.flat();
}
