import { areLarge } from '../large-weights.ts';
import { attributes, intAttribute } from '../attributes.ts';
import type { Model, Node } from '../graph.ts';
import { DataType, int64Tensor, type Tensor } from '../tensor.ts';

/** Channels that are computed for so many. */
export function filledUp(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}

/**
 * A Conv of one group with constant float32 weights [outputs, inputs, height, width], or a
 * ConvTranspose with [inputs, outputs, …].
 */
export interface PlainConvolution {
  readonly node: Node;
  readonly weights: Tensor;
  readonly bias: Tensor | null;
}

/** Null where the node is none. */
export function plainConvolution(
  model: Model,
  node: Node,
  op: 'Conv' | 'ConvTranspose' = 'Conv',
): PlainConvolution | null {
  if (node.op !== op || node.domain !== '' || intAttribute(node, 'group', 1) !== 1) return null;
  const weights = model.initializers.get(node.inputs[1] ?? '');
  const bias = node.inputs[2] ? model.initializers.get(node.inputs[2]) : null;
  if (
    weights?.type !== DataType.float ||
    weights.dims.length !== 4 ||
    areLarge(weights.data) ||
    bias === undefined ||
    (bias && bias.type !== DataType.float)
  )
    return null;
  return { node, weights, bias };
}

/**
 * Takes a value [N, channels, …] apart by channels: sizes are an attribute up to operator set 12.
 */
export function splitInto(
  { opset }: Pick<Model, 'opset'>,
  value: string,
  parts: readonly string[],
  channels: readonly number[],
  constant: (sizes: Tensor) => string,
): Node {
  const plain = { op: 'Split', domain: '', name: `${value}/split`, outputs: parts };
  return opset >= 13
    ? {
        ...plain,
        inputs: [value, constant(int64Tensor(channels))],
        attributes: attributes({ axis: 1 }),
      }
    : { ...plain, inputs: [value], attributes: attributes({ axis: 1, split: channels }) };
}
