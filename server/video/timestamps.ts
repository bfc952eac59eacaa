import type { ProbedVideo } from './probe.ts';
import type { TimeBase } from './nut-demuxer.ts';

/** NUT has no negative timestamps, files have: everything is moved by this many seconds, in whole ticks, and back. */
const OFFSET_SECONDS = 2 ** 17;
/** Frames that come before the first timestamp of the file get the ticks just before its start. */
const ROOM_BEFORE_START = 1000;

export class TimestampOffset {
  readonly filter: string;
  readonly #ticks: number;
  readonly #timeBase: TimeBase;

  constructor({ timeBase, startTime }: ProbedVideo) {
    this.#timeBase = timeBase;
    this.#ticks = Math.round((OFFSET_SECONDS * timeBase.den) / timeBase.num);
    const first = this.#ticks + Math.round((startTime * timeBase.den) / timeBase.num) - ROOM_BEFORE_START;
    // A frame without a timestamp comes one tick after the frame before it.
    this.filter = `setpts='if(isnan(PTS),if(isnan(PREV_OUTPTS),${first},PREV_OUTPTS+1),PTS+${this.#ticks})'`;
  }

  /** Seconds of a timestamp that came through `filter` into a stream with its own, possibly finer, time base. */
  seconds(pts: number, { num, den }: TimeBase): number {
    const offset = Math.round((this.#ticks * this.#timeBase.num * den) / (this.#timeBase.den * num));
    return ((pts - offset) * num) / den;
  }
}
