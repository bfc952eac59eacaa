import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import bzip2 from '@foxglove/wasm-bz2';
import { Decompress } from 'fzstd';
import { bzip2Blocks } from './bzip2-blocks.ts';

/** Of a bzip2 file, which is held in memory. */
const MOST_PACKED = 1 << 30;
/** A log may unpack to so many bytes, … */
const MOST_BYTES = 4 * 2 ** 30;
/** … and to so many times its own. */
const MOST_RATIO = 200;
const ALWAYS_ALLOWED = 512 << 20;
/** A block of bzip2 is 900 kB, and may be 50 times that where it holds one byte only. */
const BLOCK_BYTES = 1 << 20;
const LARGEST_BLOCK = 48 << 20;
const STEP = 256 << 10;

/** Bytes of a log; null where some are lost; a text tells what is wrong, after the file's name. */
export type LogPiece = Uint8Array | null | string;

/** A log as it was written, bare, bzip2 or Zstandard by its first bytes; as far as it goes. */
export async function* logBytes(path: string): AsyncGenerator<LogPiece, void, undefined> {
  const { size } = await stat(path);
  const limit = Math.min(MOST_BYTES, Math.max(ALWAYS_ALLOWED, size * MOST_RATIO));
  const head = await firstBytes(path);
  const pieces =
    head.toString('latin1', 0, 3) === 'BZh'
      ? unpackBzip2(path, size)
      : head.length === 4 && head.readUInt32LE() === 0xfd2fb528
        ? unpackZstd(path)
        : (createReadStream(path, { highWaterMark: STEP }) as AsyncIterable<LogPiece>);
  let length = 0;
  for await (const piece of pieces) {
    if (piece instanceof Uint8Array) length += piece.length;
    if (length > limit) {
      yield `unpacks to more than ${Math.floor(limit / 2 ** 20)} MiB; what comes after is left out`;
      yield null;
      return;
    }
    yield piece;
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function* unpackBzip2(path: string, size: number): AsyncGenerator<LogPiece> {
  if (size > MOST_PACKED) {
    yield 'is larger than 1 GiB, and is not unpacked';
    return;
  }
  const unpacker = await bzip2.init();
  const unpack = (file: Uint8Array): Uint8Array | null => {
    for (const most of [BLOCK_BYTES, LARGEST_BLOCK]) {
      try {
        return unpacker.decompress(file, most);
      } catch {
        // It may need the larger room.
      }
    }
    return null;
  };
  let blocks = 0;
  for (const { at, file } of bzip2Blocks(await readFile(path))) {
    blocks++;
    const bytes = file && unpack(file);
    if (!bytes)
      yield file ? `is damaged at byte ${at}, and goes on behind that` : `breaks off at byte ${at}`;
    yield bytes;
  }
  if (blocks === 0) yield 'has no block of bzip2';
}

async function* unpackZstd(path: string): AsyncGenerator<LogPiece> {
  let pieces: Uint8Array[] = [];
  const stream = new Decompress((piece) => pieces.push(piece.slice()));
  let at = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 64 << 10 })) {
    let fault = null;
    try {
      stream.push(chunk as Buffer);
    } catch {
      fault = `is damaged near byte ${at}, and is read up to there`;
    }
    yield* pieces;
    pieces = [];
    if (fault) {
      yield fault;
      yield null;
      return;
    }
    at += (chunk as Buffer).length;
  }
  let fault = null;
  try {
    stream.push(new Uint8Array(), true);
  } catch {
    fault = `breaks off at byte ${at}`;
  }
  yield* pieces;
  if (!fault) return;
  yield fault;
  yield null;
}
