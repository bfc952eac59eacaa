import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const HEAD_BYTES = 65_536;
const PIECE_BYTES = 1 << 18;

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

/** The whole file as text, piece by piece, without a byte order mark. */
export async function* decodedText(path: string, encoding: string): AsyncGenerator<string> {
  // For UTF-8 Node's decoder takes a fraction of the time of TextDecoder.
  const decode = encoding === 'utf-8' ? utf8() : streamed(encoding);
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  const handle = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      yield decode(buffer.subarray(0, bytesRead));
    }
    yield decode(null);
  } finally {
    await handle.close();
  }
}

/** Text of the bytes that come next; null: that was all. */
type Decode = (bytes: Buffer | null) => string;

function utf8(): Decode {
  const decoder = new StringDecoder('utf8');
  let isFirst = true;
  return (bytes) => {
    const text = bytes ? decoder.write(bytes) : decoder.end();
    const hasMark = isFirst && text.startsWith('\ufeff');
    isFirst &&= text === '';
    return hasMark ? text.slice(1) : text;
  };
}

function streamed(encoding: string): Decode {
  const decoder = new TextDecoder(encoding);
  return (bytes) => (bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode());
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
