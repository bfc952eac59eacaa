import { open, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inWords } from './damage-notes.ts';
import { McapFile } from './mcap-file.ts';
import type { MessageFile, MessagePlace, StoredMessage, Topic, Visit } from './message-store.ts';
import { loadUnpackers, type Unpackers } from './unpack.ts';
import { unpackFile } from './unpacked-file.ts';

/** Splits that are open at the same time; unpacked ones keep their place on the disk. */
const MOST_OPEN = 16;

/** The splits of a recording as one. */
export class RecordedBag {
  readonly #paths: readonly string[];
  readonly #scratch: string;
  readonly #unpackers: Unpackers;
  readonly #topics = new Map<string, Topic>();
  /** In the order of their last use. */
  readonly #open = new Map<number, Promise<MessageFile>>();
  /** How many read of it at the moment. */
  readonly #inUse = new Map<number, number>();
  readonly #unpacked = new Map<number, string>();
  readonly #faults = new Map<number, string>();
  readonly #notes = new Map<number, readonly string[]>();
  #profile = '';

  private constructor(paths: readonly string[], scratch: string, unpackers: Unpackers) {
    this.#paths = paths;
    this.#scratch = scratch;
    this.#unpackers = unpackers;
  }

  /**
   * Opens the first splits, until one of them can be read; of packed ones no more, because unpacking
   * takes long. The others are opened when they are come to. `scratch` is an empty folder of our own.
   * Throws where none of them can be read.
   */
  static async open(paths: readonly string[], scratch: string): Promise<RecordedBag> {
    const bag = new RecordedBag(paths, scratch, await loadUnpackers());
    let failure: unknown = new Error('it has no file');
    let isUnpacked = false;
    for (const [number, path] of paths.entries()) {
      if (bag.#open.size > 0 && number >= MOST_OPEN) break;
      if (isUnpacked && (await isPacked(path))) continue;
      try {
        await bag.#file(number);
        isUnpacked ||= bag.#unpacked.has(number);
      } catch (error) {
        failure = error;
      }
    }
    if (bag.#open.size === 0) throw failure;
    return bag;
  }

  /** By `topicKey`. */
  get topics(): ReadonlyMap<string, Topic> {
    return this.#topics;
  }

  /** Every split was opened, or cannot be. */
  get isOpened(): boolean {
    return this.#paths.every((_, number) => this.#notes.has(number) || this.#faults.has(number));
  }

  /** As MCAP has it: `ros2`, `ros1` or empty. */
  get profile(): string {
    return this.#profile;
  }

  /** What is wrong with the files, a sentence each. */
  get notes(): string[] {
    return this.#paths.flatMap((path, number) => {
      const fault = this.#faults.get(number);
      return [
        ...(fault === undefined ? [] : [`${basename(path)} ${fault}.`]),
        ...(this.#notes.get(number) ?? []),
      ];
    });
  }

  /** Messages of these topics, split by split, in the order of each file. */
  async scan(topics: ReadonlySet<string>, visit: Visit<StoredMessage>): Promise<void> {
    for (const file of this.#paths.keys()) {
      const isThrough = await this.#using(file, async (messages) => {
        const isWhole = await messages.scan(topics, (message) => visit({ ...message, file }));
        this.#notes.set(file, messages.notes);
        return isWhole;
      }).catch((error: unknown) => {
        // Why a split cannot be opened is kept as its fault.
        if (this.#faults.has(file)) return true;
        throw error;
      });
      if (!isThrough) return;
    }
  }

  /** From the first message of all splits to the last one, seconds; null where one does not tell. */
  async duration(): Promise<number | null> {
    let span: readonly [bigint, bigint] | null = null;
    for (const number of this.#paths.keys()) {
      const own = await this.#using(number, async (file) => file.span?.() ?? null);
      if (!own) return null;
      span = span
        ? [own[0] < span[0] ? own[0] : span[0], own[1] > span[1] ? own[1] : span[1]]
        : own;
    }
    return span && Number(span[1] - span[0]) / 1e9;
  }

  async read({ file, block, at }: MessagePlace): Promise<Uint8Array> {
    return this.#using(file, (messages) => messages.read(block, at));
  }

  async close(): Promise<void> {
    for (const opening of this.#open.values())
      await opening.then(
        (file) => file.close(),
        () => null,
      );
    this.#open.clear();
  }

  #file(number: number): Promise<MessageFile> {
    const opening = this.#open.get(number) ?? this.#openFile(number);
    this.#open.delete(number);
    this.#open.set(number, opening);
    for (const [oldest, file] of this.#open) {
      if (this.#open.size <= MOST_OPEN) break;
      if (oldest === number || this.#inUse.has(oldest)) continue;
      this.#open.delete(oldest);
      file.then((open) => open.close()).catch(() => null);
    }
    return opening;
  }

  /** Keeps the split open meanwhile. */
  async #using<Result>(
    number: number,
    use: (file: MessageFile) => Promise<Result>,
  ): Promise<Result> {
    const uses = this.#inUse.get(number) ?? 0;
    this.#inUse.set(number, uses + 1);
    try {
      return await use(await this.#file(number));
    } finally {
      const left = this.#inUse.get(number)! - 1;
      if (left === 0) this.#inUse.delete(number);
      else this.#inUse.set(number, left);
    }
  }

  async #openFile(number: number): Promise<MessageFile> {
    const path = this.#paths[number]!;
    try {
      const file = await this.#openKind(this.#unpacked.get(number) ?? path, path, number);
      for (const [key, topic] of file.topics) {
        const known = this.#topics.get(key);
        this.#topics.set(key, known ? joined(known, topic) : topic);
      }
      this.#profile ||= file.profile;
      this.#notes.set(number, file.notes);
      return file;
    } catch (error) {
      this.#open.delete(number);
      if (!this.#faults.has(number)) this.#faults.set(number, `cannot be read: ${inWords(error)}`);
      throw error;
    }
  }

  async #openKind(path: string, shown: string, number: number): Promise<MessageFile> {
    const head = await headOf(path);
    if (head.startsWith('\u0089MCAP0\r\n')) return McapFile.open(path, this.#unpackers);
    // Their libraries are loaded for those who have such files.
    if (head.startsWith('#ROSBAG V2')) {
      const { Rosbag1File } = await import('./rosbag1-file.ts');
      return Rosbag1File.open(path, this.#unpackers);
    }
    if (head.startsWith('SQLite format 3\0')) {
      const { SqliteFile } = await import('./sqlite-file.ts');
      return SqliteFile.open(path, this.#unpackers, this.#scratch, number);
    }
    if (head.startsWith('\u0028\u00b5\u002f\u00fd') && path === shown) {
      const target = join(this.#scratch, `${number}.unpacked`);
      try {
        const fault = await unpackFile(path, target);
        if (fault) this.#faults.set(number, fault);
      } catch (error) {
        await unlink(target).catch(() => null);
        throw error;
      }
      this.#unpacked.set(number, target);
      return this.#openKind(target, shown, number);
    }
    throw new Error(head === '' ? 'it is empty' : 'it is neither MCAP nor SQLite');
  }
}

function joined(known: Topic, topic: Topic): Topic {
  return {
    ...known,
    schema: known.schema ?? topic.schema,
    count: known.count === null || topic.count === null ? null : known.count + topic.count,
  };
}

async function headOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function isPacked(path: string): Promise<boolean> {
  return (await headOf(path).catch(() => '')).startsWith('\u0028\u00b5\u002f\u00fd');
}
