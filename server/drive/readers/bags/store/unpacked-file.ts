import { createReadStream } from 'node:fs';
import { open, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Decompress } from 'fzstd';

/** A packed split may unpack to so many bytes, … */
const MOST_BYTES = 64 * 2 ** 30;
/** … and to so many times its own; pictures of nothing at all come to a few hundred. */
const MOST_RATIO = 1000;
const ALWAYS_ALLOWED = 16 << 20;
/** Of the disk that it is unpacked to. */
const KEPT_FREE = 1 << 30;

/**
 * Unpacks a split that its recorder packed as a whole, `.zstd`, into `target`. Throws a clause
 * where it is damaged or larger than allowed; what breaks off is unpacked as far as it goes, and the
 * reason is returned, after the file's name.
 */
export async function unpackFile(path: string, target: string): Promise<string | null> {
  const { size } = await stat(path);
  const { bavail, bsize } = await statfs(dirname(target));
  const limit = Math.min(
    MOST_BYTES,
    Math.max(ALWAYS_ALLOWED, size * MOST_RATIO),
    bavail * bsize - KEPT_FREE,
  );
  const file = await open(target, 'wx');
  let length = 0;
  let pieces: Uint8Array[] = [];
  const stream = new Decompress((piece) => {
    length += piece.length;
    if (length > limit)
      throw new RangeError('it unpacks to more than is unpacked, or than the disk has room for');
    pieces.push(piece);
  });
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
      try {
        stream.push(chunk as Buffer);
      } catch (error) {
        if (error instanceof RangeError || length === 0) throw error;
        return 'is damaged inside, and is read up to there';
      }
      for (const piece of pieces) await file.write(piece);
      pieces = [];
    }
    try {
      stream.push(new Uint8Array(), true);
    } catch {
      return 'breaks off, and is read up to there';
    }
    return null;
  } finally {
    for (const piece of pieces) await file.write(piece).catch(() => null);
    await file.close();
  }
}
