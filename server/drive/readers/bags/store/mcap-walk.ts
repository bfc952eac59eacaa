import { McapStreamReader, type McapTypes } from '@mcap/core';
import { LARGEST_BLOCK } from './message-store.ts';
import type { RandomAccess } from './random-access.ts';

/** A chunk, or messages that lie one after the other outside of chunks. */
export interface McapBlock {
  readonly offset: number;
  /** With the head of its record. */
  readonly length: number;
  /** Of its messages; null: not known. */
  readonly channels: ReadonlySet<number> | null;
}

/** What a file without an index was found to hold. */
export interface McapContents {
  readonly blocks: readonly McapBlock[];
  readonly channels: Map<number, McapTypes.Channel>;
  readonly schemas: Map<number, McapTypes.Schema>;
  readonly profile: string;
  /** What is wrong with it, in words after "it"; null: it ends as it should. */
  readonly fault: string | null;
}

const MAGIC_LENGTH = 8;
const RECORD_HEAD = 9;
const OP = {
  header: 1,
  footer: 2,
  schema: 3,
  channel: 4,
  message: 5,
  chunk: 6,
  dataEnd: 15,
} as const;
/** Looked at in one go. */
const WINDOW = 1 << 18;
/** Messages outside of chunks are taken together up to so many bytes. */
const BARE_BLOCK = 1 << 20;

/**
 * Goes from record to record of a file, which was perhaps not written to its end, without reading
 * into chunks. Stops at the first record that cannot be whole.
 */
export async function walkMcap(file: RandomAccess): Promise<McapContents> {
  const blocks: McapBlock[] = [];
  const channels = new Map<number, McapTypes.Channel>();
  const schemas = new Map<number, McapTypes.Schema>();
  let profile = '';
  let fault: string | null = 'was not closed properly';
  let bare: { offset: number; length: number } | null = null;
  const flush = (): void => {
    if (bare) blocks.push({ ...bare, channels: null });
    bare = null;
  };

  let window = new Uint8Array();
  let windowAt = 0;
  for (let at = MAGIC_LENGTH; at + RECORD_HEAD <= file.size;) {
    if (at < windowAt || at + RECORD_HEAD > windowAt + window.length) {
      windowAt = at;
      window = (await file.read(at, Math.min(WINDOW, file.size - at))) as typeof window;
    }
    const view = new DataView(window.buffer, window.byteOffset + at - windowAt, RECORD_HEAD);
    const op = view.getUint8(0);
    const length = RECORD_HEAD + Number(view.getBigUint64(1, true));
    if (op === OP.footer || op === OP.dataEnd) {
      fault = null;
      break;
    }
    if (op === 0) {
      fault = `is damaged at byte ${at}`;
      break;
    }
    if (at + length > file.size) {
      fault = `breaks off in the middle of a record at byte ${at}`;
      break;
    }
    if (op === OP.message && length <= LARGEST_BLOCK) {
      if (bare && bare.offset + bare.length === at && bare.length + length <= BARE_BLOCK)
        bare.length += length;
      else {
        flush();
        bare = { offset: at, length };
      }
    } else if (op === OP.chunk) {
      flush();
      blocks.push({ offset: at, length, channels: null });
    } else if (op === OP.header || op === OP.schema || op === OP.channel) {
      for (const record of recordsOf(await file.read(at, length))) {
        if (record.type === 'Header') profile = record.profile;
        else if (record.type === 'Schema') schemas.set(record.id, record);
        else if (record.type === 'Channel') channels.set(record.id, record);
      }
    }
    at += length;
  }
  flush();
  return { blocks, channels, schemas, profile, fault };
}

function recordsOf(bytes: Uint8Array): McapTypes.TypedMcapRecord[] {
  const reader = new McapStreamReader({ noMagicPrefix: true });
  reader.append(bytes);
  const records: McapTypes.TypedMcapRecord[] = [];
  try {
    for (let record; (record = reader.nextRecord());) records.push(record);
  } catch {
    // Messages of a channel that cannot be read are left out, and noted, when they are come to.
  }
  return records;
}
