import type { ErrorReport } from '../../shared/errors.ts';
import { decodeVideo } from '../video/decoder.ts';
import type { FrameExplainer, FrameExplanation } from './frame-explainer.ts';
import { PassCheck } from './pass-check.ts';

export interface AnalysisRequest {
  readonly videoPath: string;
  readonly explainer: FrameExplainer;
  /** Timestamps (s) of the frames that the recording's index lists. */
  readonly expected: Float64Array;
  /** Rows bring masks and road regions too, for whoever draws them. */
  readonly withMasks?: boolean;
  readonly signal?: AbortSignal;
  /** Called when the last row is out. */
  readonly onEnd: (end: AnalysisEnd) => void;
}

/** How a pass over a recording ended. */
export interface AnalysisEnd {
  /** What ffmpeg warns of, and frames of the index that gave no picture. */
  readonly warnings: readonly string[];
  /** Why the rows are of a part of the recording only; null: of all of it. */
  readonly shortfall: ErrorReport | null;
}

/** One frame of a recording and all that was found in it. */
export interface AnalysisRow extends FrameExplanation {
  /** Counts decoded frames from 0. */
  readonly frame: number;
  /** Presentation timestamp in seconds, exactly as the file has it. */
  readonly pts: number;
}

/** Frames on their way through the workers: enough that none of them waits, few enough that memory stays small. */
const FRAMES_PER_WORKER = 16;

/**
 * Every frame of a recording, decoded and explained, in presentation order. Decoding runs ahead of inference by a bounded number of
 * frames, and waits for whoever takes the rows. A pass that breaks off after its first frame gives the rows that there are, and `onEnd` the
 * reason. Throws VIDEO_*, FFMPEG_*, INFERENCE_FAILED.
 */
export async function* analyzeRecording(request: AnalysisRequest): AsyncGenerator<AnalysisRow> {
  const { explainer, videoPath, expected, withMasks = false, signal } = request;
  const stream = decodeVideo({ path: videoPath, images: explainer.images, ...(signal ? { signal } : {}) });
  const check = new PassCheck(videoPath, expected);
  const limit = explainer.provider.workers * FRAMES_PER_WORKER;
  const waiting: Promise<AnalysisRow>[] = [];
  let frame = 0;
  try {
    for await (const { pts, images } of check.watched(stream)) {
      const number = frame++;
      const row = explainer.explain(images, pts, { numbersOnly: !withMasks }).then((explanation) => ({ frame: number, pts, ...explanation }));
      // Its failure is met when its turn comes; until then it must not count as unhandled.
      row.catch(() => {});
      waiting.push(row);
      if (waiting.length >= limit) yield await waiting.shift()!;
    }
    for (const row of waiting) yield await row;
    request.onEnd({ warnings: [...stream.warnings, ...check.warnings], shortfall: check.shortfall });
  } finally {
    await stream.close();
  }
}
