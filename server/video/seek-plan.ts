import { hasNoTimestamps, type ProbedVideo } from './probe.ts';

/** No index of keyframes: ffmpeg lands somewhere near, and decodes from the next keyframe on. */
const WITHOUT_INDEX = new Set(['mpegts', 'mpeg', 'mpegtsraw']);

/**
 * How long before the wanted frame (s) decoding starts, from the first try on; null: at the
 * beginning of the file.
 */
function margins(container: string): (number | null)[] {
  if (hasNoTimestamps(container)) return [null];
  return container.split(',').some((name) => WITHOUT_INDEX.has(name))
    ? [2.5, 12, 60, null]
    : [0, 2.5, 12, null];
}

/**
 * Positions to try one after the other, as ffmpeg's `-ss` takes them (s after the container's
 * start; null: no seek), until the first decoded frame is not later than `from`. A later one means
 * that the index is wrong or missing: an earlier keyframe may lead to frames in between.
 */
export function seekPlan(
  video: ProbedVideo,
  from: number,
): ({ readonly seconds: number } | null)[] {
  if (from <= video.startTime) return [null];
  const plan: { readonly seconds: number }[] = [];
  for (const margin of margins(video.container)) {
    // Rounded up, so that a keyframe at `from` itself is found.
    const position =
      margin === null ? null : Math.ceil((from - margin - video.containerStart) * 1e6 - 1e-3) / 1e6;
    if (position === null || position <= 0) return [...plan, null];
    plan.push({ seconds: position });
  }
  return plan;
}
