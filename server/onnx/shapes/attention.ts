import { intAttribute } from '../attributes.ts';
import type { Dimension } from '../graph.ts';
import type { ShapeContext, ShapeRule } from './context.ts';

/**
 * What is read of the values, as rows of all heads, or as [pictures, heads, tokens, size]. Of what
 * it keeps for the next run nothing is known.
 */
export const attention: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const value = context.input(2).shape;
  const last = value.at(-1)!;
  if (shape.length !== 3) return [{ type, shape: [...shape.slice(0, -1), last] }];
  const [reading, read] = ['q_num_heads', 'kv_num_heads'].map((name) =>
    intAttribute(context.node, name, 0),
  ) as [number, number];
  if (!reading || !read || typeof last !== 'number') context.fail('its heads are not known');
  const row: Dimension = (last / read) * reading;
  return [{ type, shape: [shape[0]!, shape[1]!, row] }];
};
