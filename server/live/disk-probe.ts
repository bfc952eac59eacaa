import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes so many bytes into the folder and removes them; what the file system threw, or null where
 * it took them.
 */
export async function writeFault(folder: string, bytes: number): Promise<unknown> {
  const path = join(folder, `.${randomUUID()}`);
  try {
    await writeFile(path, Buffer.alloc(bytes, 1));
    return null;
  } catch (error) {
    return error;
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}
