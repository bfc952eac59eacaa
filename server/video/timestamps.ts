import type { TimeBase } from './nut-demuxer.ts';
import type { ProbedVideo } from './probe.ts';

/** Timestamps closer than this (s) are the same: ffprobe and tables write six decimals. */
export const SAME_TIME = 1e-6;

/**
 * NUT has no negative timestamps, files have: everything is moved by this many seconds, in whole
 * ticks, and back.
 */
const OFFSET_SECONDS = 2 ** 17;
/** Frames that come before the first timestamp of the file get the ticks just before its start. */
const ROOM_BEFORE_START = 1000;
/** Farther than ffmpeg's guesses go wrong, in seconds. */
export const GUESSES = 1000;
/** Farther than any clock of MPEG can be set back, in seconds. */
export const CLOCKS = 2 ** 17;

function ticks(seconds: number, { num, den }: TimeBase): number {
  return Math.round((seconds * den) / num);
}

/**
 * Carries timestamps through ffmpeg unharmed. ffmpeg moves a timestamp that is not later than the
 * one before it; with `rung` (s), for streams where that happens, every frame therefore stands so
 * far above the one before.
 */
export class TimestampCarrier {
  /** For ffmpeg's filter chain. */
  readonly filter: string;
  readonly #timeBase: TimeBase;
  readonly #offset: number;
  readonly #rung: number;

  constructor({ timeBase, startTime }: ProbedVideo, rung: number) {
    this.#timeBase = timeBase;
    this.#offset = ticks(OFFSET_SECONDS, timeBase);
    this.#rung = ticks(rung, timeBase);
    const first = this.#offset + ticks(startTime, timeBase) - ROOM_BEFORE_START;
    // A frame without a timestamp comes one tick after the frame before it.
    this.filter = `setpts='if(isnan(PTS),if(isnan(PREV_OUTPTS),${first},PREV_OUTPTS+1),PTS+${this.#offset}${rung > 0 ? `+N*${this.#rung}` : ''})'`;
  }

  /**
   * Seconds of the `position`th timestamp (from 0) that came through `filter` into a stream with
   * its own, possibly finer, time base.
   */
  seconds(pts: number, position: number, { num, den }: TimeBase): number {
    const carried = this.#offset + position * this.#rung;
    const inStream = Math.round(
      carried * ((this.#timeBase.num * den) / (this.#timeBase.den * num)),
    );
    return ((pts - inStream) * num) / den;
  }
}
