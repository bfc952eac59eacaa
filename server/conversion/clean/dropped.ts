import type { DropRange } from './ranges.ts';

/** Which frames of a recording are kept. */
export interface Cleaned {
  /** Seconds, of all frames. */
  readonly pts: Float64Array;
  /** 1: it is left out. */
  readonly isDropped: Uint8Array;
}

/** Frames that run on, both ends belong to them. */
export interface FrameRun {
  readonly startFrame: number;
  readonly endFrame: number;
  readonly startPts: number;
  readonly endPts: number;
}

/** Times are written with six decimals. */
const ROUNDING = 1e-6;

/** Frames at the times, or with the numbers, of any of the ranges. */
export function dropRanges(pts: Float64Array, ranges: readonly DropRange[]): Cleaned {
  const isDropped = new Uint8Array(pts.length);
  for (const { in: unit, from, to } of ranges)
    for (let frame = 0; frame < pts.length; frame++) {
      const place = unit === 'frames' ? frame : pts[frame]!;
      if (place >= from - ROUNDING && place <= to + ROUNDING) isDropped[frame] = 1;
    }
  return { pts, isDropped };
}

/** The frames that are left out, or those that are kept, as runs. */
export function runsOf({ pts, isDropped }: Cleaned, dropped: boolean): FrameRun[] {
  const runs: FrameRun[] = [];
  const wanted = Number(dropped);
  for (let start = 0; start < pts.length; start++) {
    if (isDropped[start] !== wanted) continue;
    let end = start;
    while (end + 1 < pts.length && isDropped[end + 1] === wanted) end++;
    runs.push({
      startFrame: start,
      endFrame: end,
      startPts: pts[start]!,
      endPts: pts[end]!,
    });
    start = end;
  }
  return runs;
}

export function droppedCount({ isDropped }: Cleaned): number {
  return isDropped.reduce((sum, each) => sum + each, 0);
}
