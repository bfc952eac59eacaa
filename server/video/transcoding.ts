import type { Readable } from 'node:stream';
import { RoadgazeError } from '../../shared/errors.ts';
import { notWritableBy } from '../files/not-writable.ts';
import { startFfmpeg, type FfmpegFile, type FfmpegProcess } from './ffmpeg-process.ts';
import { WarningList } from './warnings.ts';

/** What precedes `-i` of a stream that we write as NUT. */
export const NUT_INPUT = [
  '-hide_banner',
  '-nostdin',
  '-y',
  '-loglevel',
  'repeat+level+warning',
  '-copyts',
  '-probesize',
  '32',
  '-analyzeduration',
  '0',
  '-f',
  'nut',
] as const;

export interface TranscodingRequest {
  /** What becomes of it, for messages. */
  readonly name: string;
  readonly input: FfmpegFile<string | Readable>;
  /** `pipe:1`: it is read from `output`. */
  readonly output: FfmpegFile;
  readonly signal?: AbortSignal | undefined;
}

/** One run of ffmpeg that writes video, out of a file or a stream of ours. */
export class Transcoding {
  readonly #request: TranscodingRequest;
  readonly #process: FfmpegProcess;
  readonly #warnings: WarningList;
  readonly #failed: AbortController;
  readonly #stop: () => void;
  #isRunning = true;

  private constructor(
    request: TranscodingRequest,
    run: FfmpegProcess,
    warnings: WarningList,
    failed: AbortController,
  ) {
    this.#request = request;
    this.#process = run;
    this.#warnings = warnings;
    this.#failed = failed;
    this.#stop = () => {
      if (this.#isRunning) run.kill();
    };
    void run.ended.then(() => (this.#isRunning = false));
    request.signal?.addEventListener('abort', this.#stop, { once: true });
    failed.signal.addEventListener('abort', this.#stop, { once: true });
  }

  /** Throws FFMPEG_MISSING, FFMPEG_FAILED, or the signal's reason. */
  static async start(request: TranscodingRequest): Promise<Transcoding> {
    const { input, output, signal } = request;
    signal?.throwIfAborted();
    const warnings = new WarningList();
    const failed = new AbortController();
    if (typeof input.url !== 'string') input.url.on('error', (error: Error) => failed.abort(error));
    const run = await startFfmpeg([input], [output], (line) => warnings.add(line));
    const transcoding = new Transcoding(request, run, warnings, failed);
    if (signal?.aborted || failed.signal.aborted) transcoding.#stop();
    return transcoding;
  }

  /** What ffmpeg writes to `pipe:1`. */
  get output(): Readable {
    return this.#process.output!;
  }

  /**
   * Resolves when all is written. Throws what the stream that goes in throws, the signal's reason,
   * OUTPUT_NOT_WRITABLE, FFMPEG_FAILED.
   */
  async finished(): Promise<void> {
    const { name, signal } = this.#request;
    const end = await this.#process.ended;
    signal?.throwIfAborted();
    this.#failed.signal.throwIfAborted();
    if (end.interrupted)
      throw new RoadgazeError(
        'FFMPEG_FAILED',
        `ffmpeg was stopped while it wrote ${name}: ${end.reason}.`,
        'Check that enough memory is free, and try again.',
      );
    if (!end.success)
      throw (
        notWritableBy(this.#warnings.entries, `${name} cannot be written`) ??
        new RoadgazeError(
          'FFMPEG_FAILED',
          `ffmpeg could not write ${name}: ${this.#warnings.lastError || end.reason}.`,
          'Free some space, or choose another place.',
        )
      );
  }

  /** Ends what still runs. */
  close(): void {
    this.#request.signal?.removeEventListener('abort', this.#stop);
    const { url } = this.#request.input;
    if (typeof url !== 'string') url.destroy();
    this.#stop();
  }
}
