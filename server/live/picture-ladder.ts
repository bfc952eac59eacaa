/** Ticks a second: every time base of RTP, MPEG-TS and RTMP divides it. */
export const TICKS = 90_000;
/** NUT has no negative timestamps. */
const OFFSET = 2 ** 17 * TICKS;
/**
 * Every picture stands a rung of so many ticks above the one before, so that ffmpeg sees ascending
 * timestamps whatever the source does within a hundred seconds; farther jumps end ffmpeg. A year of
 * 30 fps stays below 2^53.
 */
const RUNG = 100 * TICKS;

/**
 * For ffmpeg: puts pictures on the ladder. Untimed ones get the time of day at which they were
 * decoded.
 */
export function ladderFilter(untimed: boolean): string {
  const ownTime = untimed ? `floor(RTCTIME*${TICKS / 1e6})` : 'PTS';
  return `settb=1/${TICKS},setpts='if(isnan(${ownTime}),if(isnan(PREV_OUTPTS),${OFFSET},PREV_OUTPTS+${RUNG + 1}),N*${RUNG}+${ownTime}+${OFFSET})'`;
}

/** For ffmpeg: takes them down again. */
export const GROUND_FILTER = `setpts='PTS-N*${RUNG}-${OFFSET}'`;

/** The source's timestamp, in seconds, of the `position`th picture (from 0). */
export function fromLadder(ticks: number, position: number): number {
  return (ticks - position * RUNG - OFFSET) / TICKS;
}
