import type { ErrorReport } from '../../shared/errors.ts';
import type { Fit } from '../../shared/geometry.ts';
import type { PictureSource } from '../drive/source.ts';
import type { ImageFormat } from '../video/frame-source.ts';
import type { StreamExplainer, FrameExplanation } from './stream-explainer.ts';
import { moments } from './moments.ts';
import { SAME_TIME } from '../video/timestamps.ts';
import { withPullMeans } from './pull-means.ts';
import { PassCheck, type SeenBefore } from './pass-check.ts';

export interface AnalysisRequest {
  readonly drive: PictureSource;
  readonly explainer: StreamExplainer;
  /** Timestamps (s) of the frames that the recording's index lists. */
  readonly expected: Float64Array;
  /** Another pass has explained these, and this one goes on behind them; null: from the beginning. */
  readonly seen?: SeenBefore | null;
  /**
   * For whoever draws: rows bring masks and road regions too, and the frame itself in this format.
   */
  readonly picture?: ImageFormat;
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
  /** In the format that was asked for. */
  readonly picture: Uint8Array | null;
  /** What of that the frame fills. */
  readonly fit: Fit;
}

/**
 * Frames on their way through the workers: enough that none of them waits, few enough that memory
 * stays small.
 */
const FRAMES_PER_WORKER = 16;
/** Whole frames take megabytes each: so many of them, and no more than so many bytes, but two. */
const PICTURES_PER_WORKER = 4;
const PICTURE_BYTES = 100_000_000;

/**
 * Every frame of a recording, decoded and explained, in presentation order. Decoding runs ahead of
 * inference by a bounded number of frames, and waits for whoever takes the rows. A pass that breaks
 * off after its first frame gives the rows that there are, and `onEnd` the reason. Throws VIDEO_*,
 * FFMPEG_*, INFERENCE_FAILED.
 */
export function analyzeRecording(request: AnalysisRequest): AsyncGenerator<AnalysisRow> {
  const rows = explainedRows(request);
  return request.explainer.tellsPull ? withPullMeans(rows) : rows;
}

async function* explainedRows(request: AnalysisRequest): AsyncGenerator<AnalysisRow> {
  const { explainer, drive, expected, seen = null, picture: format, signal } = request;
  const stream = moments(drive, explainer, {
    images: format ? [...explainer.images, format] : explainer.images,
    ...(seen ? { from: justAfter(seen.last) } : {}),
    ...(signal ? { signal } : {}),
  });
  const check = new PassCheck(drive.path, expected, seen);
  const limit = framesInFlight(explainer.provider.workers, format);
  const waiting: Promise<AnalysisRow>[] = [];
  let frame = seen?.frames ?? 0;
  try {
    for await (const { pts, images: decoded, fit, past } of check.watched(stream)) {
      const number = frame++;
      const images = decoded.slice(0, explainer.images.length);
      const picture = decoded[images.length] ?? null;
      const row = explainer
        .explain(images, pts, { numbersOnly: !format, pull: true, past })
        .then((explanation) => ({ frame: number, pts, picture, fit, ...explanation }));
      // Its failure is met when its turn comes; until then it must not count as unhandled.
      row.catch(() => {});
      waiting.push(row);
      if (waiting.length >= limit) yield await waiting.shift()!;
    }
    for (const row of waiting) yield await row;
    request.onEnd({
      warnings: [...stream.warnings, ...check.warnings],
      shortfall: check.shortfall,
    });
  } finally {
    await stream.close();
  }
}

/** No other frame lies so near. */
function justAfter(time: number): number {
  return time + 2 * SAME_TIME;
}

function framesInFlight(workers: number, picture: ImageFormat | undefined): number {
  if (!picture) return workers * FRAMES_PER_WORKER;
  // Of `overlayPicture`: a byte and a half for each pixel.
  const fitting = Math.floor(PICTURE_BYTES / (1.5 * picture.width * picture.height));
  return Math.max(2, Math.min(workers * PICTURES_PER_WORKER, fitting));
}
