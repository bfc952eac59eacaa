import type { FfmpegFile } from '../video/ffmpeg-process.ts';
import { NutDemuxer } from '../video/nut-demuxer.ts';
import type { FeedScheme } from './feed-scheme.ts';

/** NUT has no negative timestamps; RTP may have some (s). */
const OFFSET = 2 ** 17;
/**
 * Side data of ffmpeg's own kinds are named so; 27 is AV_PKT_DATA_PRFT, the producer reference
 * time.
 */
const REFERENCE_TIME = /^UserData\S*-SD-27$/;
const BINARY = -2;
/**
 * ffmpeg's structure: microseconds since 1970 (int64), flags (int), padding, in the machine's own
 * order.
 */
const SIZE = 16;
/** Of a packet; its side data lie within. */
const LOOKED_AT = 512;
/**
 * RTP brings these in pieces. ffmpeg's parser hands a picture on when the first piece of the next
 * one has come, and with that one's side data: the time beside a picture is that of the next one in
 * the stream.
 */
const IN_PIECES = new Set(['H264', 'HEVC']);

/**
 * Whether a stream tells the time of its pictures: RTP does with RTCP's sender reports. MPEG-TS,
 * RTMP and HLS bring none through ffmpeg.
 */
export function mayTellTime(scheme: FeedScheme): boolean {
  return scheme === 'rtsp' || scheme === 'rtsps' || scheme === 'rtp';
}

/**
 * The stream's packets with what ffmpeg knows of the time at which the source took them. Only NUT
 * carries that: MP4's `prft` box is written with ffmpeg's own clock where the source tells none,
 * and does not say so. A failure of this output leaves the others alone.
 */
export function sourceClockOutput(url: string): FfmpegFile {
  const target = url.replaceAll(/[^\w/.:-]/g, '\\$&');
  const options =
    'f=nut:onfail=ignore:strict=experimental:syncpoints=none:write_index=0:flush_packets=1';
  return {
    url: `[${options}]${target}|[f=null]-`,
    options: [
      '-map',
      '0:V:0',
      '-c',
      'copy',
      '-copytb',
      '1',
      '-output_ts_offset',
      String(OFFSET),
      '-f',
      'tee',
    ],
  };
}

/**
 * Reads what `sourceClockOutput` writes: `time` is the source's own clock, in milliseconds since
 * 1970, at the picture of timestamp `pts` (s).
 */
export class SourceClockReader {
  readonly #demuxer = new NutDemuxer(LOOKED_AT);
  readonly #told: (pts: number, time: number) => void;
  #next: number | null = null;

  constructor(told: (pts: number, time: number) => void) {
    this.#told = told;
  }

  /** Throws Error on bytes that are not NUT. */
  add(chunk: Uint8Array): void {
    for (const { stream, pts, payload, hasSideData } of this.#demuxer.push(chunk)) {
      const beside = hasSideData ? readReferenceTime(payload) : null;
      const time = IN_PIECES.has(this.#demuxer.fourccOf(stream)) ? this.#next : beside;
      this.#next = beside;
      if (time === null) continue;
      const { num, den } = this.#demuxer.timeBaseOf(stream);
      this.#told(((pts - (OFFSET * den) / num) * num) / den, time);
    }
  }
}

/**
 * Milliseconds since 1970 in the side data at the beginning of a packet of NUT; null where there
 * are none, or what comes before cannot be read.
 */
export function readReferenceTime(payload: Uint8Array): number | null {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  let at = 0;
  const number = (): number => {
    let value = 0;
    while (at < bytes.length && value < 2 ** 32) {
      const byte = bytes[at++]!;
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
    return NaN;
  };
  const text = (): string => {
    const size = number();
    const start = at;
    at = size <= bytes.length - at ? at + size : bytes.length;
    return bytes.toString('latin1', start, at);
  };
  const signed = (): number => {
    const value = number() + 1;
    return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
  };
  for (let count = number(); count > 0; count--) {
    const name = text();
    if (signed() !== BINARY || text() !== 'bin') return null;
    const size = number();
    if (!(size <= bytes.length - at)) return null;
    if (size === SIZE && REFERENCE_TIME.test(name)) return Number(bytes.readBigInt64LE(at)) / 1000;
    at += size;
  }
  return null;
}
