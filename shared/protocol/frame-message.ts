/** The first two bytes, "RG". */
export const MAGIC = [0x52, 0x47] as const;
export const FRAME_KIND = 1;
/** Bytes in front of the header. */
export const PREAMBLE_LENGTH = 8;

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
export interface FrameHeader {
  /** Counts the frame messages of this connection from 0; echoed by `painted`. */
  readonly sequence: number;
  /** Of the `seek` that asked for this frame, or of the last one before `play`. */
  readonly generation: number;
  /** Position in the recording's index, from 0. */
  readonly frame: number;
  /** Presentation timestamp in seconds, as in the file. */
  readonly pts: number;
  readonly steering: number | null;
  readonly driven: number | null;
  /**
   * One per method, in the order of `opened.network.methods`; empty where the message has no mask
   * of them.
   */
  readonly scores: readonly AttentionScore[];
  /** Between the first two methods; null where there is one only, or nothing to compare. */
  readonly agreement: Agreement | null;
  readonly parts: readonly FramePart[];
}

/**
 * Where one method's attention lies. Mass is the size of the values, whatever their sign; the road
 * is the widened region. Null without a road region, except `mass`.
 */
export interface AttentionScore {
  /**
   * Sum of the mask's values ÷ (its largest value × pixels), 0..1; 0: the network gives nothing for
   * this picture.
   */
  readonly mass: number;
  /** Mass on the road ÷ mass, 0..1; null also for an empty mask. */
  readonly onRoad: number | null;
  /**
   * `onRoad` ÷ the road's share of the mask's area: 1 is what chance gives. Null also where there
   * is no road in the picture.
   */
  readonly lift: number | null;
  /**
   * 1 where the mask's largest value lies on the road and nowhere else, else 0; null also for an
   * empty mask.
   */
  readonly peakOnRoad: number | null;
  /**
   * Centre of the mass off the road, in fractions of the mask's width and height; null also where
   * there is none.
   */
  readonly offRoadX: number | null;
  readonly offRoadY: number | null;
}

/**
 * How much two methods agree on a frame, from the sizes of their values on the picture's grid, or
 * on cells of it. Null where that is not defined.
 */
export interface Agreement {
  /** Rank correlation, −1..1, ties with their mean rank. */
  readonly spearman: number | null;
  /** Structural similarity (Wang et al. 2004), −1..1, of both brought to a maximum of 1. */
  readonly ssim: number | null;
  /**
   * Intersection ÷ union of the strongest 5 % of pixels, 0..1; more than 5 % where there are ties,
   * zeros never.
   */
  readonly topOverlap: number | null;
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
