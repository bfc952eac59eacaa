import { nearest } from '../../shared/ascending.ts';
import type { PictureSource } from '../drive/source.ts';
import type { Fit } from '../../shared/geometry.ts';
import type { DisplayFormat, FrameIndex } from '../video/frame-source.ts';
import type { StreamExplainer, FrameExplanation } from './stream-explainer.ts';
import type { Moment } from './moments.ts';
import type { PlaybackPriority } from './playback-priority.ts';

export const DISPLAY: DisplayFormat = { maxWidth: 960, quality: 5 };

/** What all players of one recording with one network and the same methods share. */
export interface PlayableSource {
  readonly drive: PictureSource;
  readonly explainer: StreamExplainer;
  /** Replaced as a whole once decoding has made it exact. */
  readonly index: FrameIndex;
  readonly cache: FrameCache;
  readonly priority: PlaybackPriority;
}

/** One frame as it is shown. All buffers are shared and never written to. */
export interface RenderedFrame extends FrameExplanation {
  readonly pts: number;
  /** JPEG. */
  readonly picture: Uint8Array;
  readonly fit: Fit;
}

/** Explains a decoded frame (takes its images) and keeps the result in the source's cache. */
export async function renderFrame(
  source: PlayableSource,
  { pts, images, display, fit, past }: Moment,
): Promise<RenderedFrame> {
  if (!display) throw new Error('The frame was decoded without its display picture.');
  // Masks lie on the frame that they are of: at the drive's start that is the first one.
  const { shownBack } = source.explainer;
  const older = past.older[Math.min(shownBack, past.older.length) - 1];
  const frame = {
    pts,
    picture: older?.display ?? display,
    fit: older?.fit ?? fit,
    ...(await source.explainer.explain(images, pts, { urgent: true, past })),
  };
  source.cache.put(frame);
  return frame;
}

/** Position of the frame whose timestamp is nearest to `pts`. */
export function frameAt(index: FrameIndex, pts: number): number {
  return nearest(index.pts, pts);
}

/** Seconds until the frame after; for the last frame, the recording's average. */
export function frameDuration(index: FrameIndex, frame: number): number {
  const times = index.pts;
  const next = times[frame + 1];
  if (next !== undefined) return next - times[frame]!;
  return times.length > 1 ? (times.at(-1)! - times[0]!) / (times.length - 1) : 0.04;
}

/**
 * The frames shown last, by timestamp, up to so many bytes; the least recently used leaves first.
 */
export class FrameCache {
  readonly #capacity: number;
  readonly #frames = new Map<number, RenderedFrame>();
  #bytes = 0;

  constructor(capacityBytes: number) {
    this.#capacity = capacityBytes;
  }

  has(pts: number): boolean {
    return this.#frames.has(keyOf(pts));
  }

  get(pts: number): RenderedFrame | undefined {
    const key = keyOf(pts);
    const frame = this.#frames.get(key);
    if (frame) {
      this.#frames.delete(key);
      this.#frames.set(key, frame);
    }
    return frame;
  }

  put(frame: RenderedFrame): void {
    this.#remove(keyOf(frame.pts));
    this.#frames.set(keyOf(frame.pts), frame);
    this.#bytes += sizeOf(frame);
    for (const oldest of this.#frames.keys()) {
      if (this.#bytes <= this.#capacity) break;
      this.#remove(oldest);
    }
  }

  #remove(key: number): void {
    const frame = this.#frames.get(key);
    if (!frame) return;
    this.#frames.delete(key);
    this.#bytes -= sizeOf(frame);
  }
}

/**
 * Timestamps of one frame may differ in the last digits by the way they were computed; no two
 * frames are a microsecond apart.
 */
function keyOf(pts: number): number {
  return Math.round(pts * 1e6);
}

function sizeOf({ picture, masks, road }: RenderedFrame): number {
  return (
    picture.byteLength +
    masks.reduce((sum, mask) => sum + mask.byteLength, 0) +
    (road?.byteLength ?? 0)
  );
}
