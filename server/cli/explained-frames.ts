import { describeMethod } from '../../shared/methods.ts';
import { pictureGrid } from '../explain/iterative/picture-grid.ts';
import { channelsOf } from '../inference/frame-stack.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import type { ExplainedTensor } from '../pipeline/explain-tensor.ts';
import type { ExplainedInput } from './explain-input.ts';

/** What `explain.json` says of the frames that a network sees together. */
export function framesTold({ stack }: NetworkInfo, { stepsBack }: ExplainedInput): object {
  const { count, step, newestFirst } = stack;
  return { count, step, order: newestFirst ? 'newest-first' : 'oldest-first', drawn: stepsBack };
}

/**
 * What part of the sizes of all values lies on each frame, the newest first; null where a method does
 * not tell frames apart, or the network sees one only.
 */
export function frameShares(
  { id, values }: ExplainedTensor,
  { image, stack }: NetworkInfo,
): readonly number[] | null {
  if (stack.count === 1 || describeMethod(id)!.kind !== 'attribution') return null;
  const { height, width, plane, step } = pictureGrid(image);
  const sums = Array.from({ length: stack.count }, (_, back) => {
    const { first, count } = channelsOf(stack, back);
    let sum = 0;
    for (let channel = first; channel < first + count; channel++)
      for (let position = 0; position < height * width; position++)
        sum += Math.abs(values[channel * plane + position * step]!);
    return sum;
  });
  // A method that covers all frames at the same place tells nothing of each.
  if (sums.every((sum) => sum === sums[0])) return null;
  const total = sums.reduce((all, sum) => all + sum, 0);
  return total > 0 ? sums.map((sum) => sum / total) : null;
}
