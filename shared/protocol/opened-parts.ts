import type { ExplainedNumber } from '../explained-number.ts';
import type { AngleOf } from '../steering.ts';
import type { Crop, Point, Size } from '../geometry.ts';
import type { NetworkInput, NetworkOutput } from './network-inputs.ts';
import type { LoggedMeasureId, RowMeasureId } from '../measures/measures.ts';

/** Where the road region of a recording comes from. */
export type RoadSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'truth' }
  | { readonly kind: 'model'; readonly name: string }
  | { readonly kind: 'polygon'; readonly points: readonly Point[] }
  /** Nothing was given: a trapezoid where the road usually is. To be shown as a guess. */
  | { readonly kind: 'guess'; readonly points: readonly Point[] };

/** NaN travels as null. */
export type Column = readonly (number | null)[];

/**
 * Columns of equal length, one entry per frame; NaN travels as null. MEASURES says what the columns
 * are.
 */
export interface AnalysisColumns extends FrameColumns {
  readonly frame: readonly number[];
  readonly pts: readonly number[];
  /** In the order of `opened.network.methods`. */
  readonly scores: readonly { readonly [id in RowMeasureId<'method'>]: Column }[];
  /** Between the first two methods; null where there is one only. */
  readonly agreement: { readonly [id in RowMeasureId<'pair'>]: Column } | null;
}

/** What was not logged has no column. */
type FrameColumns = { readonly [id in RowMeasureId<'frame'>]: Column } & {
  readonly [id in LoggedMeasureId]?: Column;
};

/** The network that is watched, as the page must know it. */
export interface WatchedNetwork {
  readonly id: string;
  readonly name: string;
  readonly crop: Crop | null;
  readonly mask: Size;
  readonly methods: readonly string[];
  /** Which of the network's numbers `steering` is on the wire, and what it may be called. */
  readonly number: ExplainedNumber;
  /** What was taken for granted of the network, or done to it; plain sentences. */
  readonly notes: readonly string[];
  readonly quantity: string | null;
  /**
   * Unit of `steering` and `driven` on the wire; degrees are made by the client where the unit is
   * `rad`.
   */
  readonly unit: string | null;
  readonly positive: 'left' | 'right' | null;
  /** What it takes, and with what that is fed; and what it gives. */
  readonly inputs?: readonly NetworkInput[];
  readonly outputs?: readonly NetworkOutput[];
  /** Of an angle, as the sidecar says. */
  readonly angleOf?: AngleOf | null;
}
