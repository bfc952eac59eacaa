import { RoadgazeError } from '../../shared/errors.ts';
import { cropInFrame, isInside, type Size } from '../../shared/geometry.ts';
import { DecodeRun } from './decode-run.ts';
import type { DecodeSource } from './decode-source.ts';
import type { FfmpegEnd } from './ffmpeg-process.ts';
import type { DecodedFrame, FramesRequest, FrameStream } from './frame-source.ts';
import { becameTooLarge, refusedSize } from './picture-size.ts';
import { SizeChanges } from './size-changes.ts';
import { SAME_TIME } from './timestamps.ts';
import { WarningList } from './warnings.ts';

/** Decodes a source; see FrameStream. */
export class Decoding implements FrameStream {
  readonly #source: DecodeSource;
  readonly #request: FramesRequest;
  readonly #warnings = new WarningList();
  #run: Promise<DecodeRun> | null = null;
  readonly #sizes = new SizeChanges((sentence) => this.#warnings.addOwn(sentence));
  #closed = false;
  /** A picture that was too large to be decoded. */
  #refused: Size | null = null;
  #iterated = false;

  constructor(source: DecodeSource, request: FramesRequest) {
    if (request.images.length === 0 && !request.display)
      throw new Error('frames were asked for, but no picture of them');
    this.#source = source;
    this.#request = request;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings.entries, ...this.#source.warnings];
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
    const { from = -Infinity, images } = this.#request;
    const source = this.#source;
    const { name } = source;
    const version = await source.version();
    const video = await source.probe();
    for (const { crop } of images)
      if (crop && !isInside(cropInFrame(crop, video), video))
        throw cropOutside(name, cropInFrame(crop, video), video);
    const beginnings = await source.beginnings(video, from);
    let isLimited = true;
    let given = 0;
    for (let at = 0; at < beginnings.length; at++) {
      const beginning = beginnings[at]!;
      if (this.#closed) return;
      const input = beginning.open();
      this.#run = DecodeRun.start({
        request: this.#request,
        isLimited,
        video,
        input,
        line: (text) => this.#line(text, input.tellsTimes ? input.origin : NaN),
      });
      const run = await this.#run;
      const first = await run.next();
      if (beginning !== beginnings.at(-1) && (!first || first.pts > from + SAME_TIME)) {
        await run.close();
        continue;
      }
      if (!first && this.#refused && !this.#closed)
        throw becameTooLarge(name, this.#refused, video);
      if (!first && !this.#closed) throw this.#nothingDecoded(run);
      let early = 0;
      let known = given;
      for await (const frame of beginning.timed(following(first, run))) {
        if (frame.pts < from - SAME_TIME) early++;
        else if (known > 0) known--;
        else {
          given++;
          yield frame;
        }
      }
      if (this.#closed) return;
      // Where pictures change their size one more comes early, in the place of one that is wanted.
      if (isLimited && early > 1 && given < (this.#request.frames ?? 0)) {
        isLimited = false;
        at--;
        await run.close();
        continue;
      }
      if (this.#refused) throw becameTooLarge(name, this.#refused, video);
      if (run.end && !run.end.success) this.#endedBadly(run.end);
      if (isWholePass(this.#request) && (await source.version().catch(() => null)) !== version)
        throw changed(name);
      return;
    }
  }

  #line(text: string, origin: number): void {
    if (this.#sizes.take(text, origin)) return;
    this.#refused ??= refusedSize(text);
    this.#warnings.add(text);
  }

  #endedBadly(end: FfmpegEnd): void {
    if (end.interrupted) throw interrupted(this.#source.name, end);
    this.#warnings.addOwn(end.reason);
  }

  #nothingDecoded(run: DecodeRun): RoadgazeError {
    const { name, advice } = this.#source;
    if (run.end?.interrupted) return interrupted(name, run.end);
    const reason = this.#warnings.lastError || run.end?.reason;
    return new RoadgazeError(
      'VIDEO_UNREADABLE',
      `No frame of ${name} can be decoded${reason ? `: ${reason}` : ''}.`,
      advice,
    );
  }
}

async function* following(
  first: DecodedFrame | null,
  run: DecodeRun,
): AsyncGenerator<DecodedFrame, void, undefined> {
  for (let frame = first; frame; frame = await run.next()) yield frame;
}

function isWholePass({ from, frames }: FramesRequest): boolean {
  return from === undefined && frames === undefined;
}

/** A program that was stopped from outside says nothing about the file. */
function interrupted(name: string, { reason }: FfmpegEnd): RoadgazeError {
  return new RoadgazeError(
    'FFMPEG_FAILED',
    `ffmpeg was stopped while it decoded ${name}: ${reason.split('\n', 1)[0]}.`,
    'Check that enough memory is free, and try again.',
  );
}

function changed(name: string): RoadgazeError {
  return new RoadgazeError(
    'VIDEO_INCOMPLETE',
    `${name} has changed while it was decoded.`,
    'Try again when nothing writes to it any more.',
  );
}

function cropOutside(
  name: string,
  crop: { x: number; y: number; width: number; height: number },
  { width, height }: Size,
): RoadgazeError {
  return new RoadgazeError(
    'CROP_OUTSIDE_FRAME',
    `The crop of ${crop.width}×${crop.height} at ${crop.x},${crop.y} does not lie inside the ${width}×${height} frames of ${name}.`,
    'Correct `input.crop` of the model sidecar.',
  );
}
