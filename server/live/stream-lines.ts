import type { FeedStream } from '../../shared/protocol/summaries.ts';

/** As ffmpeg names them. */
export interface KnownSource {
  /** e.g. `mpegts`, `rtsp`, `mpjpeg`. */
  readonly container: string;
  /** e.g. `h264`. */
  readonly codec: string;
}

export interface StreamLineHandlers {
  /** It is known what the source is; pictures follow. */
  opened(source: KnownSource): void;
  /**
   * Decoded pictures have this size from here on. Told again whenever size or pixel format change.
   */
  pictures(info: FeedStream): void;
  /**
   * A segment of the ring begins with this timestamp, in ticks of its container; ffmpeg rounds
   * the seconds beside it.
   */
  segment(ticks: number): void;
}

/** Reads lines printed with `-loglevel level+verbose`. */
export class StreamLines {
  readonly #handlers: StreamLineHandlers;
  #container = 'unknown';
  #codec = 'unknown';
  #framesPerSecond: number | null = null;
  #colorSpace = 'unknown';
  #hasInput = false;

  constructor(handlers: StreamLineHandlers) {
    this.#handlers = handlers;
  }

  add(line: string): void {
    const input = /\bInput #0, (\S+), from /.exec(line);
    if (input) {
      this.#container = input[1]!;
      this.#hasInput = true;
      return;
    }
    // The first video stream in the list of inputs; streams of the outputs are listed later.
    const video =
      this.#hasInput && this.#codec === 'unknown'
        ? /\bStream #0:\d+.*?: Video: (\w+)/.exec(line)
        : null;
    if (video) {
      this.#codec = video[1]!;
      const rate =
        /, (\d{1,9}(?:\.\d+)?)(k?) fps\b/.exec(line) ??
        /, (\d{1,9}(?:\.\d+)?)(k?) tbr\b/.exec(line);
      this.#framesPerSecond = rate ? Number(rate[1]) * (rate[2] ? 1000 : 1) : null;
      this.#colorSpace =
        /, \w+\((?:[^()]*, )?(bt709|bt470bg|smpte170m|smpte240m|fcc|bt2020nc|bt2020c)\b/.exec(
          line,
        )?.[1] ?? 'unknown';
      return this.#handlers.opened({ container: this.#container, codec: this.#codec });
    }
    const segment = /\bstarts with packet .*\bpts:(-?\d{1,19})\b/.exec(line);
    if (segment) return this.#handlers.segment(Number(segment[1]));
    const pictures = /\bgraph .*\bw:(\d{1,6}) h:(\d{1,6}) pixfmt:\S+/.exec(line);
    if (pictures) {
      this.#handlers.pictures({
        container: this.#container,
        codec: this.#codec,
        width: Number(pictures[1]),
        height: Number(pictures[2]),
        framesPerSecond: this.#framesPerSecond,
        colorSpace: this.#colorSpace,
      });
    }
  }
}
