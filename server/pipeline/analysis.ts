import { decodeVideo } from '../video/decoder.ts';
import type { FrameExplainer, FrameExplanation } from './frame-explainer.ts';

export interface AnalysisRequest {
  readonly videoPath: string;
  readonly explainer: FrameExplainer;
  /** Rows bring masks and road regions too, for whoever draws them. */
  readonly withMasks?: boolean;
  readonly signal?: AbortSignal;
  /** Told what ffmpeg warns of, when the last row is out. */
  readonly onWarnings?: (warnings: readonly string[]) => void;
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
 * frames, and waits for whoever takes the rows. Throws VIDEO_*, FFMPEG_*, INFERENCE_FAILED.
 */
export async function* analyzeRecording(request: AnalysisRequest): AsyncGenerator<AnalysisRow> {
  const { explainer, videoPath, withMasks = false, signal } = request;
  const stream = decodeVideo({ path: videoPath, images: explainer.images, ...(signal ? { signal } : {}) });
  const limit = explainer.provider.workers * FRAMES_PER_WORKER;
  const waiting: Promise<AnalysisRow>[] = [];
  let frame = 0;
  try {
    for await (const { pts, images } of stream) {
      const number = frame++;
      const row = explainer.explain(images, pts, { numbersOnly: !withMasks }).then((explanation) => ({ frame: number, pts, ...explanation }));
      // Its failure is met when its turn comes; until then it must not count as unhandled.
      row.catch(() => {});
      waiting.push(row);
      if (waiting.length >= limit) yield await waiting.shift()!;
    }
    for (const row of waiting) yield await row;
    request.onWarnings?.(stream.warnings);
  } finally {
    await stream.close();
  }
}
