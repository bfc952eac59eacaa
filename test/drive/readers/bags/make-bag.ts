import { McapWriter } from '@mcap/core';
import { parse } from '@foxglove/rosmsg';
import { MessageWriter } from '@foxglove/rosmsg2-serialization';

/** MCAP of ROS 2 messages, made to be damaged. */

const HEADER = `
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id`;

const TYPES = {
  'sensor_msgs/msg/Image': `std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data${HEADER}`,
  'sensor_msgs/msg/CompressedImage': `std_msgs/Header header
string format
uint8[] data${HEADER}`,
  'ackermann_msgs/msg/AckermannDrive': `float32 steering_angle
float32 steering_angle_velocity
float32 speed
float32 acceleration
float32 jerk`,
  'car_msgs/msg/State': `std_msgs/Header header
float64 steering_angle
float64[3] wheels
float64[40] lidar${HEADER}`,
} as const;

export type TypeName = keyof typeof TYPES;

export interface MadeMessage {
  readonly topic: string;
  readonly type: TypeName;
  /** s; of writing. */
  readonly time: number;
  readonly message: object;
}

const SECOND = 1e9;

export function stampOf(time: number): { sec: number; nanosec: number } {
  const ns = Math.round(time * SECOND);
  return { sec: Math.floor(ns / SECOND), nanosec: ns % SECOND };
}

/** A grey picture of 8×4. */
export function grey(time: number, value: number, more: object = {}): object {
  return {
    header: { stamp: stampOf(time), frame_id: '' },
    height: 4,
    width: 8,
    encoding: 'mono8',
    is_bigendian: 0,
    step: 8,
    data: new Uint8Array(32).fill(value),
    ...more,
  };
}

export interface MadeMcap {
  readonly bytes: Buffer;
  /** Where each chunk begins. */
  readonly chunks: readonly number[];
}

interface MakeOptions {
  readonly chunkSize?: number;
  readonly pack?: (bytes: Uint8Array) => Uint8Array;
  readonly compression?: string;
}

/** Packs as asked for: chunks of `chunkSize` bytes, each through `pack`. */
export async function makeMcap(
  messages: readonly MadeMessage[],
  { chunkSize = 1, pack, compression = '' }: MakeOptions = {},
): Promise<MadeMcap> {
  const parts: Uint8Array[] = [];
  let position = 0n;
  const writer = new McapWriter({
    writable: {
      write: async (bytes: Uint8Array) => {
        parts.push(bytes.slice());
        position += BigInt(bytes.length);
      },
      position: () => position,
    },
    chunkSize,
    ...(pack
      ? { compressChunk: (data: Uint8Array) => ({ compression, compressedData: pack(data) }) }
      : {}),
  });
  await writer.start({ profile: 'ros2', library: 'test' });
  const channels = new Map<string, { id: number; writer: MessageWriter }>();
  for (const [sequence, { topic, type, time, message }] of messages.entries()) {
    let channel = channels.get(topic);
    if (!channel) {
      const schemaId = await writer.registerSchema({
        name: type,
        encoding: 'ros2msg',
        data: Buffer.from(TYPES[type]),
      });
      const id = await writer.registerChannel({
        topic,
        schemaId,
        messageEncoding: 'cdr',
        metadata: new Map(),
      });
      channel = { id, writer: new MessageWriter(parse(TYPES[type], { ros2: true })) };
      channels.set(topic, channel);
    }
    const logTime = BigInt(Math.round(time * SECOND));
    await writer.addMessage({
      channelId: channel.id,
      sequence,
      logTime,
      publishTime: logTime,
      data: channel.writer.writeMessage(message),
    });
  }
  await writer.end();
  const bytes = Buffer.concat(parts);
  return { bytes, chunks: chunksOf(bytes) };
}

/** By the records of the file, each its kind, its length, and so many bytes. */
function chunksOf(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 8; at + 9 < bytes.length && bytes[at] !== 15;) {
    if (bytes[at] === 6) found.push(at);
    at += 9 + Number(bytes.readBigUInt64LE(at + 1));
  }
  return found;
}
