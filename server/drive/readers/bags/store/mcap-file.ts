import { basename } from 'node:path';
import { McapIndexedReader, McapRecordBuilder, McapStreamReader, type McapTypes } from '@mcap/core';
import { walkMcap, type McapBlock } from './mcap-walk.ts';
import {
  LOOKED_THROUGH,
  plainType,
  topicKey,
  type BlockMessage,
  type MessageFile,
  type StoredMessage,
  type Topic,
  type Visit,
} from './message-store.ts';
import { BlockCache } from './block-cache.ts';
import { DamageNotes } from './damage-notes.ts';
import { RandomAccess } from './random-access.ts';
import { unpackedMessage, type Unpackers } from './unpack.ts';

/** An MCAP file, with its index or without one. */
export class McapFile implements MessageFile {
  readonly topics = new Map<string, Topic>();
  readonly profile: string;
  readonly #damage: DamageNotes;
  readonly #file: RandomAccess;
  readonly #unpackers: Unpackers;
  readonly #blocks: readonly McapBlock[];
  readonly #channels: Map<number, McapTypes.Channel>;
  readonly #schemas: Map<number, McapTypes.Schema>;
  readonly #keys = new Map<number, string>();
  readonly #cache: BlockCache<readonly BlockMessage[]>;

  private constructor(file: RandomAccess, unpackers: Unpackers, name: string, parts: McapParts) {
    this.#file = file;
    this.#unpackers = unpackers;
    this.#damage = new DamageNotes(name);
    this.profile = parts.profile;
    this.#blocks = parts.blocks;
    this.#channels = parts.channels;
    this.#schemas = parts.schemas;
    if (parts.fault) this.#damage.say(`${parts.fault}; what comes before that is read.`);
    for (const channel of this.#channels.values()) this.#addChannel(channel, parts.counts);
    this.#cache = new BlockCache((block) => this.#readBlock(block));
  }

  /** Throws where it is no MCAP file, or nothing of it can be read. */
  static async open(path: string, unpackers: Unpackers): Promise<McapFile> {
    const file = await RandomAccess.open(path);
    try {
      const parts = (await indexedParts(file)) ?? {
        ...(await walkMcap(file)),
        counts: new Map<number, bigint>(),
      };
      const opened = new McapFile(file, unpackers, basename(path), parts);
      if (opened.topics.size === 0) await opened.#learnTopics();
      return opened;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get notes(): readonly string[] {
    return this.#damage.notes;
  }

  async scan(
    topics: ReadonlySet<string>,
    visit: Visit<Omit<StoredMessage, 'file'>>,
  ): Promise<boolean> {
    for (const [block, { channels, offset }] of this.#blocks.entries()) {
      if (channels && !this.#holdsAny(channels, topics)) continue;
      let messages;
      try {
        messages = await this.#cache.peek(block);
      } catch (error) {
        this.#damage.leftOut('chunk', `at byte ${offset}`, error);
        continue;
      }
      for (const [at, { topic, logTime, bytes }] of messages.entries())
        if (
          topics.has(topic) &&
          visit({
            block,
            at,
            topic,
            logTime,
            bytes: unpackedMessage(this.#unpackers, bytes),
          }) === false
        )
          return false;
    }
    return true;
  }

  async read(block: number, at: number): Promise<Uint8Array> {
    const message = (await this.#cache.get(block))[at];
    if (!message) throw new Error('its chunk no longer holds it');
    return unpackedMessage(this.#unpackers, message.bytes);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #holdsAny(channels: ReadonlySet<number>, topics: ReadonlySet<string>): boolean {
    for (const id of channels) if (topics.has(this.#keys.get(id) ?? '')) return true;
    return false;
  }

  #addChannel(channel: McapTypes.Channel, counts: ReadonlyMap<number, bigint>): void {
    this.#channels.set(channel.id, channel);
    const schema = this.#schemas.get(channel.schemaId);
    const told = {
      name: channel.topic,
      type: plainType(schema?.name ?? ''),
      encoding: channel.messageEncoding,
      metadata: channel.metadata,
    };
    const key = topicKey(told);
    this.#keys.set(channel.id, key);
    const count = counts.get(channel.id);
    const known = this.topics.get(key);
    this.topics.set(key, {
      ...told,
      schema: schema ?? known?.schema ?? null,
      count: count === undefined ? (known?.count ?? null) : Number(count) + (known?.count ?? 0),
    });
  }

  /** Channels may stand in chunks only. */
  async #learnTopics(): Promise<void> {
    let looked = 0;
    for (const [block, { length }] of this.#blocks.entries()) {
      if ((looked += length) > LOOKED_THROUGH && this.topics.size > 0) break;
      await this.#cache.peek(block).catch(() => null);
    }
  }

  async #readBlock(block: number): Promise<{ value: readonly BlockMessage[]; bytes: number }> {
    const { offset, length } = this.#blocks[block]!;
    const { lz4, zstd } = this.#unpackers;
    const reader = new McapStreamReader({
      noMagicPrefix: true,
      decompressHandlers: {
        lz4: (packed, size) => lz4(packed, Number(size)),
        zstd: (packed, size) => zstd(packed, Number(size)),
      },
    });
    // Chunks need not repeat the channels of their messages, and the library wants them told.
    if (this.#channels.size > 0) {
      reader.append(channelRecords(this.#channels.values()));
      while (reader.nextRecord());
    }
    reader.append(await this.#file.read(offset, length));
    const messages: BlockMessage[] = [];
    let bytes = 0;
    for (let record; (record = reader.nextRecord());) {
      if (record.type === 'Schema') this.#schemas.set(record.id, record);
      else if (record.type === 'Channel' && !this.#channels.has(record.id))
        this.#addChannel(record, new Map());
      else if (record.type === 'Message') {
        messages.push({
          topic: this.#keys.get(record.channelId)!,
          logTime: record.logTime,
          bytes: record.data,
        });
        bytes += record.data.length;
      }
    }
    return { value: messages, bytes };
  }
}

interface McapParts {
  readonly blocks: readonly McapBlock[];
  readonly channels: Map<number, McapTypes.Channel>;
  readonly schemas: Map<number, McapTypes.Schema>;
  readonly profile: string;
  readonly fault: string | null;
  /** Messages of a channel. */
  readonly counts: ReadonlyMap<number, bigint>;
}

/** By the summary at the end of the file; null where there is none that leads to all messages. */
async function indexedParts(file: RandomAccess): Promise<McapParts | null> {
  let reader: McapIndexedReader;
  try {
    reader = await McapIndexedReader.Initialize({
      readable: {
        size: async () => BigInt(file.size),
        read: (offset, length) => file.read(Number(offset), Number(length)),
      },
    });
  } catch {
    return null;
  }
  const { chunkIndexes, statistics, channelsById, schemasById, header } = reader;
  if (chunkIndexes.length === 0 && statistics?.messageCount !== 0n) return null;
  const blocks = chunkIndexes.map(({ chunkStartOffset, chunkLength, messageIndexOffsets }) => ({
    offset: Number(chunkStartOffset),
    length: Number(chunkLength),
    channels: messageIndexOffsets.size > 0 ? new Set(messageIndexOffsets.keys()) : null,
  }));
  return {
    blocks: blocks.sort((a, b) => a.offset - b.offset),
    channels: new Map(channelsById),
    schemas: new Map(schemasById),
    profile: header.profile,
    fault: null,
    counts: statistics?.channelMessageCounts ?? new Map(),
  };
}

function channelRecords(channels: Iterable<McapTypes.Channel>): Uint8Array {
  const builder = new McapRecordBuilder();
  for (const channel of channels) builder.writeChannel(channel);
  return builder.buffer.slice();
}
