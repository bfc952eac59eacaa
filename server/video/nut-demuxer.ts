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
const LARGEST_HEADER = 0x100000;
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
/** Thrown so often that one will do. */
const MORE = new Error('more bytes are needed');

export class NutDemuxer {
  readonly #mostBytes: number;
  readonly #streams: (Stream | undefined)[] = [];
  #timeBases: TimeBase[] = [];
  #codes: FrameCode[] = [];
  #elision: Uint8Array[] = [];
  /** Bytes of an item whose end has not come yet; `#chunk` goes on where it ends. */
  #carry: Uint8Array = new Uint8Array(0);
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
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
    this.#chunk = chunk;
    this.#at = 0;
    for (;;) {
      if (this.#payload) {
        if (!this.#fill(this.#payload)) return packets;
        packets.push({
          stream: this.#payloadStream,
          pts: this.#payloadPts,
          payload: this.#payload,
          hasSideData: this.#hasSideData,
        });
        this.#payload = null;
      }
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, this.#available());
        this.#consume(step);
        this.#skip -= step;
        if (this.#skip > 0) return packets;
      }
      if (this.#available() === 0) return packets;
      const start = this.#at;
      try {
        this.#item();
        this.#consume(0);
      } catch (reason) {
        if (reason !== MORE) throw reason;
        this.#at = start;
        this.#keepRest();
        return packets;
      }
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

  #available(): number {
    return this.#carry.length + this.#chunk.length - this.#at;
  }

  /** Moves on, and rebases onto the chunk once the carried bytes are behind. */
  #consume(count: number): void {
    this.#at += count;
    if (this.#carry.length > 0 && this.#at >= this.#carry.length) {
      this.#at -= this.#carry.length;
      this.#carry = new Uint8Array(0);
    }
  }

  #keepRest(): void {
    const rest = new Uint8Array(this.#available());
    if (rest.length > LARGEST_HEADER) throw new Error('NUT: header too large');
    const carried = this.#carry.subarray(this.#at);
    rest.set(carried);
    rest.set(this.#chunk.subarray(Math.max(0, this.#at - this.#carry.length)), carried.length);
    this.#carry = rest;
    this.#chunk = new Uint8Array(0);
    this.#at = 0;
  }

  /** Only called when nothing is carried: a frame's header always ends in the chunk. */
  #fill(payload: Uint8Array): boolean {
    const end = Math.min(this.#chunk.length, this.#at + payload.length - this.#filled);
    payload.set(this.#chunk.subarray(this.#at, end), this.#filled);
    this.#filled += end - this.#at;
    this.#at = end;
    return this.#filled === payload.length;
  }

  #byte(): number {
    const at = this.#at++;
    const byte = at < this.#carry.length ? this.#carry[at] : this.#chunk[at - this.#carry.length];
    if (byte === undefined) throw MORE;
    return byte;
  }

  /** `v` in the specification. */
  #unsigned(): number {
    let value = 0;
    for (;;) {
      const byte = this.#byte();
      value = value * 128 + (byte & 127);
      if (value > Number.MAX_SAFE_INTEGER) throw new Error('NUT: number too large');
      if (byte < 128) return value;
    }
  }

  #atMost(most: number, what: string): number {
    const value = this.#unsigned();
    if (value > most) throw new Error(`NUT: ${what} of ${value}`);
    return value;
  }

