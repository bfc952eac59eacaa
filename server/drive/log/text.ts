import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

const HEAD_BYTES = 65_536;

/** How a text file is written, told from its first bytes. */
export interface TextHead {
  /** As TextDecoder names it. */
  readonly encoding: string;
  /** The first 64 KiB as text, without a byte order mark. */
  readonly text: string;
}

/** Throws what opening and reading a file throws. */
export async function readTextHead(path: string): Promise<TextHead> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const bytes = buffer.subarray(0, bytesRead);
    const encoding = encodingOf(bytes);
    return { encoding, text: new TextDecoder(encoding).decode(bytes) };
  } finally {
    await handle.close();
  }
}

/** The whole file as text, piece by piece. */
export async function* decodedText(path: string, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of createReadStream(path))
    yield decoder.decode(chunk as Buffer, { stream: true });
  yield decoder.decode();
}

/**
 * UTF-16 by its mark or by the zeros between ASCII letters, else UTF-8, else what Windows writes in
 * the West.
 */
function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes.length >= 4 && bytes[0] !== 0 && bytes[1] === 0 && bytes[3] === 0) return 'utf-16le';
  if (bytes.length >= 4 && bytes[0] === 0 && bytes[1] !== 0 && bytes[2] === 0) return 'utf-16be';
  try {
    // The last character may be cut in two by the end of the head.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return 'utf-8';
  } catch {
    return 'windows-1252';
  }
}
