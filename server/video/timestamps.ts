import type { TimeBase } from './nut-demuxer.ts';
import type { ProbedVideo } from './probe.ts';
import type { VideoTools } from './tools.ts';

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
  readonly #timeBase: TimeBase;
  readonly #offset: number;
  readonly #rung: number;
  /** Of a frame without a timestamp that comes first. */
  readonly #first: number;

  constructor({ timeBase, startTime }: ProbedVideo, rung: number) {
    this.#timeBase = timeBase;
    this.#offset = ticks(OFFSET_SECONDS, timeBase);
    this.#rung = ticks(rung, timeBase);
    this.#first = this.#offset + ticks(startTime, timeBase) - ROOM_BEFORE_START;
  }

  /**
   * A filter for ffmpeg's chain, and options of the output that it leads to. `ordering`: a filter
   * for outputs of which only the order is to be kept, because their encoder takes no timestamp
   * that is not later than the one before; null: they need none.
   */
  through({ countedTimes }: Pick<VideoTools, 'countedTimes'>): {
    readonly filter: string;
    readonly options: readonly string[];
    readonly ordering: string | null;
  } {
    // Filters count anew where the size of the pictures changes; packets are counted to the end.
    const { num, den } = this.#timeBase;
    const rung = (this.#rung * num) / den;
    // Guesses are made before, and must rise by themselves.
    const options = rung >= CLOCKS ? countedTimes(rung) : [];
    const rungs = this.#rung > 0 && options.length === 0 ? `+N*${this.#rung}` : '';
    // A frame without a timestamp comes one tick after the frame before it.
    return {
      filter: `setpts='if(isnan(PTS),if(isnan(PREV_OUTPTS),${this.#first},PREV_OUTPTS+1),PTS+${this.#offset}${rungs})'`,
      options,
      // Microseconds since a minute ago: no two pictures come in the same one.
      ordering: options.length > 0 ? `setpts=RTCTIME-${(Date.now() - 60_000) * 1000}` : null,
    };
  }

  /**
   * Seconds of the `position`th timestamp (from 0) that came `through` into a stream with
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
