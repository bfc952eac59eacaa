import type { AnalysisColumns } from '../../../shared/protocol/control-messages.ts';
import type { FrameNumbers } from '../../results/frame-numbers.ts';

/** Columns as rows. */
export function numbersOf({
  frame,
  pts,
  steering,
  driven,
  scores,
  agreement,
}: AnalysisColumns): FrameNumbers[] {
  return frame.map((number, row) => ({
    frame: number,
    pts: pts[row]!,
    steering: steering[row] ?? NaN,
    driven: driven[row] ?? NaN,
    scores: scores.map((score) => ({
      mass: score.mass[row] ?? 0,
      onRoad: score.onRoad[row]!,
      lift: score.lift[row]!,
      peakOnRoad: score.peakOnRoad[row]!,
      offRoadX: score.offRoadX[row]!,
      offRoadY: score.offRoadY[row]!,
    })),
    agreement: agreement && {
      spearman: agreement.spearman[row]!,
      ssim: agreement.ssim[row]!,
      topOverlap: agreement.topOverlap[row]!,
    },
  }));
}
