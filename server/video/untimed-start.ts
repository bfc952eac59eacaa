import type { DecodedFrame } from './frame-source.ts';

/** Longer than decoders reorder and cameras forget. */
const MOST = 256;

/**
 * Where a file begins with packets that carry no time, ffmpeg counts up from zero until a real
 * timestamp comes, which may lie before those it made up. The frames until then are held, and count
 * back from it at the average frame rate. Where no timestamp contradicts, ffmpeg's stand.
 */
export async function* timeStart(
  frames: AsyncIterable<DecodedFrame>,
  averageFrameRate: number,
): AsyncGenerator<DecodedFrame, void, undefined> {
  let held: DecodedFrame[] | null = [];
  for await (const frame of frames) {
    if (!held) {
      yield frame;
      continue;
    }
    const before = held.at(-1);
    if (before && frame.pts <= before.pts && averageFrameRate > 0) {
      const count = held.length;
      held = held.map((early, i) => ({
        ...early,
        pts: frame.pts - (count - i) / averageFrameRate,
      }));
    } else if (held.length < MOST) {
      held.push(frame);
      continue;
    }
    yield* held;
    held = null;
    yield frame;
  }
  if (held) yield* held;
}
