import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import type { Size } from '../../shared/geometry.ts';

/** A picture of bytes R,G,B, row by row. */
export interface RgbPicture extends Size {
  readonly rgb: Uint8Array;
}

const compress = promisify(deflate);
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Each row is stored as its difference from the row above, which suits photographs. */
const FILTER_UP = 2;

/** A PNG file (ISO/IEC 15948) of 8-bit truecolour. */
export async function writePng({ width, height, rgb }: RgbPicture): Promise<Uint8Array> {
  const stride = 3 * width;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const out = y * (stride + 1);
    rows[out] = FILTER_UP;
    for (let x = 0; x < stride; x++)
      rows[out + 1 + x] = rgb[y * stride + x]! - (y > 0 ? rgb[(y - 1) * stride + x]! : 0);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from(SIGNATURE),
    chunk('IHDR', head),
    chunk('IDAT', await compress(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
