/** What is told of a topic by whoever wrote its messages. */
export interface Topic {
  readonly name: string;
  /** Without `/msg/`: `sensor_msgs/Image`, `foxglove.CompressedVideo`. */
  readonly type: string;
  /** Of its messages. */
  readonly encoding: string;
  /** The type's definition as it lies in the file; null: it has none. */
  readonly schema: Schema | null;
  /** null: not counted. */
  readonly count: number | null;
  /** What else the recorder has written of it; nothing without. */
  readonly metadata?: ReadonlyMap<string, string>;
}

export interface Schema {
  /** `ros2msg`, `ros1msg`, `protobuf`, `jsonschema`, … */
  readonly encoding: string;
  /** As written. */
  readonly name: string;
  readonly data: Uint8Array;
}

/** Where a message lies. */
export interface MessagePlace {
  /** Which of the recording's files. */
  readonly file: number;
  /** A chunk of it, or 0. */
  readonly block: number;
  /** Position in the block, or row. */
  readonly at: number;
}

export interface StoredMessage extends MessagePlace {
  /** Key of its topic. */
  readonly topic: string;
  /** When it was written, ns. */
  readonly logTime: bigint;
  readonly bytes: Uint8Array;
}

/** A message of a block that is known already. */
export type BlockMessage = Pick<StoredMessage, 'topic' | 'logTime' | 'bytes'>;

/** Of a file without an index, so many bytes of chunks are read to learn its topics. */
export const LOOKED_THROUGH = 64 << 20;

/** Called with each message; `false` ends the scan. */
export type Visit<Found> = (message: Found) => void | false;

/** One file of messages. Methods throw what is wrong as plain Errors, in words. */
export interface MessageFile {
  /** By `topicKey`. May grow while a file without an index is read. */
  readonly topics: ReadonlyMap<string, Topic>;
  /** What is wrong with the file, from its name on; grows. */
  readonly notes: readonly string[];
  /**
   * Calls `visit` with each message of these topics, in the order of the file. Damaged blocks are
   * left out and noted. Lets other work in between, at least every few megabytes. Gives false where
   * `visit` ended it.
   */
  scan(topics: ReadonlySet<string>, visit: Visit<Omit<StoredMessage, 'file'>>): Promise<boolean>;
  /** A message as `scan` gave it. */
  read(block: number, at: number): Promise<Uint8Array>;
  /** When the first and the last message were written, ns; where that shows without going through all. */
  span?(): readonly [first: bigint, last: bigint] | null;
  /** `profile` of an MCAP file; '' elsewhere. */
  readonly profile: string;
  close(): Promise<void>;
}

/** Channels of one topic belong together, unless they differ in type or encoding. */
export function topicKey({
  name,
  type,
  encoding,
}: Pick<Topic, 'name' | 'type' | 'encoding'>): string {
  return [name, type, encoding].join('\0');
}

/** `sensor_msgs/msg/Image` and `sensor_msgs::msg::dds_::Image_` are `sensor_msgs/Image`. */
export function plainType(written: string): string {
  return written
    .replaceAll('::', '/')
    .replace('/dds_/', '/')
    .replace(/_$/, '')
    .replace(/^([\w]+)\/msg\//, '$1/');
}

/** No message, chunk, or unpacked chunk is larger; bytes. A frame of 8K in RGB has 100 MB. */
export const LARGEST_BLOCK = 256 << 20;
