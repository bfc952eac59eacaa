import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const HEAD_BYTES = 65_536;

/** The first 64 KiB of a file; null where there is none that can be read. */
export async function readFileHead(path: string): Promise<Buffer | null> {
  // A pipe that nobody writes to would otherwise hold up whoever opens it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (!file) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

/** Whether these bytes (text as Latin-1) stand at a place. */
export function hasBytes(head: Buffer, bytes: string, at = 0): boolean {
  return (
    head.length >= at + bytes.length && head.toString('latin1', at, at + bytes.length) === bytes
  );
}

/** Names of the files of a ZIP archive, as far as they begin in its head. */
export function zipNames(head: Buffer): string[] {
  const names: string[] = [];
  for (
    let at = head.indexOf('PK\u0003\u0004', 0, 'latin1');
    at >= 0 && at + 30 <= head.length;
    at = head.indexOf('PK\u0003\u0004', at + 4, 'latin1')
  ) {
    names.push(head.toString('utf8', at + 30, at + 30 + head.readUInt16LE(at + 26)));
  }
  return names;
}

/** Containers that ffmpeg reads as video, by their first bytes. */
export function looksLikeVideo(head: Buffer): boolean {
  return (
    ['ftyp', 'moov', 'mdat', 'wide'].some((box) => hasBytes(head, box, 4)) ||
    [
      '\u001a\u0045\u00df\u00a3',
      'FLV\u0001',
      '\u0000\u0000\u0000\u0001',
      '\u0000\u0000\u0001',
      '\u0030\u0026\u00b2\u0075',
      'OggS',
      'DKIF',
    ].some((magic) => hasBytes(head, magic)) ||
    (hasBytes(head, 'RIFF') && hasBytes(head, 'AVI ', 8)) ||
    (head[0] === 0x47 && head[188] === 0x47 && head[376] === 0x47) ||
    (head[4] === 0x47 && head[196] === 0x47 && head[388] === 0x47)
  );
}

/** The beginning of an ONNX model: its version, then another field of the model. */
export function looksLikeOnnx(head: Buffer): boolean {
  return (
    head[0] === 0x08 &&
    head[1]! > 0 &&
    head[1]! < 0x80 &&
    [0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42, 0x72].includes(head[2]!)
  );
}
