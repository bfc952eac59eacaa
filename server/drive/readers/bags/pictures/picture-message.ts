import type { Message } from '../messages/message.ts';
import { pixelsOf } from './pixels.ts';
import type { PictureKind } from './picture-topics.ts';
import { isAnnexB, isKeyPacket, packetCodec, type PacketCodec } from './video-packet.ts';

/** What a message's bytes are, as far as it must be the same for all of a topic. */
export type PictureCodec =
  | 'mjpeg'
  | 'png'
  | 'webp'
  | PacketCodec
  | { readonly pixelFormat: string; readonly width: number; readonly height: number };

export interface PictureMessage {
  readonly codec: PictureCodec;
  readonly isKey: boolean;
  readonly bytes: Uint8Array;
}

/** Reads a picture out of its message. Throws, in words after "it", where there is none. */
export function pictureOf(kind: PictureKind, message: Message): PictureMessage {
  const data = bytesOf(message['data']);
  const format = textOf(message['format'] ?? message['encoding']);
  if (data.length === 0) throw new Error('is empty');
  if (kind === 'pixels') {
    const { bytes, ...codec } = pixelsOf({
      encoding: format,
      width: numberOf(message['width']),
      height: numberOf(message['height']),
      step: numberOf(message['step']),
      isBigEndian: numberOf(message['is_bigendian']) === 1,
      data,
    });
    return { codec, isKey: true, bytes };
  }
  if (kind === 'file') {
    const file = pictureFile(format, data);
    if (file) return { ...file, isKey: true };
    if (!isAnnexB(data) && !packetCodec(format))
      throw new Error(
        `is neither JPEG, PNG nor WebP${format ? `, and called ${JSON.stringify(format.slice(0, 40))}` : ''}`,
      );
  }
  const codec = packetCodec(format) ?? (kind === 'file' ? 'h264' : null);
  if (!codec)
    throw new Error(`is encoded as ${JSON.stringify(format.slice(0, 40))}, which is not read`);
  if ((codec === 'h264' || codec === 'hevc') && !isAnnexB(data))
    throw new Error('has no start code, as packets of a stream have');
  return { codec, isKey: isKeyPacket(codec, data), bytes: data };
}

export function isSameCodec(a: PictureCodec, b: PictureCodec): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.pixelFormat === b.pixelFormat && a.width === b.width && a.height === b.height;
}

/** As in "it is JPEG". */
export function codecInWords(codec: PictureCodec): string {
  return typeof codec === 'string'
    ? codec
    : `${codec.width}×${codec.height} in ${codec.pixelFormat}`;
}

/** `compressedDepth` puts so many bytes of its own in front of a PNG. */
const DEPTH_HEAD = 12;

/** By its first bytes; what the format says is often wrong. */
function pictureFile(
  format: string,
  data: Uint8Array,
): { codec: 'mjpeg' | 'png' | 'webp'; bytes: Uint8Array } | null {
  const bytes = format.includes('compressedDepth') ? data.subarray(DEPTH_HEAD) : data;
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\u00ff\u00d8\u00ff')) return { codec: 'mjpeg', bytes };
  if (head.startsWith('\u0089PNG')) return { codec: 'png', bytes };
  return head.startsWith('RIFF') && head.endsWith('WEBP') ? { codec: 'webp', bytes } : null;
}

/** JSON has bytes in Base64, ROS in typed arrays. */
function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof Int8Array)
    return new Uint8Array(value.buffer, value.byteOffset, value.length);
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  return new Uint8Array();
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'boolean' ? Number(value) : typeof value === 'number' ? value : 0;
}
