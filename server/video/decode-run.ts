import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RoadgazeError } from '../../shared/errors.ts';
import { WHOLE_FRAME } from '../../shared/geometry.ts';
import type { DecodeInput } from './decode-source.ts';
import { fitFilter, readFit } from './fit.ts';
import { displayFilter, imageFilter, selectFilter } from './filters.ts';
import { startFfmpeg, type FfmpegEnd, type FfmpegProcess } from './ffmpeg-process.ts';
import type { DecodedFrame, FramesRequest } from './frame-source.ts';
import { FrameSockets } from './frame-sockets.ts';
import { NutDemuxer } from './nut-demuxer.ts';
import { decoderLimits } from './picture-size.ts';
import type { ProbedVideo } from './probe.ts';
import { SIZE_TELLER } from './size-changes.ts';
import { SAME_TIME, TimestampCarrier } from './timestamps.ts';
import { findTools } from './tools.ts';

/**
 * Frames that wait for the consumer before ffmpeg is made to wait: so many, of large ones fewer,
 * but two.
 */
const QUEUE = 8;
const QUEUED_PIXELS = 36_000_000;

/**
 * On few cores decoding keeps all of them busy, and scaling one frame on several costs more than it
 * brings.
 */
const FILTER_THREADS = availableParallelism() <= 4 ? ['-filter_threads', '1'] : [];
/**
 * While inference shares the cores, a decoder with frames to spare waits less: three threads a core
 * are faster by a twentieth. They delay the first frame, so a viewer gets ffmpeg's own choice.
 */
const DECODER_THREADS = 3 * availableParallelism();

interface Picture {
  readonly pts: number;
  readonly bytes: Uint8Array;
}

interface Output {
  readonly demuxer: NutDemuxer;
  readonly pictures: Picture[];
  /** Pictures so far. */
  count: number;
  /** Its times say nothing: its pictures come in the order of the others. */
  isOrderedOnly: boolean;
  /** Presentation time of the next one. */
  readonly time: (seconds: number) => number;
}

export interface DecodeRunOptions {
  readonly request: FramesRequest;
  /** Whether ffmpeg ends after `frames` of the request and an early one; otherwise it goes on. */
  readonly isLimited: boolean;
  readonly video: ProbedVideo;
  readonly input: DecodeInput;
  readonly line: (text: string) => void;
}

/**
 * One ffmpeg that decodes once and writes each picture format as a stream of its own; frames are
 * joined by timestamp.
 */
export class DecodeRun {
  readonly #input: DecodeInput;
  readonly #outputs: readonly Output[];
  readonly #carrier: TimestampCarrier;
  readonly #hasDisplay: boolean;
  readonly #tellsFit: boolean;
  readonly #queue: number;
  readonly #ready: DecodedFrame[] = [];
  #sockets: FrameSockets | null = null;
  #process: FfmpegProcess | null = null;
  #open = 0;
  #over = false;
  #end: FfmpegEnd | null = null;
  #failure: Error | null = null;
  #paused = false;
  #wake: (() => void) | null = null;

