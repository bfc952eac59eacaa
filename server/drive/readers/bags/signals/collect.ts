import { decoderOf } from '../messages/decoder.ts';
import type { Decode } from '../messages/message.ts';
import { stampOf } from '../messages/stamp.ts';
import type { PictureClock } from '../pictures/picture-clock.ts';
import { inWords } from '../store/damage-notes.ts';
import type { Topic } from '../store/message-store.ts';
import type { RecordedBag } from '../store/recorded-bag.ts';
import { GrowingColumn } from './growing-column.ts';
import { numberAt, numericFields, type NumericField } from './numeric-fields.ts';
import { onPictureClock } from './signal-clock.ts';
import { isOfTheCar } from './car-types.ts';
import { fieldUnits } from './field-units.ts';

/** The numbers of one topic's messages. */
export interface TopicSignals {
  readonly topic: string;
  readonly type: string;
  /** As `Topic.metadata`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Seconds of the pictures' clock, strictly ascending. */
  readonly times: Float64Array;
  readonly columns: readonly SignalColumn[];
}

export interface SignalColumn {
  /** As in `twist.linear.x`. */
  readonly field: string;
  /** As the type's definition says in a comment: `rad`, `deg`, `m/s`; null: it does not. */
  readonly unit: string | null;
  /** NaN where a message has no such number. */
  readonly values: Float64Array;
}

export interface BagSignals {
  readonly topics: readonly TopicSignals[];
  /** Sentences. */
  readonly notes: readonly string[];
}

/** Larger messages hold measurements, not the car's state; bytes. */
const LARGEST_MESSAGE = 16 << 10;
const MOST_FIELDS = 64;
const MOST_COLUMNS = 400;
/** Numbers of all columns together. */
const MOST_VALUES = 20_000_000;
/** Messages of a topic in which fields are looked for: JSON leaves out what is not set. */
const LOOKED_AT = 20;

interface Collected {
  readonly topic: Topic;
  readonly decode: Decode;
  readonly fields: NumericField[];
  readonly columns: GrowingColumn[];
  readonly stamps: GrowingColumn;
  readonly logTimes: GrowingColumn;
  looked: number;
  large: number;
  unreadable: number;
  reason: string;
}

/** Reads all numbers of small messages. Lists and messages that are large are left out, and told. */
export async function collectSignals(
  bag: RecordedBag,
  topics: ReadonlyMap<string, Topic>,
  clock: PictureClock,
): Promise<BagSignals> {
  const notes: string[] = [];
  const collected = new Map<string, Collected>();
  for (const [key, topic] of topics) {
    if (!isOfTheCar(topic)) continue;
    try {
      collected.set(key, {
        topic,
        decode: decoderOf(topic),
        fields: [],
        columns: [],
        stamps: new GrowingColumn(),
        logTimes: new GrowingColumn(),
        looked: 0,
        large: 0,
        unreadable: 0,
        reason: '',
      });
    } catch (error) {
      notes.push(`${topic.name} ${inWords(error)}, and is left out.`);
    }
  }

  let columns = 0;
  let values = 0;
  let isFull = false;
  await bag.scan(new Set(collected.keys()), ({ topic: key, logTime, bytes }) => {
    const entry = collected.get(key)!;
    if (bytes.length > LARGEST_MESSAGE) {
      entry.large++;
      return;
    }
    let message;
    try {
      message = entry.decode(bytes);
    } catch (error) {
      if (entry.unreadable++ === 0) entry.reason = inWords(error);
      return;
    }
    const row = entry.logTimes.length;
    if (entry.looked++ < LOOKED_AT) columns += addFields(entry, message, MOST_COLUMNS - columns);
    if (entry.fields.length === 0) return;
    if ((values += entry.fields.length + 2) > MOST_VALUES) {
      isFull = true;
      return false;
    }
    const stamp = stampOf(message);
    entry.stamps.push(stamp === 0n ? NaN : Number(stamp - clock.origin) / 1e9);
    entry.logTimes.push(Number(logTime - clock.origin) / 1e9);
    for (const [index, { path }] of entry.fields.entries()) {
      const column = entry.columns[index]!;
      column.fillTo(row);
      column.push(numberAt(message, path));
    }
  });

  if (isFull)
    notes.push(
      `Its topics hold more than ${MOST_VALUES / 1e6} million numbers; those after that are left out.`,
    );
  if (columns >= MOST_COLUMNS)
    notes.push(
      `Its topics hold more than ${MOST_COLUMNS} numeric fields; the others are left out.`,
    );
  const found: TopicSignals[] = [];
  for (const { topic, fields, columns: own, stamps, logTimes, ...counts } of collected.values()) {
    if (counts.large > 0)
      notes.push(
        `${topic.name} has ${counts.large} messages of more than ${LARGEST_MESSAGE >> 10} KiB, which are left out.`,
      );
    if (counts.unreadable > 0)
      notes.push(
        `${topic.name} has ${counts.unreadable} messages that cannot be read as ${topic.type}: ${counts.reason}.`,
      );
    if (logTimes.length === 0) continue;
    const { times, rows, note } = onPictureClock(stamps.values(), logTimes.values(), clock);
    if (note) notes.push(`${topic.name}: ${note}`);
    const units = fieldUnits(topic);
    found.push({
      topic: topic.name,
      type: topic.type,
      metadata: topic.metadata ?? new Map<string, string>(),
      times,
      columns: fields.map(({ name }, index) => {
        own[index]!.fillTo(logTimes.length);
        const all = own[index]!.values();
        return {
          field: name,
          unit: units.get(name.slice(name.lastIndexOf('.') + 1)) ?? null,
          values: Float64Array.from(rows, (i) => all[i]!),
        };
      }),
    });
  }
  return { topics: found, notes };
}

/** Gives how many were added. */
function addFields(
  entry: Collected,
  message: Parameters<typeof numericFields>[0],
  room: number,
): number {
  let added = 0;
  for (const field of numericFields(message, MOST_FIELDS)) {
    if (added >= room || entry.fields.length >= MOST_FIELDS) break;
    if (entry.fields.some(({ name }) => name === field.name)) continue;
    entry.fields.push(field);
    entry.columns.push(new GrowingColumn());
    added++;
  }
  return added;
}
