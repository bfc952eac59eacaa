import { encode } from '@msgpack/msgpack';
import {
  FRAME_KIND,
  MAGIC,
  PREAMBLE_LENGTH,
  type FrameHeader,
  type FramePart,
} from './frame-message.ts';
import { PROTOCOL_VERSION } from './control-messages.ts';

/** A part with its bytes; the bytes are borrowed until the message is sent. */
export interface PartBytes extends Omit<FramePart, 'length'> {
  readonly bytes: Uint8Array;
}

/**
 * One frame message as a list of buffers to be sent back to back: preamble and header, then each
 * part as it was given, not copied.
 */
export function encodeFrame(
  header: Omit<FrameHeader, 'parts'>,
  parts: readonly PartBytes[],
): Uint8Array[] {
  const packed = encode({
    ...header,
    parts: parts.map(({ kind, method, width, height, bytes }): FramePart => ({
      kind,
      method,
      width,
      height,
      length: bytes.byteLength,
    })),
  });
  const head = new Uint8Array(PREAMBLE_LENGTH + packed.byteLength);
  head.set([MAGIC[0], MAGIC[1], PROTOCOL_VERSION, FRAME_KIND]);
  new DataView(head.buffer).setUint32(4, packed.byteLength, true);
  head.set(packed, PREAMBLE_LENGTH);
  return [head, ...parts.map((part) => part.bytes)];
}
