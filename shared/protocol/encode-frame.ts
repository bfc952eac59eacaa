import { encode } from '@msgpack/msgpack';
import type { Measure } from '../measures/measure.ts';
import { MEASURES } from '../measures/measures.ts';
import type { Fit } from '../geometry.ts';
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

/** The field of the header, which is left out where the frame fills the picture. */
export function fitOnWire(fit: Fit): Pick<FrameHeader, 'fit'> {
  return fit.width === 1 && fit.height === 1 ? {} : { fit };
}

/**
 * One frame message as a list of buffers to be sent back to back: preamble and header, then each
 * part as it was given, not copied. The frame's own numbers may be NaN, which travels as null.
 */
export function encodeFrame(
  header: Omit<FrameHeader, 'parts'>,
  parts: readonly PartBytes[],
  measures: readonly Measure[] = MEASURES,
): Uint8Array[] {
  const packed = encode({
    ...withoutNaN(header, measures),
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

function withoutNaN(header: object, measures: readonly Measure[]): object {
  const numbers: Record<string, unknown> = { ...header };
  for (const { id, of } of measures)
    if (of === 'frame' && id in numbers && !Number.isFinite(numbers[id])) numbers[id] = null;
  return numbers;
}
