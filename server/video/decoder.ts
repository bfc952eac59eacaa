import { RoadgazeError } from '../../shared/errors.ts';
import { cropInFrame, isInside } from '../../shared/geometry.ts';
import { DecodeRun } from './decode-run.ts';
import type { DecodedFrame, DecodeRequest, FrameStream } from './frame-source.ts';
import { probeVideo, type ProbedVideo } from './probe.ts';
import { SAME_TIME, seekPlan } from './seek-plan.ts';
import { WarningList } from './warnings.ts';

/**
 * Decodes a recording; see FrameStream. One ffmpeg runs from the first frame asked for to the end of the loop.
 * A timestamp within a microsecond before `from` counts as `from`. Frames that the file gives no timestamp get the ticks
 * (1/time base) after the frame before them, or just before the file's start.
 * The loop throws INPUT_NOT_FOUND, INPUT_EMPTY, VIDEO_UNREADABLE, VIDEO_NO_PICTURE, CROP_OUTSIDE_FRAME, FFMPEG_MISSING,
 * FFMPEG_FAILED, or the signal's reason.
 */
export function decodeVideo(request: DecodeRequest): FrameStream {
  return new Decoding(request);
}

class Decoding implements FrameStream {
  readonly #request: DecodeRequest;
  readonly #warnings = new WarningList();
  #run: DecodeRun | null = null;
  #closed = false;
  #iterated = false;

  constructor(request: DecodeRequest) {
    this.#request = request;
  }

  get warnings(): readonly string[] {
    return this.#warnings.entries;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#run?.close();
  }

  [Symbol.asyncIterator](): AsyncGenerator<DecodedFrame, void, undefined> {
    if (this.#iterated) throw new Error('a FrameStream can be read once');
    this.#iterated = true;
    return this.#frames();
  }

  async *#frames(): AsyncGenerator<DecodedFrame, void, undefined> {
    const { signal, frames = Infinity } = this.#request;
    const stop = (): void => void this.close();
    signal?.throwIfAborted();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      let frame = await this.#first();
      let count = 0;
      while (frame && count < frames) {
        yield frame;
        count++;
        frame = count < frames ? await this.#run!.next() : null;
        signal?.throwIfAborted();
      }
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', stop);
      await this.close();
    }
  }

  /** Starts ffmpeg, further back where that is needed, and gives the first frame that was asked for. */
  async #first(): Promise<DecodedFrame | null> {
    const { path, from, images } = this.#request;
    const video = await probeVideo(path);
    for (const { crop } of images) if (crop && !isInside(cropInFrame(crop, video), video)) throw cropOutside(path, cropInFrame(crop, video), video);
    for (const position of seekPlan(video, from)) {
      if (this.#closed) return null;
      this.#run = await DecodeRun.start({ request: this.#request, video, position, line: (text) => this.#warnings.add(text) });
      if (this.#closed) await this.#run.close();
      let frame = await this.#run.next();
      if (position !== null && (!frame || frame.pts > from! + SAME_TIME)) {
        await this.#run.close();
        continue;
      }
      if (!frame && !this.#closed) throw this.#nothingDecoded(path);
      while (frame && from !== undefined && frame.pts < from - SAME_TIME) frame = await this.#run.next();
      return frame;
    }
    return null;
  }

  #nothingDecoded(path: string): RoadgazeError {
    const reason = this.#warnings.lastError || this.#run?.end?.reason;
    return new RoadgazeError('VIDEO_UNREADABLE', `No frame of ${path} can be decoded${reason ? `: ${reason}` : ''}.`, 'Check that it is a complete video file; `ffprobe` on it tells more.');
  }
}

function cropOutside(path: string, crop: { x: number; y: number; width: number; height: number }, { width, height }: ProbedVideo): RoadgazeError {
  return new RoadgazeError(
    'CROP_OUTSIDE_FRAME',
    `The crop of ${crop.width}×${crop.height} at ${crop.x},${crop.y} does not lie inside the ${width}×${height} frames of ${path}.`,
    'Correct `input.crop` of the model sidecar.',
  );
}
