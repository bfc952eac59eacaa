import type { Shape } from '../graph.ts';
import { inBytes, LIMITS } from '../limits.ts';
import { bytesOf } from '../tensor.ts';
import type { ValueFacts } from './context.ts';

/** Sizes known of a value are those of a shape: no more entries than that. */
const MOST_SIZES = 64;

/** Elements where every free size is 1, as for one picture. */
export function elementsPerPicture(shape: Shape): number {
  return shape.reduce<number>(
    (elements, dim) => elements * (typeof dim === 'number' ? dim : forOne(dim)),
    1,
  );
}

/**
 * A size that is calculated from free ones is a sum of products, or something that cannot be told.
 */
function forOne(dim: string): number {
  return dim
    .split('+')
    .reduce(
      (sum, term) =>
        sum +
        term
          .split('*')
          .reduce((product, factor) => product * (/^\d+$/.test(factor) ? Number(factor) : 1), 1),
      0,
    );
}

export function bytesPerPicture({ type, shape }: Pick<ValueFacts, 'type' | 'shape'>): number {
  return elementsPerPicture(shape) * bytesOf(type);
}

/** The facts, where a tensor of them can be held; `beyond` throws with what it is too much of. */
export function withinLimits(facts: ValueFacts, beyond: (reason: string) => never): ValueFacts {
  const { shape, sizes } = facts;
  if (shape.length > LIMITS.rank) beyond(`has ${shape.length} axes; the limit is ${LIMITS.rank}`);
  for (const dim of shape) {
    if (
      typeof dim === 'string' ? dim.length > LIMITS.sizeName : !Number.isInteger(dim) || dim < 0
    ) {
      beyond(
        typeof dim === 'string'
          ? 'has an open size that is calculated in too many steps'
          : `has ${dim < 0 ? 'a negative size' : 'a size that is no whole number'}`,
      );
    }
  }
  const bytes = bytesPerPicture(facts);
  if (bytes > LIMITS.tensorBytes)
    beyond(`takes ${inBytes(bytes)}; the limit is ${inBytes(LIMITS.tensorBytes)}`);
  if (
    !sizes ||
    (sizes.length <= MOST_SIZES &&
      sizes.every((size) => typeof size === 'number' || size.length <= LIMITS.sizeName))
  )
    return facts;
  return { type: facts.type, shape };
}
