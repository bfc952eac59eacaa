import { LARGEST_HEADER, NutBytes } from './nut-bytes.ts';

/**
 * Incremental reader of NUT, the container through which ffmpeg hands over frames with their
 * timestamps. Format: "NUT Open Container Format", version 3 (nut.txt of ffmpeg's nut project), and
 * what of version 4 ffmpeg writes with `-syncpoints none`. Checksums are not verified: the bytes
 * come through a local socket. Names follow that document.
 */
export interface NutPacket {
  readonly stream: number;
  /** In ticks of the stream's time base. */
  readonly pts: number;
  /**
   * Its memory is its own: nothing else refers to the ArrayBuffer. Of version 4, a packet's side
   * data stand in front.
   */
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly hasSideData: boolean;
}

export interface TimeBase {
  readonly num: number;
  readonly den: number;
}

interface Stream {
  readonly fourcc: string;
  readonly timeBase: TimeBase;
  readonly msbPtsShift: number;
  lastPts: number;
}

interface FrameCode {
  readonly flags: number;
  readonly stream: number;
  readonly dataSizeMul: number;
  readonly dataSizeLsb: number;
  readonly ptsDelta: number;
  readonly reservedCount: number;
  readonly headerIdx: number;
}

const FILE_ID = Buffer.from('nut/multimedia container\0', 'latin1');
const MAIN = 0x4e4d7a561f5f04adn;
const STREAM = 0x4e5311405bf2f9dbn;
const SYNCPOINT = 0x4e4be4adeeca4569n;
const SKIPPED = new Set([0x4e49ab68b596ba78n /* info */, 0x4e58dd672f23e64en /* index */]);
const START_CODE_SIZE = 8;
const LARGEST_PAYLOAD = 0x40000000;
/** Streams, and time bases; ffmpeg writes one. */
const MOST_STREAMS = 256;
/** A timestamp has no more bits. */
const LARGEST_SHIFT = 48;

const CODED_PTS = 8;
const STREAM_ID = 16;
const SIZE_MSB = 32;
const CHECKSUM = 64;
const RESERVED = 128;
const SIDE_DATA = 256;
const HEADER_IDX = 1024;
const MATCH_TIME = 2048;
const CODED = 4096;
const INVALID = 8192;

const NOTHING = new Uint8Array(0);

export class NutDemuxer {
  readonly #mostBytes: number;
  readonly #streams: (Stream | undefined)[] = [];
  #timeBases: TimeBase[] = [];
  #codes: FrameCode[] = [];
  #elision: Uint8Array[] = [];
  readonly #bytes = new NutBytes();
  #skip = 0;
  #identified = false;
  #payload: Uint8Array<ArrayBuffer> | null = null;
  #filled = 0;
  #payloadStream = 0;
  #payloadPts = 0;
  #hasSideData = false;

  /** `mostBytes`: what is more of a payload is left out. */
  constructor(mostBytes = LARGEST_PAYLOAD) {
    this.#mostBytes = mostBytes;
  }

