import { stepsBack, type FrameStack } from '../inference/frame-stack.ts';

/**
 * The bytes of a network's picture out of those of its frames, in the network's order. `older`: of
 * the frames before, the newest first; in front of them the oldest that there is goes on. Of one
 * frame they are the frame's own bytes.
 */
export function stackedPicture(
  newest: Uint8Array,
  older: readonly Uint8Array[],
  stack: FrameStack,
): Uint8Array {
  if (stack.count === 1) return newest;
  const stacked = new Uint8Array(stack.count * newest.length);
  stepsBack(stack).forEach((steps, place) => {
    const back = Math.min(steps * stack.step, older.length);
    stacked.set(back === 0 ? newest : older[back - 1]!, place * newest.length);
  });
  return stacked;
}
