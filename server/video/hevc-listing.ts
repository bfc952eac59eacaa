import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { NumberColumn } from '../drive/log/number-column.ts';

/** The coded pictures of a raw H.265 file (Annex B), in the order of the file. */
export interface HevcListing {
  /** Byte at which each picture begins, with what stands before it for its sake. */
  readonly begins: Float64Array;
  /** Byte behind each picture. */
  readonly ends: Float64Array;
  /** Pictures at which decoding can start, so that all from there on are shown; ascending. */
  readonly keyframes: Int32Array;
  /** Pictures at the start that lean on ones before the file, never shown and not listed. */
  readonly leftOut: number;
}

const CHUNK_BYTES = 512 << 10;
/** 58 hours at 20 a second. */
const MOST_PICTURES = 1 << 22;

const START = Buffer.from([0, 0, 1]);
/** Start code, head of the unit (2 bytes), first byte of a slice. */
const UNIT_HEAD = START.length + 3;

const FIRST_AFTER_SLICES = 32;
/** BLA, IDR and CRA. */
const FIRST_RANDOM_ACCESS = 16;
const LAST_RANDOM_ACCESS = 23;
/** Shown before the picture that decoding may start at, and not decodable from there. */
const RASL = [8, 9];

/**
 * Parameter sets, delimiters and what is told of a picture in advance: behind a slice, the first of
 * them begins the next picture.
 */
function precedesPicture(type: number): boolean {
  return (
    (type >= 32 && type <= 35) ||
    type === 39 ||
    (type >= 41 && type <= 44) ||
    (type >= 48 && type <= 55)
  );
}

/**
 * Goes through a file once and decodes nothing: a gigabyte takes about a second. Throws what the
 * file system does, or a RangeError with a clause where the file holds more pictures than are
 * listed.
 */
export async function listHevc(path: string, signal?: AbortSignal): Promise<HevcListing> {
  // A pipe that nobody writes to would otherwise hold up whoever opens it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const listing = new Listing();
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let kept = 0;
    let offset = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, kept, buffer.length - kept, offset + kept);
      const length = kept + bytesRead;
      if (bytesRead === 0) return listing.close(offset + length);
      const rest = listing.take(buffer.subarray(0, length), offset);
      buffer.copyWithin(0, rest, length);
      offset += rest;
      kept = length - rest;
    }
  } finally {
    await file.close();
  }
}

class Listing {
  readonly #begins = new NumberColumn();
  readonly #ends = new NumberColumn();
  readonly #randomAccess: number[] = [];
  /** Those of them that RASL pictures follow. */
  readonly #isWithLeading = new Set<number>();
  /** Where the next picture begins, where something stands before it. */
  #begin: number | null = null;
  /** A listed picture has no end yet. */
  #isOpen = false;
  #leftOut = 0;

  /** Goes through bytes that lie at `offset`; how many of them it is done with. */
  take(bytes: Buffer, offset: number): number {
    for (let from = 0; ;) {
      const at = bytes.indexOf(START, from);
      if (at < 0) return Math.max(from, bytes.length - START.length + 1);
      if (at + UNIT_HEAD > bytes.length) return at;
      const type = (bytes[at + START.length]! >> 1) & 63;
      this.#unit(offset + at, type, bytes[at + UNIT_HEAD - 1]! >= 128);
      from = at + START.length;
    }
  }

  close(end: number): HevcListing {
    this.#endAt(end);
    const starts = this.#randomAccess.filter((picture) => !this.#isWithLeading.has(picture));
    return {
      begins: this.#begins.values(),
      ends: this.#ends.values(),
      // Where everything leans on what comes before, the beginning is all there is.
      keyframes: Int32Array.from(starts.length > 0 ? starts : [0]),
      leftOut: this.#leftOut,
    };
  }

  #unit(at: number, type: number, isFirstSlice: boolean): void {
    if (type >= FIRST_AFTER_SLICES) {
      if (precedesPicture(type)) this.#begin ??= at;
    } else if (isFirstSlice) {
      this.#endAt(this.#begin ?? at);
      this.#picture(this.#begin ?? at, type);
      this.#begin = null;
    }
  }

  #picture(begin: number, type: number): void {
    const last = this.#randomAccess.at(-1);
    if (RASL.includes(type) && last === 0) {
      this.#leftOut++;
      return;
    }
    if (this.#begins.length === MOST_PICTURES)
      throw new RangeError(`it holds more than ${MOST_PICTURES} pictures`);
    if (RASL.includes(type) && last !== undefined) this.#isWithLeading.add(last);
    if (type >= FIRST_RANDOM_ACCESS && type <= LAST_RANDOM_ACCESS)
      this.#randomAccess.push(this.#begins.length);
    this.#begins.push(begin);
    this.#isOpen = true;
  }

  #endAt(end: number): void {
    if (this.#isOpen) this.#ends.push(end);
    this.#isOpen = false;
  }
}
