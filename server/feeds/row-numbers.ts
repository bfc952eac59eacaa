import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';
import { frameOf } from '../../shared/protocol/columns.ts';
import type { FrameNumbers } from '../results/frame-numbers.ts';

/** Columns as rows. */
export function numbersOf(columns: AnalysisColumns): FrameNumbers[] {
  return columns.frame.map((frame, row) => ({
    frame,
    pts: columns.pts[row]!,
    ...frameOf(columns, row),
  }));
}