  /**
   * The packets that this chunk completes. The chunk's memory is not kept. Throws Error on bytes
   * that are not NUT.
   */
  push(chunk: Uint8Array): NutPacket[] {
    const packets: NutPacket[] = [];
    const bytes = this.#bytes;
    bytes.add(chunk);
    for (;;) {
      if (this.#payload) {
        this.#filled += bytes.fill(this.#payload.subarray(this.#filled));
        if (this.#filled < this.#payload.length) return packets;
        packets.push({
          stream: this.#payloadStream,
          pts: this.#payloadPts,
          payload: this.#payload,
          hasSideData: this.#hasSideData,
        });
        this.#payload = null;
      }
      if (this.#skip > 0) {
        this.#skip -= bytes.skip(this.#skip);
        if (this.#skip > 0) return packets;
      }
      if (bytes.available === 0) return packets;
      if (!bytes.whole(() => this.#item())) return packets;
    }
  }

  /** Seconds a tick, as a fraction; of a stream that has given a packet. */
  timeBaseOf(stream: number): TimeBase {
    return this.#streams[stream]!.timeBase;
  }

  /**
   * The codec, as ffmpeg abbreviates it for NUT, e.g. `H264`; of a stream that has given a packet.
   */
  fourccOf(stream: number): string {
    return this.#streams[stream]!.fourcc;
  }

  #item(): void {
    if (!this.#identified) {
      if (Buffer.compare(this.#bytes.take(FILE_ID.length), FILE_ID) !== 0)
        throw new Error('NUT: file id missing');
      this.#identified = true;
      return;
    }
    if (this.#bytes.next === 0x4e) this.#packet();
    else this.#frame(this.#bytes.byte());
  }

  #packet(): void {
    const code = this.#bytes.take(START_CODE_SIZE);
    const startCode = new DataView(code.buffer).getBigUint64(0);
    const size = this.#bytes.unsigned();
    if (size > 4096) this.#bytes.take(4);
    if (SKIPPED.has(startCode)) {
      this.#skip = size;
      return;
    }
    if (size > LARGEST_HEADER) throw new Error('NUT: header too large');
    this.#bytes.within(size, () => {
      if (startCode === MAIN) this.#mainHeader();
      else if (startCode === STREAM) this.#streamHeader();
      else if (startCode === SYNCPOINT) this.#syncpoint();
      else throw new Error(`NUT: unknown start code ${startCode.toString(16)}`);
    });
  }

  #mainHeader(): void {
    const version = this.#bytes.unsigned();
    if (version < 2 || version > 4) throw new Error(`NUT: version ${version} is not supported`);
    if (version > 3) this.#bytes.unsigned(); // minor_version
    this.#bytes.unsigned(); // stream_count
    this.#bytes.unsigned(); // max_distance
    this.#timeBases = Array.from(
      { length: this.#bytes.atMost(MOST_STREAMS, 'number of time bases') },
      () => ({ num: this.#bytes.unsigned(), den: this.#bytes.unsigned() }),
    );
    if (
      this.#timeBases.length === 0 ||
      this.#timeBases.some(({ num, den }) => num === 0 || den === 0)
    )
      throw new Error('NUT: no time base, or one of zero');
    this.#codes = this.#frameCodes();
    const count = this.#bytes.unsigned();
    this.#elision = [new Uint8Array(0)];
    for (let i = 0; i < count; i++) this.#elision.push(this.#bytes.take(this.#bytes.unsigned()));
  }

  #frameCodes(): FrameCode[] {
    const invalid: FrameCode = {
      flags: INVALID,
      stream: 0,
      dataSizeMul: 1,
      dataSizeLsb: 0,
      ptsDelta: 0,
      reservedCount: 0,
      headerIdx: 0,
    };
    const codes: FrameCode[] = [];
    let ptsDelta = 0;
    let dataSizeMul = 1;
    let stream = 0;
    let headerIdx = 0;
    while (codes.length < 256) {
      const flags = this.#bytes.unsigned();
      const fields = this.#bytes.unsigned();
      if (fields > 0) ptsDelta = this.#bytes.signed();
      if (fields > 1) dataSizeMul = this.#bytes.unsigned();
      if (fields > 2) stream = this.#bytes.unsigned();
      const size = fields > 3 ? this.#bytes.unsigned() : 0;
      const reservedCount = fields > 4 ? this.#bytes.unsigned() : 0;
      const count = fields > 5 ? this.#bytes.unsigned() : dataSizeMul - size;
      if (fields > 6) this.#bytes.signed(); // match_time_delta
      if (fields > 7) headerIdx = this.#bytes.unsigned();
      for (let i = 8; i < fields; i++) this.#bytes.unsigned();
      for (let i = 0; i < count && codes.length < 256;) {
        if (codes.length === 0x4e) {
          codes.push(invalid);
          continue;
        }
        codes.push({
          flags,
          stream,
          dataSizeMul,
          dataSizeLsb: size + i,
          ptsDelta,
          reservedCount,
          headerIdx,
        });
        i++;
      }
    }
    return codes;
  }

  #streamHeader(): void {
    const id = this.#bytes.atMost(MOST_STREAMS, 'stream id');
    this.#bytes.unsigned(); // stream_class
    const fourcc = Buffer.from(this.#bytes.take(this.#bytes.unsigned())).toString('latin1');
    const timeBase = this.#timeBases[this.#bytes.unsigned()];
    if (!timeBase) throw new Error('NUT: stream without a time base');
    this.#streams[id] = {
      fourcc,
      timeBase,
      msbPtsShift: this.#bytes.atMost(LARGEST_SHIFT, 'msb_pts_shift'),
      lastPts: 0,
    };
  }

  #syncpoint(): void {
    const coded = this.#bytes.unsigned();
    const count = this.#timeBases.length;
    if (count === 0) throw new Error('NUT: syncpoint before the main header');
    const from = this.#timeBases[coded % count]!;
    const ticks = Math.floor(coded / count);
    for (const stream of this.#streams) {
      if (!stream) continue;
      const to = stream.timeBase;
      stream.lastPts =
        to === from
          ? ticks
          : Number(
              (BigInt(ticks) * BigInt(from.num) * BigInt(to.den)) /
                (BigInt(from.den) * BigInt(to.num)),
            );
    }
  }

  #frame(code: number): void {
    const entry = this.#codes[code];
    if (!entry) throw new Error('NUT: frame before the main header');
    let flags = entry.flags;
    if (flags & INVALID) throw new Error(`NUT: invalid frame code ${code}`);
    if (flags & CODED) flags ^= this.#bytes.unsigned();
    const id = flags & STREAM_ID ? this.#bytes.unsigned() : entry.stream;
    const stream = this.#streams[id];
    if (!stream) throw new Error(`NUT: frame of unknown stream ${id}`);
    const pts =
      flags & CODED_PTS
        ? presentationTimestamp(this.#bytes.unsigned(), stream)
        : stream.lastPts + entry.ptsDelta;
    let size = entry.dataSizeLsb;
    if (flags & SIZE_MSB) size += entry.dataSizeMul * this.#bytes.unsigned();
    if (flags & MATCH_TIME) this.#bytes.signed();
    const headerIdx = flags & HEADER_IDX ? this.#bytes.unsigned() : entry.headerIdx;
    const reserved = flags & RESERVED ? this.#bytes.unsigned() : entry.reservedCount;
    for (let i = 0; i < reserved; i++) this.#bytes.unsigned();
    if (flags & CHECKSUM) this.#bytes.take(4);
    const elided = this.#elision[headerIdx];
    if (!elided || size < elided.length || size > LARGEST_PAYLOAD)
      throw new Error(`NUT: payload of ${size} bytes`);
    stream.lastPts = pts;
    this.#hasSideData = (flags & SIDE_DATA) !== 0;
    // What is elided belongs behind the side data, where nobody looks for it.
    const head = this.#hasSideData ? NOTHING : elided.subarray(0, this.#mostBytes);
    const left = size - elided.length;
    const kept = head.length + Math.min(left, this.#mostBytes - head.length);
    this.#skip = left - (kept - head.length);
    // allocUnsafeSlow: not zeroed, and not a slice of Node's pool, so that the receiver may
    // transfer it.
    const payload = Buffer.allocUnsafeSlow(kept);
    this.#payload = new Uint8Array(payload.buffer, 0, kept);
    this.#payload.set(head);
    this.#filled = head.length;
    this.#payloadStream = id;
    this.#payloadPts = pts;
  }
}

/**
 * coded_pts holds either the lowest bits of the timestamp nearest to the last one, or the whole
 * timestamp.
 */
function presentationTimestamp(coded: number, { msbPtsShift, lastPts }: Stream): number {
  const range = 2 ** msbPtsShift;
  if (coded >= range) return coded - range;
  const lowest = lastPts - Math.floor((range - 1) / 2);
  return lowest + ((((coded - lowest) % range) + range) % range);
}
