import type { Message } from './message.ts';

/** When a message was made, as it says itself, ns; 0: it does not say, or says zero. */
export function stampOf(message: Message): bigint {
  const header = message['header'];
  const told =
    (typeof header === 'object' && header !== null ? (header as Message)['stamp'] : undefined) ??
    message['stamp'] ??
    message['timestamp'];
  return instantOf(told) ?? 0n;
}

/** `{ sec, nanosec }` of ROS 2, `{ sec, nsec }` of ROS 1 and JSON, `{ seconds, nanos }` of protobuf. */
export function instantOf(value: unknown): bigint | null {
  if (typeof value === 'string') return dateInstant(value);
  if (typeof value !== 'object' || value === null) return null;
  const { sec, seconds, nanosec, nsec, nanos } = value as Record<string, unknown>;
  const whole = wholeNumber(sec ?? seconds);
  const part = wholeNumber(nanosec ?? nsec ?? nanos ?? 0);
  return whole === null || part === null ? null : whole * 1_000_000_000n + part;
}

/** As protobuf's own JSON has instants. */
function dateInstant(text: string): bigint | null {
  const [, date, fraction = ''] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const milliseconds = date === undefined ? NaN : Date.parse(`${date}Z`);
  return Number.isNaN(milliseconds)
    ? null
    : BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function wholeNumber(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null;
}

/**
 * The stamp of a message whose first field is a `std_msgs/Header`, or an instant in CDR, from its
 * first bytes; null where they are too few. Both encodings have it at the same place: ROS 1 after
 * the header's `seq`, CDR after its own four bytes, of which the second tells the byte order.
 */
export function leadingStamp(encoding: string, bytes: Uint8Array): bigint | null {
  if (bytes.length < 12) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = encoding === 'ros1' || (bytes[1]! & 1) === 1;
  const seconds = encoding === 'ros1' ? view.getUint32(4, true) : view.getInt32(4, isLittle);
  return BigInt(seconds) * 1_000_000_000n + BigInt(view.getUint32(8, isLittle));
}
