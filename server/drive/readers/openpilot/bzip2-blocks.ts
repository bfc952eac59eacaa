/**
 * A bzip2 file taken apart into its blocks, each of which is made a file of its own: so a file that
 * breaks off, or is damaged inside, gives all other blocks.
 */

/** What a block, and the end of a stream, begin with; 48 bits that may begin at any bit. */
const BLOCK = 0x314159265359n;
const END = 0x177245385090n;
const MAGIC_BITS = 48;
const CRC_BITS = 32;
const HEAD = Buffer.from('BZh9');

export interface Bzip2Block {
  /** Byte of the file in which it begins. */
  readonly at: number;
  /** A whole bzip2 file with this block only; null: it breaks off. */
  readonly file: Uint8Array | null;
}

/** The blocks of a file, in order. Nothing is unpacked. */
export function* bzip2Blocks(bytes: Buffer): Generator<Bzip2Block> {
  const marks = [
    ...bitsOf(bytes, BLOCK).map((bit) => ({ bit, isBlock: true })),
    ...bitsOf(bytes, END).map((bit) => ({ bit, isBlock: false })),
  ].sort((a, b) => a.bit - b.bit);
  for (const [i, { bit, isBlock }] of marks.entries()) {
    if (!isBlock) continue;
    const next = marks[i + 1];
    yield { at: bit >> 3, file: next ? alone(bytes, bit, next.bit) : null };
  }
}

/** Every bit at which 48 bits stand. */
function bitsOf(bytes: Buffer, magic: bigint): number[] {
  const found: number[] = [];
  for (let shift = 0; shift < 8; shift++) {
    // The bytes that it fills whole; the bits in front and behind are looked at after.
    const inner = Buffer.alloc(5);
    inner.writeUIntBE(Number((magic >> BigInt(shift)) & 0xffffffffffn), 0, 5);
    const before = Number(magic >> BigInt(40 + shift));
    const behind = Number(magic & ((1n << BigInt(shift)) - 1n));
    for (let at = bytes.indexOf(inner, 1); at >= 0; at = bytes.indexOf(inner, at + 1)) {
      const isBefore = (bytes[at - 1]! & (0xff >> shift)) === before;
      if (isBefore && (bytes[at + 5] ?? 0) >> (8 - shift) === behind)
        found.push((at - 1) * 8 + shift);
    }
  }
  return found;
}

/** Bits from `begin` to before `end` as a file with one block. */
function alone(bytes: Buffer, begin: number, end: number): Uint8Array {
  const bits = end - begin;
  const first = begin >> 3;
  const shift = begin & 7;
  const file = Buffer.alloc(HEAD.length + Math.ceil((bits + MAGIC_BITS + CRC_BITS) / 8) + 1);
  file.set(HEAD);
  for (let i = 0; i < Math.ceil(bits / 8); i++)
    file[HEAD.length + i] =
      ((bytes[first + i]! << shift) | ((bytes[first + i + 1] ?? 0) >> (8 - shift))) & 0xff;
  // Of one block, the sum over the stream is that of the block, which stands behind its magic.
  const crc = BigInt(file.readUInt32BE(HEAD.length + MAGIC_BITS / 8));
  const tail = (END << BigInt(CRC_BITS)) | crc;
  for (let bit = 0; bit < MAGIC_BITS + CRC_BITS; bit++) {
    const at = HEAD.length * 8 + bits + bit;
    const mask = 0x80 >> (at & 7);
    const isSet = (tail >> BigInt(MAGIC_BITS + CRC_BITS - 1 - bit)) & 1n;
    file[at >> 3] = isSet ? file[at >> 3]! | mask : file[at >> 3]! & ~mask;
  }
  return file;
}