  /** `s` in the specification. */
  #signed(): number {
    const value = this.#unsigned() + 1;
    return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
  }

  #bytes(count: number): Uint8Array {
    if (count > this.#available()) throw MORE;
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.#byte();
    return bytes;
  }

  #item(): void {
    if (!this.#identified) {
      if (Buffer.compare(this.#bytes(FILE_ID.length), FILE_ID) !== 0)
        throw new Error('NUT: file id missing');
      this.#identified = true;
      return;
    }
    const first = this.#byte();
    if (first === 0x4e) {
      this.#at--;
      this.#packet();
    } else {
      this.#frame(first);
    }
  }

  #packet(): void {
    const bytes = this.#bytes(START_CODE_SIZE);
    const startCode = new DataView(bytes.buffer).getBigUint64(0);
    const size = this.#unsigned();
    if (size > 4096) this.#bytes(4);
    if (SKIPPED.has(startCode)) {
      this.#skip = size;
      return;
    }
    if (size > LARGEST_HEADER) throw new Error('NUT: header too large');
    if (this.#available() < size) throw MORE;
    const end = this.#at + size;
    if (startCode === MAIN) this.#mainHeader();
    else if (startCode === STREAM) this.#streamHeader();
    else if (startCode === SYNCPOINT) this.#syncpoint();
    else throw new Error(`NUT: unknown start code ${startCode.toString(16)}`);
    if (this.#at > end) throw new Error('NUT: header longer than it says');
    this.#at = end;
  }

  #mainHeader(): void {
    const version = this.#unsigned();
    if (version < 2 || version > 4) throw new Error(`NUT: version ${version} is not supported`);
    if (version > 3) this.#unsigned(); // minor_version
    this.#unsigned(); // stream_count
    this.#unsigned(); // max_distance
    this.#timeBases = Array.from(
      { length: this.#atMost(MOST_STREAMS, 'number of time bases') },
      () => ({ num: this.#unsigned(), den: this.#unsigned() }),
    );
    if (
      this.#timeBases.length === 0 ||
      this.#timeBases.some(({ num, den }) => num === 0 || den === 0)
    )
      throw new Error('NUT: no time base, or one of zero');
    this.#codes = this.#frameCodes();
    const count = this.#unsigned();
    this.#elision = [new Uint8Array(0)];
    for (let i = 0; i < count; i++) this.#elision.push(this.#bytes(this.#unsigned()));
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
      const flags = this.#unsigned();
      const fields = this.#unsigned();
      if (fields > 0) ptsDelta = this.#signed();
      if (fields > 1) dataSizeMul = this.#unsigned();
      if (fields > 2) stream = this.#unsigned();
      const size = fields > 3 ? this.#unsigned() : 0;
      const reservedCount = fields > 4 ? this.#unsigned() : 0;
      const count = fields > 5 ? this.#unsigned() : dataSizeMul - size;
      if (fields > 6) this.#signed(); // match_time_delta
      if (fields > 7) headerIdx = this.#unsigned();
      for (let i = 8; i < fields; i++) this.#unsigned();
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
    const id = this.#atMost(MOST_STREAMS, 'stream id');
    this.#unsigned(); // stream_class
    const fourcc = Buffer.from(this.#bytes(this.#unsigned())).toString('latin1');
    const timeBase = this.#timeBases[this.#unsigned()];
    if (!timeBase) throw new Error('NUT: stream without a time base');
    this.#streams[id] = {
      fourcc,
      timeBase,
      msbPtsShift: this.#atMost(LARGEST_SHIFT, 'msb_pts_shift'),
      lastPts: 0,
    };
  }

  #syncpoint(): void {
    const coded = this.#unsigned();
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
    if (flags & CODED) flags ^= this.#unsigned();
    const id = flags & STREAM_ID ? this.#unsigned() : entry.stream;
    const stream = this.#streams[id];
    if (!stream) throw new Error(`NUT: frame of unknown stream ${id}`);
    const pts =
      flags & CODED_PTS
        ? presentationTimestamp(this.#unsigned(), stream)
        : stream.lastPts + entry.ptsDelta;
    let size = entry.dataSizeLsb;
    if (flags & SIZE_MSB) size += entry.dataSizeMul * this.#unsigned();
    if (flags & MATCH_TIME) this.#signed();
    const headerIdx = flags & HEADER_IDX ? this.#unsigned() : entry.headerIdx;
    const reserved = flags & RESERVED ? this.#unsigned() : entry.reservedCount;
    for (let i = 0; i < reserved; i++) this.#unsigned();
    if (flags & CHECKSUM) this.#bytes(4);
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
