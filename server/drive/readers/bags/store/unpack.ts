import bzip2 from '@foxglove/wasm-bz2';
import lz4 from '@foxglove/wasm-lz4';
import zstd from '@foxglove/wasm-zstd';
import { Decompress } from 'fzstd';
import { LARGEST_BLOCK } from './message-store.ts';

/** Unpacks a block whose unpacked size is told. Throws where it is wrong, or over the limit. */
export type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

export interface Unpackers {
  readonly lz4: Unpack;
  readonly zstd: Unpack;
  readonly bz2: Unpack;
}

/** WebAssembly is made ready once for a thread. */
export async function loadUnpackers(): Promise<Unpackers> {
  const [unpackBzip2] = await Promise.all([bzip2.init(), lz4.isLoaded, zstd.isLoaded]);
  return {
    lz4: bounded(255, (packed, size) => lz4(packed, size)),
    zstd: bounded(1 << 15, (packed, size) => zstd.decompress(packed, size)),
    bz2: bounded(1 << 20, (packed, size) => unpackBzip2.decompress(packed, size)),
  };
}

/** `ratio`: to so many times its size anything can unpack at most, but for a few bytes. */
function bounded(ratio: number, unpack: Unpack): Unpack {
  return (packed, size) => {
    if (size > (packed.length + 64) * ratio)
      throw new Error(`it says that ${packed.length} bytes unpack to ${size}`);
    if (!(size >= 0 && size <= LARGEST_BLOCK))
      throw new Error(
        `it says that it unpacks to ${size} bytes, over the limit of ${LARGEST_BLOCK}`,
      );
    if (size === 0) return new Uint8Array();
    const bytes = unpack(packed, size);
    if (bytes.length !== size)
      throw new Error(`it unpacks to ${bytes.length} bytes, and says ${size}`);
    return bytes;
  };
}

function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}

/** A Zstandard frame by itself, which may tell its size or not. Bounded as blocks are. */
function unpackFrame({ zstd: unpack }: Unpackers, packed: Uint8Array): Uint8Array {
  const size = frameSize(packed);
  if (size !== null) return unpack(packed, size);
  const pieces: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((piece) => {
    length += piece.length;
    if (length > LARGEST_BLOCK)
      throw new Error(`it unpacks to more than the limit of ${LARGEST_BLOCK} bytes`);
    pieces.push(piece);
  });
  // Small steps, so that what unpacks to very much is stopped early.
  for (let at = 0; at < packed.length; at += 1 << 16)
    stream.push(packed.subarray(at, at + (1 << 16)), at + (1 << 16) >= packed.length);
  return Buffer.concat(pieces);
}

/**
 * A message as it was before the recorder packed it, where it did. One that cannot be unpacked stays
 * as it is, and shows as a message that cannot be read.
 */
export function unpackedMessage(unpackers: Unpackers, bytes: Uint8Array): Uint8Array {
  if (!isZstd(bytes)) return bytes;
  try {
    return unpackFrame(unpackers, bytes);
  } catch {
    return bytes;
  }
}

/** `Frame_Content_Size` of RFC 8878; null: not told. */
function frameSize(packed: Uint8Array): number | null {
  const descriptor = packed[4] ?? 0;
  const isSingle = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const code = descriptor >> 6;
  if (at + [isSingle ? 1 : 0, 2, 4, 8][code]! > packed.length) return null;
  if (code === 3) return Number(view.getBigUint64(at, true));
  if (code === 2) return view.getUint32(at, true);
  if (code === 1) return view.getUint16(at, true) + 256;
  return isSingle ? view.getUint8(at) : null;
}
