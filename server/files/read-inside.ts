import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { pathInside } from './path-inside.ts';

/** Why a file of a folder was not read; `reason` goes on from its name, as in "is not there". */
export interface NotRead {
  readonly reason: string;
}

/**
 * A whole file by the name that some other file of the folder has for it. Nothing outside the
 * folder is read: names that lead out, and links that do, are refused, and so are pipes and
 * devices. Never throws.
 */
export async function readInside(
  folder: string,
  name: string,
  mostBytes: number,
): Promise<Uint8Array | NotRead> {
  const path = await pathInside(folder, name);
  if (path === null) return { reason: 'is not there, or leads out of the folder' };
  try {
    // A pipe that nobody writes to would otherwise hold up whoever opens it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = await file.stat();
      if (!info.isFile()) return { reason: 'is not a file' };
      if (info.size > mostBytes)
        return { reason: `is larger than ${Math.floor(mostBytes / 2 ** 20)} MiB` };
      const bytes = Buffer.allocUnsafeSlow(info.size);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { reason: code === 'EACCES' ? 'may not be read' : `cannot be read (${code})` };
  }
}

/** Tells what was read from the reason why nothing was. */
export function isNotRead(result: Uint8Array | NotRead): result is NotRead {
  return 'reason' in result;
}
