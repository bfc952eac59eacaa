import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { RoadgazeError } from '../../shared/errors.ts';

const LOCK = '.roadgaze.lock';
const ATTEMPTS = 5;

const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  started: z.string().nullable(),
});
type Holder = z.infer<typeof holderSchema>;

/**
 * Holds a folder against other processes that write results into it, with a file that names the
 * holder; one whose holder has died is taken over. Answers what lets go. Throws OUTPUT_NOT_WRITABLE
 * while another process holds it, and as the system does.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK);
  const own = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    id: randomUUID(),
  });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await take(path, own))
      return async () => {
        if ((await textOf(path)) === own) await rm(path, { force: true });
      };
    const text = await textOf(path);
    if (text === null) continue;
    const holder = holderIn(text);
    if (holder && (await isAlive(holder))) throw held(folder, path, holder);
    await remove(path, text);
  }
  throw held(folder, path, null);
}

/** True where the lock was free. A second name for a whole file appears at once or not at all. */
async function take(path: string, own: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, own, { flag: 'wx' });
    await link(draft, path);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Not every file system has second names.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    return await writeFile(path, own, { flag: 'wx' }).then(
      () => true,
      (cause: NodeJS.ErrnoException) => {
        if (cause.code === 'EEXIST') return false;
        throw cause;
      },
    );
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

/** Takes a dead holder's lock away, unless another process has done so and holds it now. */
async function remove(path: string, expected: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await textOf(aside)) !== expected) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

/** null for what no Roadgaze has written. */
function holderIn(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/**
 * A number may have been given to another process since, which then has started at another time.
 * What runs on another machine cannot be seen.
 */
async function isAlive({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await startOf(pid);
  return started === null || now === null || started === now;
}

/** When a process began, in the kernel's own count; null where that cannot be told. */
async function startOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // The second field is a name in brackets, which may hold anything.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function held(folder: string, path: string, holder: Holder | null): RoadgazeError {
  const who =
    holder === null
      ? 'Another process'
      : holder.host === hostname()
        ? `Process ${holder.pid}`
        : `Process ${holder.pid} on ${holder.host}`;
  return new RoadgazeError(
    'OUTPUT_NOT_WRITABLE',
    `${who} is writing results into ${folder} right now.`,
    `Wait for it, or give another folder with -o. If nothing runs there any more, remove ${path}.`,
  );
}
