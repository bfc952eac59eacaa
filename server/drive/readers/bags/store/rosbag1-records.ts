import type { Bag } from '@foxglove/rosbag';
import { extractFields } from '@foxglove/rosbag/dist/cjs/fields.js';
import type { ChunkInfo } from '@foxglove/rosbag/dist/cjs/record.js';
import type { RandomAccess } from './random-access.ts';

export const OP = {
  message: 2,
  header: 3,
  index: 4,
  chunk: 5,
  chunkInfo: 6,
  connection: 7,
} as const;

/** A record of a ROS 1 bag: a header of fields, and data. */
export interface RecordSpan {
  readonly op: number;
  readonly offset: number;
  /** Of header and data, with the lengths in front of both. */
  readonly length: number;
}

/** The version's line, before the first record. */
const MAGIC_LENGTH = 13;
const LONGEST_HEADER = 1 << 16;

/** The records of an unpacked chunk. Throws where one of them does not fit. */
export function* recordsIn(bytes: Uint8Array): Generator<RecordSpan> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset < bytes.length;) {
    const headerLength = view.getUint32(offset, true);
    const op = opOf(bytes.subarray(offset + 4, offset + 4 + headerLength));
    const length = 8 + headerLength + view.getUint32(offset + 4 + headerLength, true);
    if (offset + length > bytes.length)
      throw new RangeError(`a record at ${offset} does not fit into its chunk`);
    yield { op, offset, length };
    offset += length;
  }
}

/** What a bag without an index holds. */
export interface WalkedBag {
  readonly chunks: ChunkInfo[];
  /** The recorder's end was not orderly; in words after "it". */
  readonly fault: string;
}

/** Goes from record to record of a bag, up to the first that is not whole. */
export async function walkBag(file: RandomAccess): Promise<WalkedBag> {
  const chunks: ChunkInfo[] = [];
  let fault = 'has no index, because it was not closed properly';
  for (let at = MAGIC_LENGTH; at < file.size;) {
    let span: RecordSpan;
    try {
      span = await spanAt(file, at);
    } catch {
      fault = `breaks off or is damaged at byte ${at}`;
      break;
    }
    if (at + span.length > file.size) {
      fault = `breaks off in the middle of a record at byte ${at}`;
      break;
    }
    if (span.op === OP.chunk) {
      // What `readChunk` needs of one: where it is, where it ends, and that no index is wanted.
      const end = { chunkPosition: at + span.length } as ChunkInfo;
      chunks.push({
        chunkPosition: at,
        count: 0,
        connections: [],
        nextChunk: end,
      } as unknown as ChunkInfo);
    }
    at += span.length;
  }
  return { chunks, fault };
}

async function spanAt(file: RandomAccess, offset: number): Promise<RecordSpan> {
  const headerLength = uint32(await file.read(offset, 4));
  if (headerLength > LONGEST_HEADER) throw new RangeError('its header is too long');
  const header = await file.read(offset + 4, headerLength + 4);
  return {
    op: opOf(header.subarray(0, headerLength)),
    offset,
    length: 8 + headerLength + uint32(header.subarray(headerLength)),
  };
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

function opOf(header: Uint8Array): number {
  return extractFields(header)['op']?.[0] ?? 0;
}

export type RecordReader = Bag['reader'];
