import type { Rectangle } from './geometry.ts';

export type FlagKind =
  /** Attention leaves the road. */
  | 'off-road'
  /** The steering is far from the driver's while attention is on the road: looks right, steers wrong. */
  | 'steers-wrong'
  /** The explanation is empty: the network is dead on these frames. */
  | 'dead'
  /** The two compared methods disagree. */
  | 'disagreement';

/** When frames are flagged. Thresholds begin a flag and, with some distance (hysteresis), end it. */
export interface FlagSettings {
  /** What the off-road flag looks at: the on-road share (0..1), or lift (1: as chance has it). */
  readonly measure: 'share' | 'lift';
  /** A flag begins when the measure falls below this … */
  readonly enterBelow: number;
  /** … and ends when it is at or above this; at least `enterBelow`. */
  readonly leaveAbove: number;
  /** Flags of any kind that last less are dropped … */
  readonly minimumSeconds: number;
  /** … after those of a kind that lie no further apart were joined. */
  readonly mergeSeconds: number;
  /** Steers wrong: size of network's steering less the driver's above this, in degrees at the wheel or, where the output is no angle, in its own unit. Null: not flagged. */
  readonly errorAbove: number | null;
  /** Disagreement: Spearman's correlation below this. Null: not flagged. */
  readonly agreementBelow: number | null;
}

/** What the causal check found: would the network have steered otherwise without what it looked at? */
export interface CausalCheck {
  /** How the region was replaced. */
  readonly fill: 'inpaint' | 'blur' | 'mean';
  /** Steering with the region replaced less the steering as it was, in the output's unit. */
  readonly change: number;
  /** The same in degrees at the wheel, where the unit allows. */
  readonly changeDegrees: number | null;
  /** Whether the size of the change is above the stated threshold. */
  readonly isConfirmed: boolean;
  readonly threshold: number;
  /** Frames that were tried. */
  readonly frames: number;
}

export interface Flag {
  readonly kind: FlagKind;
  readonly startPts: number;
  /** pts of the last flagged frame (included). */
  readonly endPts: number;
  readonly startFrame: number;
  readonly endFrame: number;
  /** The frame to look at first. */
  readonly worstFrame: number;
  readonly worstPts: number;
  /** The measure there: share, lift, steering error, or correlation; 0 for a dead network. */
  readonly worst: number;
  /** 0..1: how far and how long the measure was beyond its threshold; orders flags of one kind. */
  readonly severity: number;
}
