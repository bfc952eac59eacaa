import type { VideoInfo } from './frame-source.ts';
import type { TimeBase } from './nut-demuxer.ts';
import type { VideoTools } from './tools.ts';

/** MP4 counts the ticks from one frame to the next in 32 bits: finer ones leave no room for gaps. */
const FINEST = { num: 1, den: 1_000_000 };

/** Of an MP4 with the times of a video. */
export function movieTicks({ timeBase }: Pick<VideoInfo, 'timeBase'>): TimeBase {
  return timeBase.den / timeBase.num > FINEST.den ? FINEST : timeBase;
}

/** Raw pictures have no durations, and the last one would be gone at once. */
export function lastDuration(
  tools: VideoTools,
  { averageFrameRate }: Pick<VideoInfo, 'averageFrameRate'>,
  { num, den }: TimeBase,
): readonly string[] {
  return averageFrameRate > 0
    ? tools.packetDuration(Math.max(1, Math.round(den / num / averageFrameRate)))
    : [];
}
