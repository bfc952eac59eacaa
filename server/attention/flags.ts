import type { Flag, FlagSettings } from '../../shared/protocol/control-messages.ts';

export const DEFAULT_FLAG_SETTINGS: FlagSettings = { enterBelow: 0.5, leaveAbove: 0.6, minimumSeconds: 0.3 };

/** What flags are found in: rows in presentation order; `onRoad` 0..1, NaN where it is not known. */
export interface ScoredFrames {
  readonly pts: ArrayLike<number>;
  readonly onRoad: ArrayLike<number>;
}

interface Run {
  readonly start: number;
  last: number;
  worst: number;
}

/**
 * Runs of frames in which attention leaves the road: a run begins at a frame whose on-road share is below `enterBelow`, and ends before the first
 * one at or above `leaveAbove` (hysteresis, so that a share that wavers around one value is one flag). It is a flag where it lasts at
 * least `minimumSeconds`, from its first frame to the frame after its last. A frame of unknown share neither begins nor ends a run.
 */
export function findFlags({ pts, onRoad }: ScoredFrames, settings: FlagSettings): Flag[] {
  const flags: Flag[] = [];
  let run: Run | null = null;
  const finish = (next: number): void => {
    if (run && endOf(pts, run.last, next) - pts[run.start]! >= settings.minimumSeconds - TOLERANCE) flags.push(flagOf({ pts, onRoad }, run));
    run = null;
  };
  for (let frame = 0; frame < pts.length; frame++) {
    const share = onRoad[frame]!;
    if (Number.isNaN(share)) continue;
    if (run && share >= settings.leaveAbove) finish(run.last + 1);
    else if (run) {
      run.last = frame;
      if (share < onRoad[run.worst]!) run.worst = frame;
    } else if (share < settings.enterBelow) run = { start: frame, last: frame, worst: frame };
  }
  finish(pts.length);
  return flags;
}

/** Timestamps are decimal fractions in binary: 0.3 s of frames may come out as 0.29999. */
const TOLERANCE = 1e-6;

/** When the last frame of a run stops being shown: at the next frame; for the last of all, after as long as the one before. */
function endOf(pts: ArrayLike<number>, last: number, next: number): number {
  if (next < pts.length) return pts[next]!;
  return last > 0 ? 2 * pts[last]! - pts[last - 1]! : pts[last]!;
}

function flagOf({ pts, onRoad }: ScoredFrames, { start, last, worst }: Run): Flag {
  return {
    kind: 'off-road', startFrame: start, endFrame: last, startPts: pts[start]!, endPts: pts[last]!,
    worstFrame: worst, worstPts: pts[worst]!, worstOnRoad: onRoad[worst]!,
  };
}
