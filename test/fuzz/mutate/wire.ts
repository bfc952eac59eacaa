import type { Random } from '../../../recordings/scene/world/random.ts';
import { mutateBytes } from './bytes.ts';

/** One field of a protobuf message. */
interface Field {
  readonly number: number;
  readonly wireType: number;
  /** Bytes behind the tag, and behind the length where there is one. */
  readonly content: Uint8Array;
}

const LENGTH_DELIMITED = 2;

/**
 * A protobuf message with one thing wrong on the wire: a field dropped, repeated, of another type,
 * of a length that is not so.
 */
export function mutateWire(message: Uint8Array, random: Random): Uint8Array {
  const fields = readFields(message);
  if (!fields || fields.length === 0) return mutateBytes(message, random, 2);
  const at = random.below(fields.length);
  const field = fields[at]!;
  const parts = fields.map(writeField);
  // Most of a message lies deep inside.
  if (field.wireType === LENGTH_DELIMITED && random.chance(0.75)) {
    parts[at] = writeField({ ...field, content: mutateWire(field.content, random) });
    return Buffer.concat(parts);
  }
  switch (random.below(8)) {
    case 0:
      parts.splice(at, 1);
      break;
    case 1:
      parts.splice(random.below(parts.length + 1), 0, parts[at]!);
      break;
    case 2:
      parts[at] = writeField({ ...field, wireType: random.below(8) });
      break;
    case 3:
      parts[at] = writeField({
        ...field,
        number: random.pick([1, 2, 3, 5, 7, 8, 20, 25, 1000, 2 ** 29 - 1]),
      });
      break;
    case 4:
      parts[at] = lyingLength(field, random);
      break;
    case 5:
      parts[at] = writeField({ ...field, content: mutateBytes(field.content, random, 2) });
      break;
    case 6:
      return Buffer.concat(parts).subarray(0, random.below(message.length + 1));
    default:
      parts[at] = writeField({
        ...field,
        content:
          field.wireType === 0
            ? varint(
                random.pick([0n, 1n, 127n, 2n ** 31n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 64n - 1n]),
              )
            : new Uint8Array(0),
      });
  }
  return Buffer.concat(parts);
}

function lyingLength(field: Field, random: Random): Uint8Array {
  const length = random.pick([
    0,
    field.content.length - 1,
    field.content.length + 1,
    2 ** 31 - 1,
    2 ** 32 - 1,
  ]);
  return Buffer.concat([
    varint(BigInt(field.number * 8 + LENGTH_DELIMITED)),
    varint(BigInt(Math.max(0, length))),
    field.content,
  ]);
}

function writeField({ number, wireType, content }: Field): Uint8Array {
  const tag = varint(BigInt(number) * 8n + BigInt(wireType));
  return Buffer.concat(
    wireType === LENGTH_DELIMITED ? [tag, varint(BigInt(content.length)), content] : [tag, content],
  );
}

/** null: that is no message, and no text would look like one by chance for long. */
function readFields(bytes: Uint8Array): Field[] | null {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = readVarint(bytes, at);
    if (!tag) return null;
    const [number, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
    let start = tag.end;
    let length: number;
    if (wireType === 0) length = (readVarint(bytes, start)?.end ?? NaN) - start;
    else if (wireType === 1) length = 8;
    else if (wireType === 5) length = 4;
    else if (wireType === LENGTH_DELIMITED) {
      const told = readVarint(bytes, start);
      if (!told) return null;
      [start, length] = [told.end, told.value];
    } else return null;
    if (number === 0 || !(start + length <= bytes.length)) return null;
    fields.push({ number, wireType, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return fields;
}

function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } | null {
  let value = 0;
  for (let place = 0; place < 10; place++) {
    const byte = bytes[at + place];
    if (byte === undefined) return null;
    value += (byte & 127) * 128 ** place;
    if (byte < 128) return { value, end: at + place + 1 };
  }
  return null;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}
