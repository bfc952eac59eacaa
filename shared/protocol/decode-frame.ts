import { Decoder } from '@msgpack/msgpack';
import { RoadgazeError } from '../errors.ts';
import type { Fit } from '../geometry.ts';
import type { Measure, MeasureOf } from '../measures/measure.ts';
import { MEASURES, type RowMeasureId } from '../measures/measures.ts';
import { isOptional } from '../measures/values.ts';
import { PROTOCOL_VERSION } from './control-messages.ts';
import {
  FRAME_KIND,
  MAGIC,
  PREAMBLE_LENGTH,
  type Agreement,
  type AttentionScore,
  type FrameHeader,
  type FramePart,
} from './frame-message.ts';
import type { PartBytes } from './encode-frame.ts';

export interface FrameMessage extends Omit<FrameHeader, 'parts'> {
  /**
   * In the order of the message; `bytes` are views into it. Parts of a kind this version does not
   * know are left out.
   */
  readonly parts: readonly PartBytes[];
}

const LONGEST_HEADER = 16_384;
const MOST_PARTS = 32;
const LARGEST_SIDE = 16_384;
const KINDS: readonly string[] = ['picture', 'mask', 'road'] satisfies FramePart['kind'][];

const decoder = new Decoder({
  maxStrLength: 256,
  maxBinLength: 0,
  maxArrayLength: MOST_PARTS,
  maxMapLength: 64,
  maxExtLength: 0,
});

/**
 * Reads a frame message without copying its parts. Throws PROTOCOL_VIOLATION where any byte, length
 * or type is not as documented; never reads outside the message.
 */
export function decodeFrame(
  message: Uint8Array,
  measures: readonly Measure[] = MEASURES,
): FrameMessage {
  if (message.byteLength < PREAMBLE_LENGTH)
    throw violation(`it has ${message.byteLength} bytes, fewer than its preamble`);
  if (message[0] !== MAGIC[0] || message[1] !== MAGIC[1])
    throw violation('it does not begin with "RG"');
  if (message[2] !== PROTOCOL_VERSION)
    throw violation(`its version is ${message[2]}, not ${PROTOCOL_VERSION}`);
  if (message[3] !== FRAME_KIND) throw violation(`its kind is ${message[3]}, not ${FRAME_KIND}`);
  const headerLength = new DataView(
    message.buffer,
    message.byteOffset,
    message.byteLength,
  ).getUint32(4, true);
  if (headerLength > LONGEST_HEADER)
    throw violation(`its header claims ${headerLength} bytes, more than ${LONGEST_HEADER}`);
  const partsStart = PREAMBLE_LENGTH + headerLength;
  if (partsStart > message.byteLength) throw violation('it ends inside its header');
  const header = readHeader(message.subarray(PREAMBLE_LENGTH, partsStart), measures);

  const parts: PartBytes[] = [];
  let start = partsStart;
  for (const { length, ...part } of header.parts) {
    if (start + length > message.byteLength)
      throw violation(`it ends inside its part "${part.kind}"`);
    if (KINDS.includes(part.kind))
      parts.push({ ...part, bytes: message.subarray(start, start + length) });
    start += length;
  }
  if (start !== message.byteLength)
    throw violation(`${message.byteLength - start} bytes follow its last part`);
  return { ...header, parts };
}

function readHeader(bytes: Uint8Array, measures: readonly Measure[]): FrameHeader {
  let value: unknown;
  try {
    value = decoder.decode(bytes);
  } catch (cause) {
    throw violation('its header is not MessagePack within the documented limits', cause);
  }
  const map = mapOf(value, 'header');
  return {
    sequence: count(map, 'sequence', Number.MAX_SAFE_INTEGER),
    generation: count(map, 'generation', Number.MAX_SAFE_INTEGER),
    frame: count(map, 'frame', Number.MAX_SAFE_INTEGER),
    pts: finite(map, 'pts'),
    ...numbersOf<Pick<FrameHeader, RowMeasureId<'frame'>>>(map, measures, 'frame'),
    scores: readScores(map['scores'], measures),
    agreement:
      map['agreement'] === null
        ? null
        : numbersOf<Agreement>(mapOf(map['agreement'], 'agreement'), measures, 'pair'),
    ...(map['fit'] === undefined ? {} : { fit: readFit(map['fit']) }),
    ...(map['inputs'] === undefined ? {} : { inputs: readInputs(map['inputs']) }),
    parts: readParts(map['parts']),
  };
}

