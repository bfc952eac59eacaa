import { firstAtOrAfter } from '../../shared/ascending.ts';
import { RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import type { DecodedFrame } from '../video/frame-source.ts';
import { SAME_TIME } from '../video/timestamps.ts';

/**
 * So many frames of the index may be missing at the end, and so large a part of it, up to so many:
 * damaged last packets give no picture.
 */
const MISSING_ANYWAY = 2;
const MISSING_SHARE = 0.05;
const MISSING_MOST = 50;
const AGAIN = 'Run it again; if it ends at the same place, the file is damaged there.';

/** The first part of a recording, from its first frame on. */
export interface SeenBefore {
  readonly frames: number;
  /** Timestamp (s) of the last of them. */
  readonly last: number;
}

/**
 * Whether one pass over a recording saw all of it. It did not where decoding broke off (ffmpeg was
 * stopped, the file changed), nor where it ended well before the last frame that the index lists.
 * Frames that are missing elsewhere are damage, or packets without a picture: a warning.
 */
export class PassCheck {
  readonly #path: string;
  readonly #expected: Float64Array;
  #frames: number;
  #last: number;
  #broken: ErrorReport | null = null;

  /** `expected`: timestamps (s) of the index, ascending. `seen`: what was seen of them before. */
  constructor(path: string, expected: Float64Array, seen: SeenBefore | null = null) {
    this.#path = path;
    this.#expected = expected;
    this.#frames = seen?.frames ?? 0;
    this.#last = seen?.last ?? -Infinity;
  }

  /**
   * The stream's frames. What ends it after the first one is kept in `shortfall`; throws what ends
   * it before, and an abort.
   */
  async *watched<Frame extends DecodedFrame>(
    stream: AsyncIterable<Frame>,
  ): AsyncGenerator<Frame, void, undefined> {
    try {
      for await (const frame of stream) {
        this.#frames++;
        this.#last = frame.pts;
        yield frame;
      }
    } catch (error) {
      if (this.#frames === 0 || !(error instanceof RoadgazeError)) throw error;
      this.#broken = error.report();
    }
  }

  /** After the last frame: why they are not the whole recording; null: they are. */
  get shortfall(): ErrorReport | null {
    const covered = `Only ${this.#frames} of ${Math.max(this.#frames, this.#expected.length)} frames of ${this.#path} were seen`;
    if (this.#broken)
      return {
        code: 'VIDEO_INCOMPLETE',
        message: `${covered}: ${this.#broken.message}`,
        hint: this.#broken.hint,
      };
    const missing = this.#expected.length - firstAtOrAfter(this.#expected, this.#last + SAME_TIME);
    if (
      missing <=
      Math.max(MISSING_ANYWAY, Math.min(MISSING_MOST, MISSING_SHARE * this.#expected.length))
    )
      return null;
    return {
      code: 'VIDEO_INCOMPLETE',
      message: `${covered}: decoding ended ${missing} frames before the end.`,
      hint: AGAIN,
    };
  }

  /** After the last frame. */
  get warnings(): readonly string[] {
    const missing = this.#expected.length - this.#frames;
    return missing > 0 && !this.shortfall
      ? [`${missing} of the ${this.#expected.length} frames that the file lists gave no picture.`]
      : [];
  }
}
