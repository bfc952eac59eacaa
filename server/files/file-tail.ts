import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** The last bytes of a file, at most so many; null where there is none that can be read. */
export async function readFileTail(path: string, most: number): Promise<Buffer | null> {
  // A pipe that nobody writes to would otherwise hold up whoever opens it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (!file) return null;
  try {
    const info = await file.stat();
    if (!info.isFile()) return null;
    const length = Math.min(most, info.size);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(length),
      0,
      length,
      info.size - length,
    );
    return buffer.subarray(0, bytesRead);
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

/** The last line of a text that is not blank; a line that began before its beginning counts too. */
export function lastLine(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed.slice(trimmed.lastIndexOf('\n') + 1);
}
