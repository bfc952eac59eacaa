import { setImmediate as nextTurn } from 'node:timers/promises';
import { displayFilter, imageFilter } from './filters.ts';
import { startFfmpeg, type FfmpegEnd, type FfmpegProcess } from './ffmpeg-process.ts';
import type { DecodedFrame, DecodeRequest } from './frame-source.ts';
import { FrameSockets } from './frame-sockets.ts';
import { NutDemuxer, type NutPacket } from './nut-demuxer.ts';
import { fileUrl, LOCAL_ONLY, type ProbedVideo } from './probe.ts';
import { TimestampOffset } from './timestamps.ts';
import { SAME_TIME } from './seek-plan.ts';
import { findTools } from './tools.ts';

/** Frames that wait for the consumer before ffmpeg is made to wait. */
const QUEUE = 8;

interface Output {
  readonly demuxer: NutDemuxer;
  readonly packets: NutPacket[];
}

export interface DecodeRunOptions {
  readonly request: DecodeRequest;
  readonly video: ProbedVideo;
  /** `-ss`, seconds after the container's start; null: from the beginning. */
  readonly position: number | null;
  readonly line: (text: string) => void;
}

/** One ffmpeg that decodes once and writes each picture format as a stream of its own; frames are joined by timestamp. */
export class DecodeRun {
  readonly #outputs: readonly Output[];
  readonly #offset: TimestampOffset;
  readonly #images: number;
  readonly #ready: DecodedFrame[] = [];
  #sockets: FrameSockets | null = null;
  #process: FfmpegProcess | null = null;
  #open = 0;
  #over = false;
  #end: FfmpegEnd | null = null;
  #failure: Error | null = null;
  #paused = false;
  #wake: (() => void) | null = null;

  private constructor({ request, video }: DecodeRunOptions) {
    this.#images = request.images.length;
    this.#offset = new TimestampOffset(video);
    const count = request.images.length + (request.display ? 1 : 0);
    this.#outputs = Array.from({ length: count }, () => ({ demuxer: new NutDemuxer(), packets: [] }));
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

  async #start({ request, video, position, line }: DecodeRunOptions): Promise<void> {
    const tools = await findTools();
    this.#sockets = await FrameSockets.open(this.#outputs.length, {
      open: () => this.#open++,
      data: (index, chunk) => this.#take(index, chunk),
      close: () => {
        this.#open--;
        this.#settle();
      },
    });
    const seek = position === null ? [] : ['-ss', position.toFixed(6), '-noaccurate_seek'];
    const input = ['-hide_banner', '-nostdin', '-loglevel', 'repeat+level+warning', ...LOCAL_ONLY, '-copyts', ...seek] as const;
    // After a seek the first decoded frame is let through as well: it shows where decoding began.
    const skip = request.from === undefined ? [] : [`select='eq(n,0)+gte(t,${request.from - SAME_TIME})'`];
    const filters = request.images.map((format) => [imageFilter(format), 'rawvideo']);
    if (request.display) filters.push([displayFilter(video, request.display), 'mjpeg', '-q:v', String(request.display.quality), '-huffman', 'default']);
    const limit = request.frames === undefined ? [] : ['-frames:v', String(request.frames + 1)];
    const outputs = filters.map(([filter, ...codec], index) => ({
      url: this.#sockets!.urls[index]!,
      options: [
        '-map', '0:V:0', '-vf', [...skip, this.#offset.filter, filter].join(','), '-c:v', ...codec, ...limit,
        ...tools.passthrough, ...tools.fileTimeBase, '-map_metadata', '-1', '-flush_packets', '1', '-write_index', '0', '-f', 'nut',
      ] as [string, string, ...string[]],
    }));
    this.#process = await startFfmpeg([{ url: fileUrl(request.path), options: input }], outputs, line);
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
        if (this.#paused && this.#ready.length < QUEUE / 2) {
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

  #take(index: number, chunk: Uint8Array): void {
    if (this.#over) return;
    const { demuxer, packets } = this.#outputs[index]!;
    try {
      packets.push(...demuxer.push(chunk));
    } catch (error) {
      this.#failure = error as Error;
      this.#wakeUp();
      return;
    }
    this.#join();
    if (this.#ready.length >= QUEUE && !this.#paused) {
      this.#paused = true;
      this.#sockets?.pause();
    }
  }

  #join(): void {
    while (this.#outputs.every(({ packets }) => packets.length > 0)) {
      const times = this.#outputs.map(({ demuxer, packets }) => {
        const { stream, pts } = packets[0]!;
        return this.#offset.seconds(pts, demuxer.timeBaseOf(stream));
      });
      const pts = Math.max(...times);
      const behind = times.map((time) => pts - time > SAME_TIME);
      if (behind.includes(true)) {
        // A picture that one of the outputs does not have cannot become a frame.
        this.#outputs.forEach(({ packets }, index) => behind[index] && packets.shift());
        continue;
      }
      const payloads = this.#outputs.map(({ packets }) => packets.shift()!.payload);
      const display = payloads.length > this.#images ? payloads.pop()! : null;
      this.#ready.push({ pts: times[0]!, images: payloads, display });
      this.#wakeUp();
    }
  }
}
