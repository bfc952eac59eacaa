import { open, readFile, writeFile } from 'node:fs/promises';

/** Bytes. */
const PACKET = 188;
const SYNC = 0x47;
/** In fewer packets ffmpeg does not recognise MPEG-TS, or takes it for something else. */
const ENOUGH = 11;
/** Packets of the identifier that says "nothing": ISO/IEC 13818-1, 2.4.3.2. */
const STUFFING = Buffer.alloc(
  ENOUGH * PACKET,
  Buffer.concat([Buffer.from([SYNC, 0x1f, 0xff, 0x10]), Buffer.alloc(PACKET - 4, 0xff)]),
);

/**
 * Whether a file is MPEG-TS that is too short for ffmpeg to find that out, as one that is still
 * being written may be. false where it cannot be read.
 */
export async function isShortMpegts(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(ENOUGH * PACKET),
      0,
      ENOUGH * PACKET,
      0,
    );
    if (bytesRead < PACKET || bytesRead === buffer.length) return false;
    for (let at = 0; at < bytesRead; at += PACKET) if (buffer[at] !== SYNC) return false;
    return true;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/**
 * A copy of such a file, as far as its last whole packet, that ffmpeg recognises. Rejects as
 * `readFile` and `writeFile` do.
 */
export async function copyRecognisably(path: string, copy: string): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(
    copy,
    Buffer.concat([bytes.subarray(0, bytes.length - (bytes.length % PACKET)), STUFFING]),
  );
}