function readFit(value: unknown): Fit {
  const map = mapOf(value, 'fit');
  return { width: share(map, 'width'), height: share(map, 'height') };
}

function readInputs(value: unknown): NonNullable<FrameHeader['inputs']> {
  return Object.fromEntries(
    Object.entries(mapOf(value, 'inputs')).map(([name, numbers]) => {
      if (!Array.isArray(numbers)) throw violation('an entry of its inputs is not a list');
      const isNumber = (each: unknown) =>
        each === null || (typeof each === 'number' && Number.isFinite(each));
      if (!numbers.every(isNumber)) throw violation('an entry of its inputs is not a number');
      return [name, numbers as (number | null)[]];
    }),
  );
}

function readScores(value: unknown, measures: readonly Measure[]): AttentionScore[] {
  if (!Array.isArray(value)) throw violation('"scores" is not a list');
  return value.map((item: unknown) =>
    numbersOf<AttentionScore>(mapOf(item, 'score'), measures, 'method'),
  );
}

/** What is optional may be left out. */
function numbersOf<Numbers>(
  map: Record<string, unknown>,
  measures: readonly Measure[],
  wanted: MeasureOf,
): Numbers {
  const numbers: Record<string, number | null> = {};
  for (const measure of measures) {
    const { id, of, source, always } = measure;
    if (of !== wanted || source !== 'rows') continue;
    if (isOptional(measure) && map[id] === undefined) continue;
    numbers[id] = always ? finite(map, id) : finiteOrNull(map, id);
  }
  return numbers as Numbers;
}

function readParts(value: unknown): FramePart[] {
  if (!Array.isArray(value)) throw violation('"parts" is not a list');
  return value.map((item: unknown) => {
    const map = mapOf(item, 'part');
    const part: FramePart = {
      kind: text(map, 'kind') as FramePart['kind'],
      method: text(map, 'method'),
      width: count(map, 'width', LARGEST_SIDE),
      height: count(map, 'height', LARGEST_SIDE),
      length: count(map, 'length', 0xffff_ffff),
    };
    if (
      (part.kind === 'mask' || part.kind === 'road') &&
      part.length !== part.width * part.height
    ) {
      throw violation(
        `its ${part.kind} of ${part.width} × ${part.height} has ${part.length} bytes`,
      );
    }
    return part;
  });
}

function mapOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw violation(`its ${what} is not a map`);
  return value as Record<string, unknown>;
}

function count(map: Record<string, unknown>, field: string, most: number): number {
  const value = map[field];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
    throw violation(`"${field}" is not a whole number from 0 to ${most}`);
  }
  return value;
}

function finite(map: Record<string, unknown>, field: string): number {
  const value = map[field];
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw violation(`"${field}" is not a finite number`);
  return value;
}

function share(map: Record<string, unknown>, field: string): number {
  const value = finite(map, field);
  if (value > 0 && value <= 1) return value;
  throw violation(`"${field}" of its fit is not a share above 0`);
}

function finiteOrNull(map: Record<string, unknown>, field: string): number | null {
  return map[field] === null ? null : finite(map, field);
}

function text(map: Record<string, unknown>, field: string): string {
  const value = map[field];
  if (typeof value !== 'string') throw violation(`"${field}" is not text`);
  return value;
}

function violation(what: string, cause?: unknown): RoadgazeError {
  return new RoadgazeError(
    'PROTOCOL_VIOLATION',
    `A frame message does not follow the protocol: ${what}.`,
    'Reload the page, so that it is as new as the server.',
    { cause },
  );
}