  private constructor({ request, video, input }: DecodeRunOptions) {
    this.#input = input;
    this.#hasDisplay = request.display !== undefined;
    this.#tellsFit = this.#hasDisplay || request.images.some(({ keepsShape }) => keepsShape);
    this.#queue = Math.max(2, Math.min(QUEUE, Math.floor(QUEUED_PIXELS / handedOver(request))));
    this.#carrier = new TimestampCarrier(video, input.disorder);
    const count = request.images.length + Number(this.#hasDisplay) + Number(this.#tellsFit);
    this.#outputs = Array.from({ length: count }, () => ({
      demuxer: new NutDemuxer(),
      pictures: [],
      count: 0,
      isOrderedOnly: false,
      time: input.times(),
    }));
  }

  /** Throws FFMPEG_MISSING. */
  static async start(options: DecodeRunOptions): Promise<DecodeRun> {
    const run = new DecodeRun(options);
    try {
      await run.#start(options);
      return run;
    } catch (error) {
      await run.close();
      throw error;
    }
  }

  async #start({ request, isLimited, video, input, line }: DecodeRunOptions): Promise<void> {
    // Whoever made the stream says what is wrong with it.
    if (typeof input.url !== 'string') input.url.on('error', (cause) => this.#stopBy(cause));
    const tools = await findTools();
    this.#sockets = await FrameSockets.open(this.#outputs.length, {
      open: () => this.#open++,
      data: (index, chunk) => this.#take(index, chunk),
      close: () => {
        this.#open--;
        this.#settle();
      },
      failed: (cause) => this.#fail(cause),
    });
    const isWholeFile = request.from === undefined && !request.display;
    const options = [
      '-hide_banner',
      '-nostdin',
      '-loglevel',
      'repeat+level+warning',
      ...FILTER_THREADS,
      ...decoderLimits(video, isWholeFile ? DECODER_THREADS : null, handedOver(request)),
      '-copyts',
      ...input.options,
    ] as const;
    // Times that ffmpeg makes up, or that come twice, say nothing about which frames are meant.
    const guessing = input.disorder > 0;
    const from = request.from === undefined ? undefined : request.from - input.origin;
    const select = guessing ? [] : selectFilter({ ...request, from });
    const filters = request.images.map((format) => [imageFilter(format), 'rawvideo']);
    const display = request.display ? filters.length : null;
    if (request.display)
      filters.push([
        displayFilter(video, request.display),
        'mjpeg',
        '-q:v',
        String(request.display.quality),
        '-huffman',
        'default',
      ]);
    if (this.#tellsFit) filters.push([fitFilter(video), 'rawvideo']);
    const tellsSizes = request.from === undefined && request.frames === undefined;
    const limit =
      request.frames === undefined || guessing || !isLimited
        ? []
        : ['-frames:v', String(request.frames + 1)];
    const carrier = this.#carrier.through(tools);
    const { ordering } = carrier;
    if (ordering !== null && display !== null) this.#outputs[display]!.isOrderedOnly = true;
    const outputs = filters.map(([filter, ...codec], index) => ({
      url: this.#sockets!.urls[index]!,
      options: [
        '-map',
        '0:V:0',
        '-vf',
        [
          ...(tellsSizes && index === 0 ? [SIZE_TELLER] : []),
          ...select,
          this.#outputs[index]!.isOrderedOnly ? ordering : carrier.filter,
          filter,
        ].join(','),
        '-c:v',
        ...codec,
        ...limit,
        ...(this.#outputs[index]!.isOrderedOnly ? [] : carrier.options),
        ...tools.passthrough,
        ...tools.fileTimeBase,
        '-map_metadata',
        '-1',
        '-flush_packets',
        '1',
        '-write_index',
        '0',
        '-f',
        'nut',
      ] as [string, string, ...string[]],
    }));
    this.#process = await startFfmpeg(
      [{ url: input.url, options }],
      outputs,
      (text) => this.#line(text, line),
      { inBackground: isWholeFile },
    );
    void this.#process.ended.then(async (end) => {
      // A connection that ffmpeg made just before it ended is accepted in the next turn.
      await nextTurn();
      await nextTurn();
      this.#end = end;
      this.#settle();
    });
  }

  /** In presentation order; null after the last one. */
  async next(): Promise<DecodedFrame | null> {
    for (;;) {
      const frame = this.#ready.shift();
      if (frame) {
        if (this.#paused && this.#ready.length < this.#queue / 2) {
          this.#paused = false;
          this.#sockets?.resume();
        }
        return frame;
      }
      if (this.#failure) throw this.#failure;
      if (this.#over) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** How ffmpeg ended; null before `next` gave null, and when it was stopped from here. */
  get end(): FfmpegEnd | null {
    return this.#end;
  }

  /** Stops ffmpeg and waits until it is gone. Frames that were not taken are lost. */
  async close(): Promise<void> {
    this.#over = true;
    this.#ready.length = 0;
    this.#wakeUp();
    if (typeof this.#input.url !== 'string') this.#input.url.destroy();
    this.#process?.kill();
    await this.#sockets?.close();
    await this.#process?.ended;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #settle(): void {
    if (this.#end === null || this.#open > 0) return;
    this.#over = true;
    this.#wakeUp();
  }

  #line(text: string, line: (text: string) => void): void {
    line(text);
    // Node closes at once, and without a word, what it has no descriptor for.
    if (!this.#over && /Broken pipe|Connection reset by peer/.test(text))
      this.#fail(Object.assign(new Error(text), { code: 'EMFILE' }));
  }

  #fail(cause: Error): void {
    this.#failure ??= new RoadgazeError(
      'FFMPEG_FAILED',
      'What ffmpeg decodes cannot be received.',
      'Try again.',
      { cause },
    );
    this.#wakeUp();
  }

  #stopBy(cause: Error): void {
    if (this.#over) return;
    this.#failure ??= cause;
    this.#wakeUp();
  }

  #take(index: number, chunk: Uint8Array): void {
    if (this.#over) return;
    const output = this.#outputs[index]!;
    try {
      for (const { stream, pts, payload } of output.demuxer.push(chunk)) {
        if (output.isOrderedOnly) {
          output.pictures.push({ pts: NaN, bytes: payload });
          continue;
        }
        const seconds = this.#carrier.seconds(
          pts,
          output.count++,
          output.demuxer.timeBaseOf(stream),
        );
        output.pictures.push({ pts: output.time(seconds), bytes: payload });
      }
    } catch (error) {
      this.#failure = new RoadgazeError(
        'FFMPEG_FAILED',
        'What ffmpeg handed over cannot be understood.',
        'Run `roadgaze doctor`: another ffmpeg may help.',
        { cause: error },
      );
      this.#wakeUp();
      return;
    }
    this.#join();
    if (this.#ready.length >= this.#queue && !this.#paused) {
      this.#paused = true;
      this.#sockets?.pause();
    }
  }

  #join(): void {
    while (this.#outputs.every(({ pictures }) => pictures.length > 0)) {
      const pts = Math.max(
        ...this.#outputs.flatMap(({ isOrderedOnly, pictures }) =>
          isOrderedOnly ? [] : pictures[0]!.pts,
        ),
      );
      const behind = this.#outputs.filter(({ pictures }) => pts - pictures[0]!.pts > SAME_TIME);
      if (behind.length > 0) {
        // A picture that one of the outputs does not have cannot become a frame.
        for (const { pictures } of behind) pictures.shift();
        continue;
      }
      const images = this.#outputs.map(({ pictures }) => pictures.shift()!.bytes);
      const fit = this.#tellsFit ? readFit(images.pop()!) : WHOLE_FRAME;
      const display = this.#hasDisplay ? images.pop()! : null;
      this.#ready.push({ pts, images, display, fit });
      this.#wakeUp();
    }
  }
}

/** Pixels of all images that are made of one frame. */
function handedOver({ images }: FramesRequest): number {
  return images.reduce((pixels, { width, height }) => pixels + width * height, 0);
}
