import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';

/**
 * Messages of the MCAP files that are written, in protobuf: pictures as Foxglove defines them, and
 * numbers of our own, whose units are part of their names. Foxglove, Lichtblick and Rerun read both
 * by the descriptions that lie in the file.
 */

type Kind = 'timestamp' | 'string' | 'bytes' | 'double';

export interface MessageType {
  /** With its package. */
  readonly name: string;
  readonly fields: Readonly<Record<string, readonly [number: number, kind: Kind]>>;
}

export const COMPRESSED_VIDEO: MessageType = {
  name: 'foxglove.CompressedVideo',
  fields: {
    timestamp: [1, 'timestamp'],
    frame_id: [2, 'string'],
    data: [3, 'bytes'],
    format: [4, 'string'],
  },
};

export const COMPRESSED_IMAGE: MessageType = {
  name: 'foxglove.CompressedImage',
  fields: {
    timestamp: [1, 'timestamp'],
    frame_id: [4, 'string'],
    data: [2, 'bytes'],
    format: [3, 'string'],
  },
};

/** Both positive to the left; `share`: of full lock. What is not known is NaN. */
export const STEERING: MessageType = {
  name: 'roadgaze.Steering',
  fields: { timestamp: [1, 'timestamp'], angle_rad: [2, 'double'], share: [3, 'double'] },
};

export const SPEED: MessageType = {
  name: 'roadgaze.Speed',
  fields: { timestamp: [1, 'timestamp'], speed_mps: [2, 'double'] },
};

/** A signal in the unit that its channel's metadata tells. */
export const SIGNAL: MessageType = {
  name: 'roadgaze.Signal',
  fields: { timestamp: [1, 'timestamp'], value: [2, 'double'] },
};

const TIMESTAMP_FILE = 'google/protobuf/timestamp.proto';
/** As descriptor.proto numbers them. */
const KINDS = { timestamp: 11, string: 9, bytes: 12, double: 1 } as const;
const INT64 = 3;
const INT32 = 5;
const OPTIONAL = 1;

/** `FileDescriptorSet`: the file of the type, after the one that it imports. */
export function descriptorsOf({ name, fields }: MessageType): Uint8Array {
  const [scope = '', own = ''] = name.split('.');
  const set = {
    file: [
      {
        name: TIMESTAMP_FILE,
        package: 'google.protobuf',
        syntax: 'proto3',
        messageType: [
          {
            name: 'Timestamp',
            field: [
              { name: 'seconds', number: 1, label: OPTIONAL, type: INT64 },
              { name: 'nanos', number: 2, label: OPTIONAL, type: INT32 },
            ],
          },
        ],
      },
      {
        name: `${scope}/${own}.proto`,
        package: scope,
        syntax: 'proto3',
        dependency: [TIMESTAMP_FILE],
        messageType: [
          {
            name: own,
            field: Object.entries(fields).map(([field, [number, kind]]) => ({
              name: field,
              number,
              label: OPTIONAL,
              type: KINDS[kind],
              ...(kind === 'timestamp' ? { typeName: '.google.protobuf.Timestamp' } : {}),
            })),
          },
        ],
      },
    ],
  };
  const { FileDescriptorSet } = descriptor;
  return FileDescriptorSet.encode(FileDescriptorSet.fromObject(set)).finish();
}

const SECOND = 1_000_000_000n;

/** A message at an instant (ns); fields without a value are left out. */
export function messageOf(
  { fields }: MessageType,
  instant: bigint,
  values: Readonly<Record<string, string | number | Uint8Array>>,
): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [field, [number, kind]] of Object.entries(fields)) {
    const tag = (wire: number): protobuf.Writer => writer.uint32((number << 3) | wire);
    if (kind === 'timestamp') {
      const seconds = Number(instant / SECOND);
      const nanos = Number(instant % SECOND);
      tag(2).fork().uint32(8).int64(seconds).uint32(16).int32(nanos).ldelim();
      continue;
    }
    const value = values[field];
    if (value === undefined) continue;
    if (kind === 'double') tag(1).double(value as number);
    else if (kind === 'string') tag(2).string(value as string);
    else tag(2).bytes(value as Uint8Array);
  }
  return writer.finish();
}
