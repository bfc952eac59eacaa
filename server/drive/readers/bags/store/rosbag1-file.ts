import { basename } from 'node:path';
import { Bag } from '@foxglove/rosbag';
import { Connection, MessageData, type ChunkInfo } from '@foxglove/rosbag/dist/cjs/record.js';
import { BlockCache } from './block-cache.ts';
import { DamageNotes, inWords } from './damage-notes.ts';
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
import { RandomAccess } from './random-access.ts';
import { OP, recordsIn, walkBag, type RecordReader } from './rosbag1-records.ts';
import type { Unpackers } from './unpack.ts';

/** A ROS 1 bag of version 2.0, with its index or without one. */
export class Rosbag1File implements MessageFile {
  readonly topics = new Map<string, Topic>();
  readonly profile = 'ros1';
  readonly #file: RandomAccess;
  readonly #reader: RecordReader;
  readonly #unpackers: Unpackers;
  readonly #chunks: readonly ChunkInfo[];
  readonly #keys = new Map<number, string>();
  readonly #damage: DamageNotes;
  readonly #cache: BlockCache<readonly BlockMessage[]>;

  private constructor(
    file: RandomAccess,
    reader: RecordReader,
    chunks: readonly ChunkInfo[],
    unpackers: Unpackers,
    damage: DamageNotes,
  ) {
    this.#file = file;
    this.#reader = reader;
    this.#chunks = chunks;
    this.#unpackers = unpackers;
    this.#damage = damage;
    this.#cache = new BlockCache((block) => this.#readBlock(block));
  }

  /** Throws where it is no bag, or nothing of it can be read. */
  static async open(path: string, unpackers: Unpackers): Promise<Rosbag1File> {
    const file = await RandomAccess.open(path);
    const bag = new Bag({
      size: () => file.size,
      read: (offset, length) => file.read(offset, Math.min(length, file.size - offset)),
    });
    try {
      let fault: unknown = null;
      await bag.open().catch((error: unknown) => (fault = error));
      if (!bag.header) throw fault;
      const damage = new DamageNotes(basename(path));
      const isIndexed = fault === null && bag.connections.size > 0;
      const walked = isIndexed ? null : await walkBag(file);
      if (walked) damage.say(`${walked.fault}; what comes before that is read.`);
      const opened = new Rosbag1File(
        file,
        bag.reader,
        walked?.chunks ?? bag.chunkInfos,
        unpackers,
        damage,
      );
      if (isIndexed) opened.#addIndexed(bag);
      else await opened.#learnTopics();
      return opened;
    } catch (error) {
      await file.close();
      throw new Error(inWords(error), { cause: error });
    }
  }

  get notes(): readonly string[] {
    return this.#damage.notes;
  }

  async scan(
    topics: ReadonlySet<string>,
    visit: Visit<Omit<StoredMessage, 'file'>>,
  ): Promise<boolean> {
    for (const [block, { chunkPosition, connections }] of this.#chunks.entries()) {
      if (
        connections.length > 0 &&
        !connections.some(({ conn }) => topics.has(this.#keys.get(conn) ?? ''))
      )
        continue;
      let messages;
      try {
        messages = await this.#cache.peek(block);
      } catch (error) {
        this.#damage.leftOut('chunk', `at byte ${chunkPosition}`, error);
        continue;
      }
      for (const [at, message] of messages.entries())
        if (topics.has(message.topic) && visit({ block, at, ...message }) === false) return false;
    }
    return true;
  }

  async read(block: number, at: number): Promise<Uint8Array> {
    const message = (await this.#cache.get(block))[at];
    if (!message) throw new Error('its chunk no longer holds it');
    return message.bytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #addIndexed(bag: Bag): void {
    const counts = new Map<number, number>();
    for (const { connections } of bag.chunkInfos)
      for (const { conn, count } of connections) counts.set(conn, (counts.get(conn) ?? 0) + count);
    for (const connection of bag.connections.values())
      this.#addConnection(connection, counts.get(connection.conn) ?? 0);
  }

  /** Connections stand in the chunks, before their first message. */
  async #learnTopics(): Promise<void> {
    let looked = 0;
    for (const [block, { chunkPosition, nextChunk }] of this.#chunks.entries()) {
      looked += nextChunk!.chunkPosition - chunkPosition;
      if (looked > LOOKED_THROUGH && this.topics.size > 0) break;
      await this.#cache.peek(block).catch(() => null);
    }
  }

  #addConnection(connection: Connection, count: number | null): void {
    const type = connection.type ?? '';
    const told = { name: connection.topic, type: plainType(type), encoding: 'ros1' };
    const key = topicKey(told);
    this.#keys.set(connection.conn, key);
    const known = this.topics.get(key);
    const data = Buffer.from(connection.messageDefinition);
    this.topics.set(key, {
      ...told,
      schema: { encoding: 'ros1msg', name: type, data },
      count: count === null ? null : count + (known?.count ?? 0),
    });
  }

  async #readBlock(block: number): Promise<{ value: readonly BlockMessage[]; bytes: number }> {
    const { lz4, bz2 } = this.#unpackers;
    const { chunk } = await this.#reader.readChunk(this.#chunks[block]!, { lz4, bz2 });
    const records = chunk.data ?? new Uint8Array();
    const messages: BlockMessage[] = [];
    let bytes = 0;
    for (const { op, offset, length } of recordsIn(records)) {
      const record = records.subarray(offset, offset + length);
      if (op === OP.connection) {
        const connection = this.#reader.readRecordFromBuffer(record, offset, Connection);
        if (!this.#keys.has(connection.conn)) this.#addConnection(connection, null);
      } else if (op === OP.message) {
        const message = this.#reader.readRecordFromBuffer(record, offset, MessageData);
        const topic = this.#keys.get(message.conn);
        if (topic === undefined || !message.data) continue;
        const { sec, nsec } = message.time;
        const logTime = BigInt(sec) * 1_000_000_000n + BigInt(nsec);
        messages.push({ topic, logTime, bytes: message.data });
        bytes += message.data.length;
      }
    }
    return { value: messages, bytes };
  }
}
