import type { Random } from '../../../recordings/scene/world/random.ts';

/** Bytes that mean something in many formats: ends of ranges, and of numbers of variable length. */
const TELLING: readonly (readonly number[])[] = [
  [0],
  [1],
  [0x7f],
  [0x80],
  [0xff],
  [0xff, 0xff],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0xc0, 0x7f],
  [0, 0, 0x80, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x10],
];

/** One to four small damages. */
export function mutateBytes(bytes: Uint8Array, random: Random, most = 4): Uint8Array {
  let result: Uint8Array = bytes;
  for (let count = 1 + random.below(most); count > 0; count--) result = damage(result, random);
  return result;
}

function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(random.chance(0.8) ? 8 : 64);
  switch (random.below(7)) {
    case 0:
      return replaced(bytes, at, 1, [(bytes[at] ?? 0) ^ (1 << random.below(8))]);
    case 1:
      return replaced(bytes, at, 1, [random.below(256)]);
    case 2:
      return replaced(bytes, at, length, []);
    case 3:
      return replaced(bytes, at, 0, bytes.subarray(at, at + length));
    case 4:
      return random.chance(0.3)
        ? bytes.subarray(0, at)
        : replaced(bytes, at, 1, [random.below(256)]);
    default: {
      const telling = random.pick(TELLING);
      return replaced(bytes, at, random.chance(0.5) ? telling.length : 0, telling);
    }
  }
}

/** A copy with `length` bytes from `at` on replaced. */
export function replaced(
  bytes: Uint8Array,
  at: number,
  length: number,
  by: ArrayLike<number>,
): Uint8Array {
  const rest = bytes.subarray(Math.min(bytes.length, at + length));
  const result = new Uint8Array(Math.min(at, bytes.length) + by.length + rest.length);
  result.set(bytes.subarray(0, at));
  result.set(by, Math.min(at, bytes.length));
  result.set(rest, result.length - rest.length);
  return result;
}
