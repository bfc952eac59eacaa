import { RoadgazeError } from '../../shared/errors.ts';
import { cropInFrame, isInside, type Size } from '../../shared/geometry.ts';
import { DecodeRun } from './decode-run.ts';
import type { FfmpegEnd } from './ffmpeg-process.ts';
import type { DecodedFrame, DecodeRequest, FrameStream } from './frame-source.ts';
import { partSeekPlan } from './clock-parts.ts';
import { readClockParts } from './frame-index.ts';
import { becameTooLarge, refusedSize } from './picture-size.ts';
import { fileVersion, probeVideo, type ProbedVideo } from './probe.ts';
import { seekPlan } from './seek-plan.ts';
import { SizeChanges } from './size-changes.ts';
import { SAME_TIME } from './timestamps.ts';
import { timeStart } from './untimed-start.ts';
import { WarningList } from './warnings.ts';

/**
 * Decodes a recording; see FrameStream. One ffmpeg runs from the first frame asked for to the end
 * of the loop. A timestamp within a microsecond before `from` counts as `from`. Frames that the
 * file gives no timestamp get the ticks (1/time base) after the frame before them, or just before
 * the file's start. The loop throws INPUT_NOT_FOUND, INPUT_EMPTY, VIDEO_UNREADABLE,
 * VIDEO_NO_PICTURE, VIDEO_TOO_LARGE, CROP_OUTSIDE_FRAME, FFMPEG_MISSING, FFMPEG_FAILED, or the
 * signal's reason; after the frames that there were, FFMPEG_FAILED where ffmpeg was stopped from
 * outside, and, of a pass over the whole file, VIDEO_INCOMPLETE where the file has changed
 * meanwhile.
 */
export function decodeVideo(request: DecodeRequest): FrameStream {
  return new Decoding(request);
}

class Decoding implements FrameStream {
  readonly #request: DecodeRequest;
  readonly #warnings = new WarningList();
  #run: Promise<DecodeRun> | null = null;
  readonly #sizes = new SizeChanges((sentence) => this.#warnings.addOwn(sentence));
  #closed = false;
  /** A picture that was too large to be decoded. */
  #refused: Size | null = null;
  #iterated = false;

  constructor(request: DecodeRequest) {
    this.#request = request;
  }

  get warnings(): readonly string[] {
    return this.#warnings.entries;
  }

  async close(): Promise<void> {
    this.#closed = true;
    // What could not be started is reported by the loop.
    const run = await this.#run?.catch(() => null);
    await run?.close();
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
      let count = 0;
      for await (const frame of this.#all()) {
        signal?.throwIfAborted();
        yield frame;
        if (++count >= frames) break;
      }
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', stop);
      await this.close();
    }
  }

  /**
   * From the first frame asked for on. Starts ffmpeg, further back where that turns out to be
   * needed.
   */
  async *#all(): AsyncGenerator<DecodedFrame, void, undefined> {
    const { path, from = -Infinity, images } = this.#request;
    const version = await fileVersion(path);
    const video = await probeVideo(path);
    for (const { crop } of images)
      if (crop && !isInside(cropInFrame(crop, video), video))
        throw cropOutside(path, cropInFrame(crop, video), video);
    const parts = await readClockParts(video);
    for (const start of parts ? partSeekPlan(parts, from) : seekPlan(video, from)) {
      if (this.#closed) return;
      this.#run = DecodeRun.start({
        request: this.#request,
        video,
        start,
        parts,
        line: (text) => this.#line(text),
      });
      const run = await this.#run;
      const first = await run.next();
      if (start !== null && (!first || first.pts > from + SAME_TIME)) {
        await run.close();
        continue;
      }
      if (!first && this.#refused && !this.#closed)
        throw becameTooLarge(path, this.#refused, video);
      if (!first && !this.#closed) throw this.#nothingDecoded(path, run);
      const frames = following(first, run);
      for await (const frame of video.untimedStart && start === null && !parts
        ? timeStart(frames, video.averageFrameRate)
        : frames) {
        if (frame.pts >= from - SAME_TIME) yield frame;
      }
      if (this.#closed) return;
      if (this.#refused) throw becameTooLarge(path, this.#refused, video);
      if (run.end && !run.end.success) this.#endedBadly(path, run.end);
      if (isWholePass(this.#request) && (await fileVersion(path).catch(() => null)) !== version)
        throw changed(path);
      return;
    }
  }

  #line(text: string): void {
    if (this.#sizes.take(text)) return;
    this.#refused ??= refusedSize(text);
    this.#warnings.add(text);
  }

  #endedBadly(path: string, end: FfmpegEnd): void {
    if (end.interrupted) throw interrupted(path, end);
    this.#warnings.addOwn(end.reason);
  }

  #nothingDecoded(path: string, run: DecodeRun): RoadgazeError {
    if (run.end?.interrupted) return interrupted(path, run.end);
    const reason = this.#warnings.lastError || run.end?.reason;
    return new RoadgazeError(
      'VIDEO_UNREADABLE',
      `No frame of ${path} can be decoded${reason ? `: ${reason}` : ''}.`,
      'Check that it is a complete video file; `ffprobe` on it tells more.',
    );
  }
}

async function* following(
  first: DecodedFrame | null,
  run: DecodeRun,
): AsyncGenerator<DecodedFrame, void, undefined> {
  for (let frame = first; frame; frame = await run.next()) yield frame;
}

function isWholePass({ from, frames }: DecodeRequest): boolean {
  return from === undefined && frames === undefined;
}

/** A program that was stopped from outside says nothing about the file. */
function interrupted(path: string, { reason }: FfmpegEnd): RoadgazeError {
  return new RoadgazeError(
    'FFMPEG_FAILED',
    `ffmpeg was stopped while it decoded ${path}: ${reason.split('\n', 1)[0]}.`,
    'Check that enough memory is free, and try again.',
  );
}

function changed(path: string): RoadgazeError {
  return new RoadgazeError(
    'VIDEO_INCOMPLETE',
    `${path} has changed while it was decoded.`,
    'Try again when nothing writes to it any more.',
  );
}

function cropOutside(
  path: string,
  crop: { x: number; y: number; width: number; height: number },
  { width, height }: ProbedVideo,
): RoadgazeError {
  return new RoadgazeError(
    'CROP_OUTSIDE_FRAME',
    `The crop of ${crop.width}×${crop.height} at ${crop.x},${crop.y} does not lie inside the ${width}×${height} frames of ${path}.`,
    'Correct `input.crop` of the model sidecar.',
  );
}
