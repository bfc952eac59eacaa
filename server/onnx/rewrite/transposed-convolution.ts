import type { Model, Node } from '../graph.ts';
import type { KnownShapes } from '../infer-shapes.ts';
import { enlargement, type Window } from '../windows.ts';
import { plainConvolution, type PlainConvolution } from './channel-blocks.ts';

type Pair = readonly [number, number];

/** A ConvTranspose without dilation, of a value of known size. */
export interface TransposedConvolution extends PlainConvolution {
  readonly from: Pair;
  readonly to: Pair;
  readonly window: Window;
}

/** Null where the node is none. */
export function transposedConvolution(
  model: Model,
  shapes: KnownShapes,
  node: Node,
): TransposedConvolution | null {
  const plain = plainConvolution(model, node, 'ConvTranspose');
  const from = plain && shapes.of(node.inputs[0]!)?.slice(2);
  if (!from || !isPair(from)) return null;
  const enlarged = enlargement(node, from, [plain.weights.dims[2]!, plain.weights.dims[3]!]);
  if (!enlarged || enlarged.window.dilations.some((dilation) => dilation !== 1)) return null;
  return { ...plain, from, to: enlarged.size, window: enlarged.window };
}

function isPair(sizes: readonly unknown[]): sizes is Pair {
  return sizes.length === 2 && sizes.every((size) => typeof size === 'number');
}

/**
 * What things cost on a CPU, in products of ONNX Runtime's convolution in blocks (about 1/100 ns on
 * one core with AVX-512): a product with channels that fill no block, and one of its transposed
 * convolution, which writes all products of a channel out and then adds them to the pixels; adding
 * one to a pixel beside the one before, or further away; copying an element; putting it between
 * others; and a node.
 */
export const COST = {
  outsideBlocks: 1.5,
  product: 1.5,
  addedBeside: 8,
  addedApart: 31,
  copied: 15,
  interleaved: 40,
  node: 200_000,
} as const;

/** What the node costs as it is, for one picture. */
export function costOf({ weights, from, window }: TransposedConvolution): number {
  const [inputs] = weights.dims as [number];
  return (
    weights.data.length *
    from[0] *
    from[1] *
    (COST.product + (window.strides[1] === 1 ? COST.addedBeside : COST.addedApart) / inputs)
  );
}
