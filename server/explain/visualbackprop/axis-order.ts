import { intsAttribute } from '../../onnx/attributes.ts';
import type { Node } from '../../onnx/graph.ts';

/** How the four axes of a value lie: `order[i]` is the axis that is axis i of N, C, H, W. */
export type AxisOrder = readonly number[];

export const nchw: AxisOrder = [0, 1, 2, 3];

function permutationOf(transpose: Node): number[] {
  return intsAttribute(transpose, 'perm') ?? [3, 2, 1, 0];
}

export function behindTranspose(transpose: Node, order: AxisOrder): AxisOrder {
  const permutation = permutationOf(transpose);
  return order.map((axis) => permutation.indexOf(axis));
}

export function beforeTranspose(transpose: Node, order: AxisOrder): AxisOrder {
  const permutation = permutationOf(transpose);
  return order.map((axis) => permutation[axis]!);
}
