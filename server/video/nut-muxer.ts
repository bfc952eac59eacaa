import type { Size } from '../../shared/geometry.ts';
import type { TimeBase } from './nut-demuxer.ts';

/**
 * Writes pictures, raw or compressed, with timestamps as NUT, version 3, for ffmpeg to read; version
 * 4, which ffmpeg has too, where raw pictures change their size under way. Names follow nut.txt.
 */

const FILE_ID = Buffer.from('nut/multimedia container\0', 'latin1');
const MAIN = [0x4e, 0x4d, 0x7a, 0x56, 0x1f, 0x5f, 0x04, 0xad];
const STREAM = [0x4e, 0x53, 0x11, 0x40, 0x5b, 0xf2, 0xf9, 0xdb];
const SYNCPOINT = [0x4e, 0x4b, 0xe4, 0xad, 0xee, 0xca, 0x45, 0x69];
const KEY = 1;
const CODED_PTS = 8;
const SIZE_MSB = 32;
const CHECKSUM = 64;
const SIDE_DATA = 256;
const FRAME = KEY | CODED_PTS | SIZE_MSB | CHECKSUM;
const MSB_PTS_SHIFT = 8;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});

/** CRC-32 of the specification: polynomial 0x04C11DB7, highest bit first, starting from 0. */
function checksum(bytes: readonly number[]): number[] {
  let crc = 0;
  for (const byte of bytes) crc = (crc << 8) ^ crcTable[((crc >>> 24) ^ byte) & 255]!;
  return [crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255];
}

function unsigned(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift(128 + (rest % 128));
  return bytes;
}

/** A packet shorter than 4096 bytes. */
function packet(startCode: readonly number[], content: readonly number[]): number[] {
  return [...startCode, ...unsigned(content.length + 4), ...content, ...checksum(content)];
}

export interface NutStream extends Size {
  /**
   * Four characters of Latin-1, as ffmpeg abbreviates codecs for NUT: `Y800` is grey, `I420` three
   * planes, those of colour half as wide and high.
   */
  readonly fourcc: string;
}

/** Frame codes but for the one that the specification keeps for start codes. */
const FRAME_CODES = 255;

/** What comes before the first frame. `resizes`: the only stream has `nutResizedFrameHead` too. */
export function nutHead(
  streams: readonly NutStream[],
  { num, den }: TimeBase,
  { resizes = false } = {},
): Buffer {
  // Code n is stream n; what is left is the last stream's, with side data where sizes change.
  const frameCodes = [
    ...streams.map((_, id) => ({ id, flags: FRAME, count: 1 })),
    {
      id: streams.length - 1,
      flags: resizes ? FRAME | SIDE_DATA : FRAME,
      count: FRAME_CODES - streams.length,
    },
  ].flatMap(({ id, flags, count }) =>
    [
      flags,
      6,
      /* pts */ 0,
      /* mul */ 1,
      /* stream */ id,
      /* size */ 0,
      /* reserved */ 0,
      count,
    ].flatMap(unsigned),
  );
  const main = [
    ...(resizes ? [4, /* minor_version */ 0] : [3]),
    streams.length,
    /* max_distance */ 65536,
    /* time bases */ 1,
    num,
    den,
  ].flatMap(unsigned);
  const timing = [
    /* time base */ 0,
    MSB_PTS_SHIFT,
    /* max_pts_distance */ 0,
    /* decode_delay */ 0,
    /* flags */ 0,
    /* codec_specific */ 0,
  ].flatMap(unsigned);
  const heads = streams.map(({ fourcc, width, height }, id) => {
    const picture = [width, height, /* sample aspect */ 0, 0, /* colorspace */ 0].flatMap(unsigned);
    return Buffer.from(
      packet(STREAM, [
        id,
        /* class: video */ 0,
        4,
        ...Buffer.from(fourcc, 'latin1'),
        ...timing,
        ...picture,
      ]),
    );
  });
  return Buffer.concat([
    FILE_ID,
    Buffer.from(
      packet(MAIN, [
        ...main,
        ...frameCodes,
        /* elision headers */ 0,
        ...(resizes ? [/* main_flags */ 0] : []),
      ]),
    ),
    ...heads,
  ]);
}

/**
 * What comes before the `size` bytes of a stream's frame at `pts` ticks (≥ 0). Large frames need a
 * syncpoint each.
 */
export function nutFrameHead(stream: number, pts: number, size: number): Buffer {
  return frameHead(/* frame code */ stream, pts, size);
}

/** `nutFrameHead` of the only stream, whose pictures have this size from here on. */
export function nutResizedFrameHead(pts: number, size: number, picture: Size): Buffer {
  const sideData = [
    ...unsigned(2),
    ...item('Width', picture.width),
    ...item('Height', picture.height),
    /* metadata */ 0,
  ];
  return frameHead(/* frame code */ 1, pts, size, sideData);
}

function frameHead(
  code: number,
  pts: number,
  size: number,
  sideData: readonly number[] = [],
): Buffer {
  const syncpoint = packet(SYNCPOINT, [...unsigned(pts), /* back_ptr_div16 */ 0]);
  // The lowest bits, for the syncpoint has them all; ffmpeg 4.1 loses what is more than 32 of them.
  const lowest = pts % 2 ** MSB_PTS_SHIFT;
  const head = [code, ...unsigned(lowest), ...unsigned(sideData.length + size)];
  return Buffer.from([...syncpoint, ...head, ...checksum(head), ...sideData]);
}

/** A name of side data with a whole number above zero. */
function item(name: string, value: number): number[] {
  return [...unsigned(name.length), ...Buffer.from(name, 'latin1'), ...unsigned(2 * value - 1)];
}
