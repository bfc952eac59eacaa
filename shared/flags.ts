import type { Rectangle } from './geometry.ts';

export type FlagKind =
  /** Attention leaves the road. */
  | 'off-road'
  /**
   * The steering is far from the driver's while attention is on the road: looks right, steers
   * wrong.
   */
  | 'steers-wrong'
  /** What is looked at off the road moves the steering. */
  | 'pull'
  /**
   * The explanation is empty: the network is dead on these frames. Not found by methods that are
   * empty for other reasons too.
   */
  | 'dead'
  /** The two compared methods disagree. */
  | 'disagreement';

/**
 * When frames are flagged. Thresholds begin a flag and, with some distance (hysteresis), end it.
 */
export interface FlagSettings {
  /**
   * What the off-road flag looks at: the on-road share (0..1), or lift (1: as chance has it), of
   * the first method.
   */
  readonly measure: 'share' | 'lift';
  /** It begins when the measure falls below this … */
  readonly enterBelow: number;
  /** … and ends when it is at or above this; at least `enterBelow`. */
  readonly leaveAbove: number;
  /** Flags of any kind that last less are dropped … */
  readonly minimumSeconds: number;
  /** … after those of a kind that lie no further apart were joined. */
  readonly mergeSeconds: number;
  /**
   * Steers wrong: size of network's steering less the driver's above this, in degrees at the wheel
   * or, where the output is no angle, in its own unit. Null: not flagged.
   */
  readonly errorAbove: number | null;
  /** Disagreement: Spearman's correlation below this. Null: not flagged. */
  readonly agreementBelow: number | null;
  /**
   * Pull: above this, in degrees at the wheel or, where the output is no angle, in its own unit.
   * Null, or left out: not flagged.
   */
  readonly pullAbove?: number | null | undefined;
}

/** What the tuning drives of `npm run bench:flags` say is best for VisualBackProp. */
export const DEFAULT_FLAG_SETTINGS: FlagSettings = {
  measure: 'share',
  enterBelow: 0.45,
  leaveAbove: 0.5,
  minimumSeconds: 1,
  mergeSeconds: 0,
  errorAbove: null,
  agreementBelow: null,
};

/** Flags need the pull of every frame, which takes time. */
export function goesByPull({ pullAbove }: FlagSettings): boolean {
  return typeof pullAbove === 'number';
}

/**
 * What was drawn to mislead counts as the cause of a frame's steering where leaving it out moves
 * the wheel by more than this, in degrees. Above the most that the boards of the shipped drive, and
 * what the coder does differently without them, move the honest network (2.9°; 99 % of its frames
 * 1.3°); a fifth of what they move the shortcut network there on average (14°).
 */
export const CAUSE_DEGREES = 3;

/**
 * What stands in for a region: the surroundings continued into it (Telea 2004), a blur of them, or
 * the mean colour of the rest of the picture.
 */
export type Fill = 'inpaint' | 'blur' | 'mean';

/**
 * What the causal check found on the frames of a flag that it tried: would the network have steered
 * otherwise without what it looked at?
 */
export interface CausalCheck {
  readonly fill: Fill;
  /**
   * What was replaced on the frame to look at first, in pixels of the video's frame: the smallest
   * rectangle around it.
   */
  readonly region: Rectangle;
  /**
   * Steering with the region replaced less the steering as it was, in the output's unit: the median
   * of the frames that it moved, of a flag that is not confirmed of all.
   */
  readonly change: number;
  /** The same in degrees at the wheel; null where the output is no angle. */
  readonly changeDegrees: number | null;
  /**
   * Size of the change where the same shape elsewhere was replaced, in the output's unit: what a
   * cover does by itself. Null where it fits nowhere else.
   */
  readonly control: number | null;
  /** Whether the size of the change is above the threshold on a quarter of the frames or more. */
  readonly isConfirmed: boolean;
  /** In the output's unit. */
  readonly threshold: number;
  /** Frames that were tried … */
  readonly frames: number;
  /** … and those on which the size of the change was above the threshold. */
  readonly movedFrames: number;
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
  /**
   * The measure there: share, lift, steering error (as `errorAbove`), pull (as `pullAbove`), or
   * correlation; 0 for a dead network.
   */
  readonly worst: number;
  /**
   * 0..1: mean over the flagged frames of how far the measure was beyond the threshold that begins
   * the flag, as a part of how far it could be (of a steering error: 1 is twice the limit); 1 for a
   * dead network. Orders flags of one kind.
   */
  readonly severity: number;
}
