import { intAttribute } from '../attributes.ts';
import type { Model, Node, Shape } from '../graph.ts';
import { DataType, type Tensor } from '../tensor.ts';
import { enlargement, type Window } from '../windows.ts';

type Pair = readonly [number, number];

/** A ConvTranspose of one group and no dilation, with constant float32 weights [inputs, outputs, height, width] and known sizes. */
export interface TransposedConvolution {
  readonly node: Node;
  readonly weights: Tensor;
  readonly bias: Tensor | null;
  readonly from: Pair;
  readonly to: Pair;
  readonly window: Window;
}

/** Null where the node is none. */
export function transposedConvolution(model: Model, shapeOf: (value: string) => Shape | null, node: Node): TransposedConvolution | null {
  if (node.op !== 'ConvTranspose' || node.domain !== '' || intAttribute(node, 'group', 1) !== 1) return null;
  const weights = model.initializers.get(node.inputs[1] ?? '');
  const bias = node.inputs[2] ? model.initializers.get(node.inputs[2]) : null;
  if (weights?.type !== DataType.float || weights.dims.length !== 4 || bias === undefined || (bias && bias.type !== DataType.float)) return null;
  const from = shapeOf(node.inputs[0]!)?.slice(2);
  if (!from || !isPair(from)) return null;
  const enlarged = enlargement(node, from, [weights.dims[2]!, weights.dims[3]!]);
  if (!enlarged || enlarged.window.dilations.some((dilation) => dilation !== 1)) return null;
  return { node, weights, bias, from, to: enlarged.size, window: enlarged.window };
}

function isPair(sizes: readonly unknown[]): sizes is Pair {
  return sizes.length === 2 && sizes.every((size) => typeof size === 'number');
}

/**
 * What things cost on a CPU, in products of ONNX Runtime's convolution in blocks (about 1/100 ns on one core with AVX-512): a product of its transposed convolution, which writes
 * all products of a channel out and then adds them to the pixels; adding one to a pixel beside the one before, or further away; copying an element; putting it between
 * others; and a node.
 */
export const COST = { product: 1.5, addedBeside: 8, addedApart: 31, copied: 15, interleaved: 40, node: 200_000 } as const;

/** What the node costs as it is, for one picture. */
export function costOf({ weights, from, window }: TransposedConvolution): number {
  const [inputs] = weights.dims as [number];
  return (weights.data.length * from[0] * from[1] * (COST.product + (window.strides[1] === 1 ? COST.addedBeside : COST.addedApart) / inputs));
}
