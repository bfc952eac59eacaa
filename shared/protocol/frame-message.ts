import type { Fit } from '../geometry.ts';
import type { LoggedMeasureId, RowMeasureId } from '../measures/measures.ts';
import type { Agreement, AttentionScore } from '../measures/values.ts';

export type { Agreement, AttentionScore } from '../measures/values.ts';

/** The first two bytes, "RG". */
export const MAGIC = [0x52, 0x47] as const;
export const FRAME_KIND = 1;
/** Bytes in front of the header. */
export const PREAMBLE_LENGTH = 8;

/** The frame's own numbers; MEASURES says what they are. Null where one is not known. */
type FrameNumbers = { readonly [id in RowMeasureId<'frame'>]: number | null } & {
  readonly [id in LoggedMeasureId]?: number | null;
};

/**
 * The binary frame message: one frame, its masks and its numbers together, so that a mask can never sit on another frame.
 *
 * | offset | size | what |
 * |---|---|---|
 * | 0 | 2 | `52 47` ("RG") |
 * | 2 | 1 | protocol version, 1 |
 * | 3 | 1 | message kind, 1 = frame |
 * | 4 | 4 | header length H, unsigned, little-endian |
 * | 8 | H | header, MessagePack map as `FrameHeader` |
 * | 8+H | … | the parts, back to back, in the order of `parts` |
 *
 * Between `open` and `opened` one message with a picture and no mask may come: the recording's first frame, early. It
 * follows again with its mask and its numbers.
 */
export interface FrameHeader extends FrameNumbers {
  /** Counts the frame messages of this connection from 0; echoed by `painted`. */
  readonly sequence: number;
  /** Of the `seek` that asked for this frame, or of the last one before `play`. */
  readonly generation: number;
  /** Position in the recording's index, from 0. */
  readonly frame: number;
  /** Presentation timestamp in seconds, as in the file. */
  readonly pts: number;
  /**
   * One per method, in the order of `opened.network.methods`; empty where the message has no mask
   * of them.
   */
  readonly scores: readonly AttentionScore[];
  /** Between the first two methods; null where there is one only, or nothing to compare. */
  readonly agreement: Agreement | null;
  /**
   * There only where the frame has another shape than the recording: what of the picture it fills,
   * in its middle; masks and road lie on that. The rest is black.
   */
  readonly fit?: Fit;
  /**
   * What was logged for inputs of the network, by their names, in the sidecar's units; null where
   * nothing was, and `otherwise` stands in. Left out where the network takes no signals.
   */
  readonly inputs?: Readonly<Record<string, readonly (number | null)[]>>;
  readonly parts: readonly FramePart[];
}

/**
 * `picture`: JPEG of the whole frame. `mask`, `road`: uint8, row-major, width × height, on the grid
 * of the network's crop. Masks of signed methods: 128 is zero, 1 and 255 the largest size shown; of
 * others: 0 is zero, 255 the largest shown.
 */
export interface FramePart {
  readonly kind: 'picture' | 'mask' | 'road';
  /** Method id for masks, e.g. `visualbackprop`; empty otherwise. */
  readonly method: string;
  readonly width: number;
  readonly height: number;
  readonly length: number;
}
