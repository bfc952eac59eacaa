import type { Dimension } from '../graph.ts';
import type { ShapeContext, ValueFacts } from '../shapes/context.ts';
import { DataType, elementCount, tensorNumbers } from '../tensor.ts';
import type { Values } from './fold.ts';
import type { Operator } from './operator.ts';

/** Sizes known of a value are those of a shape, or of a window: no more numbers than that. */
const MOST_SIZES = 64;

const holdsSizes = (type: number) =>
  [DataType.int64, DataType.int32, DataType.bool, DataType.float].some((each) => each === type);

/**
 * Facts of the node's outputs with the sizes that they hold, where those can be computed from sizes
 * that are known.
 */
export function withFoldedSizes(
  { fold }: Operator,
  context: ShapeContext,
  results: ValueFacts[],
): ValueFacts[] {
  const { node, opset } = context;
  if (!fold || !results.every(({ type, shape }) => isSmall(shape) && holdsSizes(type)))
    return results;
  const inputs: (Values | null)[] = [];
  for (const [index, input] of node.inputs.entries()) {
    const values = input === '' ? null : valuesOf(context, index);
    if (values === undefined) return results;
    inputs.push(values);
  }
  const outputs = results.map(({ type, shape }) => ({ type, dims: shape as readonly number[] }));
  const data = fold({ node, opset, inputs, outputs });
  if (!data) return results;
  return results.map((facts, index) => ({ ...facts, sizes: data[index]! }));
}

function isSmall(shape: readonly Dimension[]): shape is readonly number[] {
  return (
    shape.every((dim) => typeof dim === 'number' && dim >= 0) &&
    elementCount(shape as number[]) <= MOST_SIZES
  );
}

/** undefined where they are not known, or too many. */
function valuesOf(context: ShapeContext, index: number): Values | undefined {
  const { type, shape } = context.input(index);
  if (!isSmall(shape)) return undefined;
  const tensor = context.constant(index);
  const data: readonly Dimension[] | null =
    tensor && type !== DataType.float16 && type !== DataType.bfloat16
      ? tensorNumbers(tensor)
      : context.sizes(index);
  return data ? { type, dims: shape, data } : undefined;
}
