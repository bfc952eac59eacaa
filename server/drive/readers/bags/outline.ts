import { Bag } from '@foxglove/rosbag';
import { McapIndexedReader } from '@mcap/core';
import { RoadgazeError } from '../../../../shared/errors.ts';
import type { Place } from '../../place.ts';
import type { DriveOutline } from '../../source.ts';
import { BagFault, BagThread } from './bag-thread.ts';
import { describe } from './bag-files.ts';
import { cameraTopics, pictureKind } from './pictures/picture-topics.ts';
import { isOfTheCar } from './signals/car-types.ts';
import { plainType, topicKey, type Topic } from './store/message-store.ts';
import { RandomAccess } from './store/random-access.ts';

/** Longer parts of an index than this are not read for a list. */
const MOST_BYTES = 8 << 20;
const LONGEST_DESCRIPTION = 1 << 16;

/**
 * By the description of a ROS 2 bag, the index at the end of a file, or what a database is asked.
 * null where there is none of them: only going through all messages tells.
 */
export async function outlineOfBag(place: Place): Promise<DriveOutline | null> {
  if (place.isFolder) {
    // A long one is read in the bag's thread only.
    if ((await place.headOf('metadata.yaml')).length >= LONGEST_DESCRIPTION) return null;
    const { metadata } = await describe(place);
    if (!metadata && [...place.names].some((name) => name.endsWith('.db3')))
      return outlineOfDatabase(place);
    if (!metadata || metadata.types.size === 0) return null;
    const topics = [...metadata.types].map(([name, type]) => ({
      name,
      type: plainType(type),
      encoding: '',
      schema: null,
      count: metadata.counts.get(name) ?? null,
    }));
    return outlineOf(topics, metadata.durationSeconds);
  }
  // What is in it shows only when it is unpacked, which takes long.
  if (place.name.endsWith('.zstd')) return outlineOf([], null);
  const head = (await place.head()).toString('latin1', 0, 13);
  if (head.startsWith('SQLite format')) return outlineOfDatabase(place);
  if (!head.startsWith('\u0089MCAP0\r\n') && !head.startsWith('#ROSBAG V2.0')) return null;
  const file = await RandomAccess.open(place.path);
  try {
    return head.startsWith('#') ? await outlineOfRosbag1(file) : await outlineOfMcap(file);
  } catch {
    // Not closed in order, or damaged.
    return null;
  } finally {
    await file.close();
  }
}

/** What a database holds, only asking it tells, which belongs into a thread. */
async function outlineOfDatabase({ path }: Place): Promise<DriveOutline | null> {
  const bag = await BagThread.open(path);
  try {
    const { topics, durationSeconds } = await bag.outline();
    return outlineOf(topics, durationSeconds);
  } catch (error) {
    // Damaged, which is told when it is opened.
    if (error instanceof BagFault || error instanceof RoadgazeError) return null;
    throw error;
  } finally {
    await bag.close();
  }
}

async function outlineOfMcap(file: RandomAccess): Promise<DriveOutline | null> {
  const { statistics, channelsById, schemasById } = await McapIndexedReader.Initialize({
    readable: {
      size: async () => BigInt(file.size),
      read: (offset, length) => bounded(file, Number(offset), Number(length)),
    },
  });
  if (!statistics) return null;
  const topics = [...channelsById.values()].map((channel) => ({
    name: channel.topic,
    type: plainType(schemasById.get(channel.schemaId)?.name ?? ''),
    encoding: channel.messageEncoding,
    schema: null,
    count: Number(statistics.channelMessageCounts.get(channel.id) ?? 0n),
  }));
  return outlineOf(topics, Number(statistics.messageEndTime - statistics.messageStartTime) / 1e9);
}

async function outlineOfRosbag1(file: RandomAccess): Promise<DriveOutline | null> {
  const bag = new Bag({
    size: () => file.size,
    read: (offset, length) => bounded(file, offset, Math.min(length, file.size - offset)),
  });
  await bag.open();
  const { startTime, endTime } = bag;
  if (!startTime || !endTime) return null;
  const topics = [...bag.connections.values()].map(({ topic, type = '' }) => ({
    name: topic,
    type: plainType(type),
    encoding: 'ros1',
    schema: null,
    count: null,
  }));
  return outlineOf(topics, endTime.sec - startTime.sec + (endTime.nsec - startTime.nsec) / 1e9);
}

async function bounded(file: RandomAccess, offset: number, length: number): Promise<Uint8Array> {
  if (length > MOST_BYTES) throw new RangeError('its index is too long');
  return file.read(offset, length);
}

function outlineOf(topics: readonly Topic[], durationSeconds: number | null): DriveOutline {
  const byKey = new Map(topics.map((topic) => [topicKey(topic), topic]));
  const signals = [...byKey.values()].filter(
    (topic) => pictureKind(topic) === null && topic.count !== 0 && isOfTheCar(topic),
  );
  return {
    durationSeconds,
    cameras: cameraTopics(byKey).map(([, { name }]) => name),
    signals: signals.map(({ name }) => name),
    hasLog: signals.length > 0,
  };
}
