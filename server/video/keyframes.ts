import type { PacketCodec } from './picture-track.ts';

/** Of a NAL unit: what it is, and where it lies, from its start code on. */
interface Unit {
  readonly type: number;
  readonly begin: number;
  readonly end: number;
}

/** What a unit begins behind. */
const START = Buffer.from([0, 0, 1]);

const SLICE_H264 = 1;
const IDR_H264 = 5;
const PARAMETERS_H264 = [7, 8];
const SLICES_HEVC = 32;
/** BLA, IDR and CRA. */
const FIRST_RANDOM_ACCESS = 16;
const LAST_RANDOM_ACCESS = 23;
const PARAMETERS_HEVC = [32, 33, 34];

/** Annex B: units stand behind 00 00 01. Slices are told, but not what follows the first one. */
function* units(codec: 'h264' | 'hevc', bytes: Uint8Array): Generator<Unit> {
  const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const next = (from: number): number => {
    const at = packet.indexOf(START, from);
    return at < 0 ? packet.length : at;
  };
  for (let begin = next(0); begin + START.length < packet.length;) {
    const head = packet[begin + START.length]!;
    const type = codec === 'h264' ? head & 31 : (head >> 1) & 63;
    if (isSlice(codec, type)) {
      yield { type, begin, end: packet.length };
      return;
    }
    const end = next(begin + START.length);
    yield { type, begin, end };
    begin = end;
  }
}

function isSlice(codec: 'h264' | 'hevc', type: number): boolean {
  return codec === 'h264' ? type >= SLICE_H264 && type <= IDR_H264 : type < SLICES_HEVC;
}

/**
 * Whether decoding can start at a packet. Of H.264: an IDR picture; of H.265: IDR, CRA or BLA; of
 * VP9: a key frame; of AV1: a sequence header. Other codecs start everywhere.
 */
export function isKeyframe(codec: PacketCodec, bytes: Uint8Array): boolean {
  switch (codec) {
    case 'h264':
      for (const { type } of units(codec, bytes)) if (type === IDR_H264) return true;
      return false;
    case 'hevc':
      for (const { type } of units(codec, bytes))
        if (type >= FIRST_RANDOM_ACCESS && type <= LAST_RANDOM_ACCESS) return true;
      return false;
    case 'vp9':
      return isVp9Keyframe(bytes);
    case 'av1':
      return hasSequenceHeader(bytes);
    default:
      return true;
  }
}

/** Its sequence and picture parameter sets, with their start codes; empty where it has none. */
export function parameterSets(codec: 'h264' | 'hevc', bytes: Uint8Array): Uint8Array[] {
  const wanted = codec === 'h264' ? PARAMETERS_H264 : PARAMETERS_HEVC;
  return [...units(codec, bytes)]
    .filter(({ type }) => wanted.includes(type))
    .map(({ begin, end }) => bytes.subarray(begin, end));
}

/** VP9's uncompressed header: marker 2 bits, profile 2 (of profile 3 one more), shown again 1, type 1. */
function isVp9Keyframe(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  const isProfile3 = (first & 0x30) === 0x30;
  const [again, type] = isProfile3 ? [4, 2] : [8, 4];
  return first >> 6 === 2 && (first & again) === 0 && (first & type) === 0;
}

const SEQUENCE_HEADER = 1;

/** AV1's open bitstream units with sizes: type in bits 6…3, extension bit 2, size bit 1. */
function hasSequenceHeader(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length;) {
    const head = bytes[at++]!;
    if (((head >> 3) & 15) === SEQUENCE_HEADER) return true;
    if (head & 4) at++;
    if (!(head & 2)) return false;
    let size = 0;
    for (let shift = 0; shift < 56; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return false;
}
