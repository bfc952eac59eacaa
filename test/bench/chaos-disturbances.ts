import { appendFile, copyFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { descendants } from './processes.ts';
import type { Random } from './chaos-viewers.ts';

const PIECE = Buffer.alloc(1 << 20, 1);

export interface Disturbed {
  killed: number;
  files: number;
  fills: number;
}

/** Kills one of the server's ffmpeg or ffprobe every second or so. */
export async function killDecoders(
  server: number,
  random: Random,
  disturbed: Disturbed,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(random(300, 1500));
    const decoders = descendants(server).filter(
      ({ name }) => name === 'ffmpeg' || name === 'ffprobe',
    );
    const victim = decoders[Math.floor(random(0, decoders.length))];
    if (!victim) continue;
    try {
      process.kill(victim.pid, 'SIGKILL');
      disturbed.killed++;
    } catch {
      // It has ended by itself.
    }
  }
}

/**
 * Replaces, truncates, deletes and restores files while they are in use. `victims` are paths, each
 * with the whole files that it may become.
 */
export async function spoilFiles(
  victims: readonly { readonly path: string; readonly whole: readonly string[] }[],
  random: Random,
  disturbed: Disturbed,
  signal: AbortSignal,
): Promise<void> {
  const restore = async ({ path, whole }: (typeof victims)[number], index: number) => {
    const draft = join(path, '..', `.${basename(path)}.draft`);
    await copyFile(whole[index]!, draft);
    await rename(draft, path);
  };
  while (!signal.aborted) {
    await pause(random(300, 2000));
    const victim = victims[Math.floor(random(0, victims.length))]!;
    disturbed.files++;
    const what = random(0, 1);
    if (what < 0.25) await rm(victim.path, { force: true });
    else if (what < 0.5) await truncate(victim.path, Math.floor(random(0, 50_000))).catch(() => {});
    else if (what < 0.6) await writeFile(victim.path, Buffer.alloc(3000, 9));
    else await restore(victim, Math.floor(random(0, victim.whole.length)));
  }
  for (const victim of victims) await restore(victim, 0);
}

/** Fills the disk for some seconds, some times; what becomes free meanwhile is filled too. */
export async function fillDisk(
  disk: string,
  random: Random,
  disturbed: Disturbed,
  whileFull: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const path = join(disk, 'others');
  const over = ended(signal);
  while (!signal.aborted) {
    await Promise.race([pause(random(8000, 20_000)), over]);
    if (signal.aborted) return;
    disturbed.fills++;
    let isOver = false;
    const work = Promise.all([
      Promise.race([pause(random(4000, 10_000)), over]),
      pause(1000).then(whileFull),
    ]).then(() => (isOver = true));
    while (!isOver) {
      const hadRoom = await appendFile(path, PIECE).then(
        () => true,
        () => false,
      );
      if (!hadRoom) await pause(50);
    }
    await work;
    await rm(path, { force: true });
    await rm(join(disk, 'results'), { recursive: true, force: true });
  }
}

const ended = (signal: AbortSignal) =>
  new Promise<void>((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  );
