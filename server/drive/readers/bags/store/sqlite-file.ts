import { copyFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Database as DatabaseType, Statement } from 'node-sqlite3-wasm';
import { DamageNotes, inWords } from './damage-notes.ts';
import {
  LARGEST_BLOCK,
  plainType,
  topicKey,
  type MessageFile,
  type StoredMessage,
  type Topic,
  type Visit,
} from './message-store.ts';
import { unpackedMessage, type Unpackers } from './unpack.ts';

// Its exports are not found by name from a module.
const { Database } = createRequire(import.meta.url)(
  'node-sqlite3-wasm',
) as typeof import('node-sqlite3-wasm');

/** Bytes, and rows, after which other work gets its turn. */
const TURN_BYTES = 4 << 20;
const TURN_ROWS = 2000;
/** What was not yet written into the database when the recorder ended; more is left alone. */
const LARGEST_LOG = 4 * 2 ** 30;

/** A split of a ROS 2 bag in SQLite. */
export class SqliteFile implements MessageFile {
  readonly topics: ReadonlyMap<string, Topic>;
  readonly profile = 'ros2';
  readonly #ids = new Map<number, string>();
  readonly #database: DatabaseType;
  readonly #one: Statement;
  readonly #damage: DamageNotes;
  readonly #unpackers: Unpackers;

  private constructor(database: DatabaseType, unpackers: Unpackers, name: string) {
    this.#database = database;
    this.#unpackers = unpackers;
    this.#damage = new DamageNotes(name);
    // Without it SQLite wants shared memory for databases with a write-ahead log.
    database.get('PRAGMA locking_mode = EXCLUSIVE');
    this.topics = this.#readTopics();
    this.#one = database.prepare('SELECT data FROM messages WHERE id = ?');
  }

  /**
   * `scratch` is a folder of our own: SQLite puts its lock beside the file, and the drive's folder is
   * nobody's to write to. `number` tells splits apart. Throws where it is no bag.
   */
  static async open(
    path: string,
    unpackers: Unpackers,
    scratch: string,
    number: number,
  ): Promise<SqliteFile> {
    const link = join(scratch, `${number}.db3`);
    await symlink(path, link);
    const log = await stat(`${path}-wal`).catch(() => null);
    if (log?.isFile() && log.size > 0 && log.size <= LARGEST_LOG)
      await copyFile(`${path}-wal`, `${link}-wal`);
    const database = new Database(link, { readOnly: true });
    try {
      return new SqliteFile(database, unpackers, basename(path));
    } catch (error) {
      database.close();
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
    const ids = [...this.#ids].flatMap(([id, key]) => (topics.has(key) ? [id] : []));
    if (ids.length === 0) return true;
    // Rows are taken in portions, so that no statement stays open while a message is read.
    const portion = this.#database.prepare(
      `SELECT id, topic_id, timestamp, data FROM messages WHERE id > ? AND topic_id IN (${ids.join(', ')}) ORDER BY id`,
    );
    let last: number | bigint = -(2 ** 53);
    try {
      for (let more = true; more;) {
        more = false;
        let bytes = 0;
        let rows = 0;
        for (const row of portion.iterate([last])) {
          const { id, topic_id, timestamp, data } = row as Record<string, unknown>;
          last = id as number | bigint;
          if (data instanceof Uint8Array && data.length <= LARGEST_BLOCK) {
            const message = {
              block: 0,
              at: Number(id),
              topic: this.#ids.get(Number(topic_id))!,
              logTime: BigInt(timestamp as number | bigint),
              bytes: unpackedMessage(this.#unpackers, data),
            };
            if (visit(message) === false) return false;
            bytes += data.length;
          } else this.#damage.leftOut('message', `row ${String(id)}`, 'it holds no bytes');
          if (bytes > TURN_BYTES || ++rows >= TURN_ROWS) {
            more = true;
            break;
          }
        }
        await otherWork();
      }
    } catch (error) {
      this.#damage.say(`cannot be read beyond row ${String(last)}: ${inWords(error)}.`);
    } finally {
      portion.finalize();
    }
    return true;
  }

  span(): readonly [first: bigint, last: bigint] | null {
    const time = (order: 'ASC' | 'DESC'): unknown =>
      this.#database.get(`SELECT timestamp FROM messages ORDER BY timestamp ${order} LIMIT 1`)?.[
        'timestamp'
      ];
    const [first, last] = [time('ASC'), time('DESC')];
    const isTime = (value: unknown): value is number | bigint =>
      typeof value === 'bigint' || Number.isInteger(value);
    return isTime(first) && isTime(last) ? [BigInt(first), BigInt(last)] : null;
  }

  async read(_block: number, at: number): Promise<Uint8Array> {
    const data = this.#one.get([at])?.['data'];
    if (!(data instanceof Uint8Array)) throw new Error('its row is not there');
    return unpackedMessage(this.#unpackers, data);
  }

  async close(): Promise<void> {
    this.#one.finalize();
    this.#database.close();
  }

  #readTopics(): Map<string, Topic> {
    const definitions = this.#definitions();
    const counts = new Map(
      this.#database
        .all('SELECT topic_id, count(*) AS messages FROM messages GROUP BY topic_id')
        .map((row) => [Number(row['topic_id']), Number(row['messages'])]),
    );
    const topics = new Map<string, Topic>();
    for (const row of this.#database.all(
      'SELECT id, name, type, serialization_format FROM topics',
    )) {
      const written = textOf(row['type']);
      const told = {
        name: textOf(row['name']),
        type: plainType(written),
        encoding: textOf(row['serialization_format']),
      };
      const key = topicKey(told);
      this.#ids.set(Number(row['id']), key);
      topics.set(key, {
        ...told,
        schema: definitions.get(written) ?? null,
        count: (counts.get(Number(row['id'])) ?? 0) + (topics.get(key)?.count ?? 0),
      });
    }
    return topics;
  }

  /** ROS 2 Iron and later write them. */
  #definitions(): Map<string, { encoding: string; name: string; data: Uint8Array }> {
    const has = this.#database.get(
      "SELECT 1 FROM sqlite_master WHERE name = 'message_definitions'",
    );
    if (!has) return new Map();
    return new Map(
      this.#database
        .all(
          'SELECT topic_type, encoding, encoded_message_definition AS text FROM message_definitions',
        )
        .map((row) => {
          const name = textOf(row['topic_type']);
          return [
            name,
            { encoding: textOf(row['encoding']), name, data: Buffer.from(textOf(row['text'])) },
          ];
        }),
    );
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
