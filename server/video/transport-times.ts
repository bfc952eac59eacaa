import { readFile, stat } from 'node:fs/promises';
import { LONGEST_GAP } from './clock-parts.ts';

/** Bytes. Of larger files a program of its own costs little beside reading them. */
const LARGEST = 16 << 20;
const PACKET = 188;
const SYNC = 0x47;
/** Of PTS and DTS. */
const TICKS = 90_000;
/** Later ones may be ones of before the clock starts again, and ffmpeg makes them negative. */
const LATEST = 2 ** 32;

const TABLE_OF_PROGRAMS = 0;
const H264 = 0x1b;
/** MPEG audio, AAC in both packings. */
const AUDIO = [0x03, 0x04, 0x0f, 0x11];

const START = Buffer.from([0, 0, 1]);
/** Slices that may be the first of a picture, whole or partitioned. */
const SLICES = [1, 2, 5];
const SEQUENCE = 7;

/**
 * Times (s) of the pictures of an MPEG-TS file in the order of the file, as ffprobe tells them of
 * its packets, but without a program of its own. null where anything is out of the ordinary, or the
 * file is large: only a demuxer knows then. Ordinary is one stream of H.264, perhaps with sound,
 * without a gap in its packets, whose clock runs on, with one picture in each of its units.
 */
export async function transportTimes(path: string): Promise<Float64Array | null> {
  try {
    const { size } = await stat(path);
    if (size === 0 || size > LARGEST || size % PACKET !== 0) return null;
    const stream = new TransportStream();
    const bytes = await readFile(path);
    if (bytes.length !== size) return null;
    for (let at = 0; at < bytes.length; at += PACKET)
      if (!stream.take(bytes.subarray(at, at + PACKET))) return null;
    return stream.times();
  } catch {
    return null;
  }
}

/** A packet of the elementary stream. */
interface Unit {
  /** Its first byte in the elementary stream. */
  readonly begin: number;
  /** Ticks. */
  readonly pts: number;
  readonly dts: number;
}

class TransportStream {
  /** Identifiers of what is read; -1 while they are not known. */
  #tableAt = -1;
  #videoAt = -1;
  readonly #tables = new Map<number, Buffer>();
  readonly #units: Unit[] = [];
  readonly #pieces: Buffer[] = [];
  #length = 0;
  #counter = -1;

  /** false: out of the ordinary. */
  take(packet: Buffer): boolean {
    const isDamaged = packet[0] !== SYNC || (packet[1]! & 0x80) !== 0;
    if (isDamaged) return false;
    const begins = (packet[1]! & 0x40) !== 0;
    const id = packet.readUInt16BE(1) & 0x1fff;
    if (id !== TABLE_OF_PROGRAMS && id !== this.#tableAt && id !== this.#videoAt) return true;
    const isScrambled = (packet[3]! & 0xc0) !== 0;
    const hasAdaptation = (packet[3]! & 0x20) !== 0;
    const hasPayload = (packet[3]! & 0x10) !== 0;
    const from = hasAdaptation ? 5 + packet[4]! : 4;
    const isBreak = hasAdaptation && packet[4]! > 0 && (packet[5]! & 0x80) !== 0;
    if (isScrambled || isBreak || from > PACKET) return false;
    if (!hasPayload) return true;
    const payload = packet.subarray(from);
    return id === this.#videoAt
      ? this.#video(payload, begins, packet[3]! & 15)
      : this.#table(id, payload, begins);
  }

  times(): Float64Array | null {
    const units = this.#units;
    const isOnOneClock = units.every(
      ({ dts }, i) =>
        dts < LATEST &&
        (i === 0 || (dts > units[i - 1]!.dts && dts - units[i - 1]!.dts <= LONGEST_GAP * TICKS)),
    );
    if (units.length === 0 || !isOnOneClock || !this.#isPictureEach()) return null;
    return Float64Array.from(units, ({ pts }) => pts / TICKS);
  }

  /** The first table of each kind tells all; one that differs from it is out of the ordinary. */
  #table(id: number, payload: Buffer, begins: boolean): boolean {
    if (!begins) return false;
    const at = 1 + payload[0]!;
    const end = at + 3 + (payload.readUInt16BE(at + 1) & 0xfff);
    if (end > payload.length) return false;
    const table = payload.subarray(at, end);
    const known = this.#tables.get(id);
    if (known) return known.equals(table);
    this.#tables.set(id, table);
    return id === TABLE_OF_PROGRAMS ? this.#programs(table) : this.#streams(table);
  }

  /** Head of 8 bytes, programs of 4 each, checksum of 4. */
  #programs(table: Buffer): boolean {
    const ids: number[] = [];
    for (let at = 8; at + 4 <= table.length - 4; at += 4)
      if (table.readUInt16BE(at) !== 0) ids.push(table.readUInt16BE(at + 2) & 0x1fff);
    this.#tableAt = ids[0] ?? -1;
    return table[0] === 0 && ids.length === 1;
  }

  /** Head of 12 bytes and what is told of the program, then streams, checksum of 4. */
  #streams(table: Buffer): boolean {
    let videos = 0;
    for (let at = 12 + (table.readUInt16BE(10) & 0xfff); at + 5 <= table.length - 4;) {
      const type = table[at]!;
      if (type === H264) {
        videos++;
        this.#videoAt = table.readUInt16BE(at + 1) & 0x1fff;
      } else if (!AUDIO.includes(type)) return false;
      at += 5 + (table.readUInt16BE(at + 3) & 0xfff);
    }
    return table[0] === 2 && videos === 1;
  }

  #video(payload: Buffer, begins: boolean, counter: number): boolean {
    const isNext = this.#counter < 0 || counter === ((this.#counter + 1) & 15);
    this.#counter = counter;
    if (!isNext || (!begins && this.#units.length === 0)) return false;
    if (!begins) return this.#add(payload);
    const isVideo = payload.indexOf(START) === 0 && (payload[3]! & 0xf0) === 0xe0;
    const told = payload[7]! >> 6;
    const body = 9 + payload[8]!;
    if (!isVideo || told < 2 || body > payload.length) return false;
    const pts = ticks(payload, 9);
    this.#units.push({ begin: this.#length, pts, dts: told === 3 ? ticks(payload, 14) : pts });
    return this.#add(payload.subarray(body));
  }

  #add(piece: Buffer): boolean {
    this.#pieces.push(piece);
    this.#length += piece.length;
    return true;
  }

  /** Whether each unit holds one picture, the first of them with what tells its size. */
  #isPictureEach(): boolean {
    const bytes = Buffer.concat(this.#pieces);
    const pictures = new Uint8Array(this.#units.length);
    let unit = 0;
    let isDescribed = false;
    for (let at = bytes.indexOf(START); at >= 0; at = bytes.indexOf(START, at + START.length)) {
      while (unit + 1 < this.#units.length && at >= this.#units[unit + 1]!.begin) unit++;
      const type = bytes[at + 3]! & 31;
      if (type === SEQUENCE) isDescribed = true;
      // A slice whose first block is that of the picture: the number 0 is a single bit, 1.
      if (!SLICES.includes(type) || bytes[at + 4]! < 128) continue;
      if (!isDescribed || pictures[unit]!++ > 0) return false;
    }
    return pictures.every((count) => count === 1);
  }
}

/** 33 bits in three parts, each followed by a bit that is set. */
function ticks(bytes: Buffer, at: number): number {
  return (
    ((bytes[at]! >> 1) & 7) * 2 ** 30 +
    ((bytes.readUInt16BE(at + 1) >> 1) << 15) +
    (bytes.readUInt16BE(at + 3) >> 1)
  );
}
