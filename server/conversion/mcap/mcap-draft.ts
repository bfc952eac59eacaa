import { open, type FileHandle } from 'node:fs/promises';
import zstd from '@foxglove/wasm-zstd';
import { McapWriter } from '@mcap/core';
import { descriptorsOf, messageOf, type MessageType } from './messages.ts';

export interface McapChannel {
  readonly id: number;
  readonly type: MessageType;
  /** Its messages are packed already, as pictures are. */
  readonly isPacked: boolean;
  sequence: number;
}

export interface NewChannel {
  readonly topic: string;
  readonly type: MessageType;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Bytes of a chunk: what a reader must take at once. */
const CHUNK = 1 << 20;
/** Zstandard's fastest level but for its negative ones. */
const LEVEL = 1;
/** Chunks with a larger share of pictures are not worth packing. */
const MOST_PACKED = 0.9;

/** An MCAP file that is being written: chunks with an index, and a summary at its end. */
export class McapDraft {
  readonly #file: FileHandle;
  readonly #writer: McapWriter;
  readonly #schemas = new Map<MessageType, number>();
  #position = 0n;
  /** Bytes of the chunk that is being filled, and what of them is packed already. */
  #bytes = 0;
  #packedBytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
    this.#writer = new McapWriter({
      chunkSize: CHUNK,
      writable: {
        position: () => this.#position,
        write: async (bytes) => {
          for (let at = 0; at < bytes.length;)
            at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
          this.#position += BigInt(bytes.length);
        },
      },
      compressChunk: (chunk) => {
        const isWorth = this.#packedBytes < MOST_PACKED * this.#bytes;
        this.#bytes = 0;
        this.#packedBytes = 0;
        return isWorth
          ? { compression: 'zstd', compressedData: zstd.compress(chunk, LEVEL) }
          : { compression: '', compressedData: chunk };
      },
    });
  }

  /** Begins a file that is not there yet. Rejects as the system does. */
  static async create(path: string, library: string): Promise<McapDraft> {
    await zstd.isLoaded;
    const draft = new McapDraft(await open(path, 'wx'));
    await draft.#writer.start({ profile: '', library });
    return draft;
  }

  async channel({ topic, type, metadata = {} }: NewChannel): Promise<McapChannel> {
    const schemaId =
      this.#schemas.get(type) ??
      (await this.#writer.registerSchema({
        name: type.name,
        encoding: 'protobuf',
        data: descriptorsOf(type),
      }));
    this.#schemas.set(type, schemaId);
    const id = await this.#writer.registerChannel({
      topic,
      schemaId,
      messageEncoding: 'protobuf',
      metadata: new Map(Object.entries(metadata)),
    });
    return { id, type, isPacked: type.fields['data'] !== undefined, sequence: 0 };
  }

  /** One call after the other: the file is written in their order. `instant`: ns. */
  async write(
    channel: McapChannel,
    instant: bigint,
    values: Readonly<Record<string, string | number | Uint8Array>>,
  ): Promise<void> {
    const data = messageOf(channel.type, instant, values);
    this.#bytes += data.length;
    if (channel.isPacked) this.#packedBytes += data.length;
    await this.#writer.addMessage({
      channelId: channel.id,
      sequence: channel.sequence++,
      logTime: instant,
      publishTime: instant,
      data,
    });
  }

  /** Writes what remains, as far as the disk, and closes the file. */
  async finish(): Promise<void> {
    await this.#writer.end();
    await this.#file.sync();
    await this.#file.close();
  }

  /** Closes the file as it is. Never throws. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}
