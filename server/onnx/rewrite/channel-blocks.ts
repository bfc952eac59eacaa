import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import type { Model, Node } from '../graph.ts';
import { DataType, floatTensor, type Tensor } from '../tensor.ts';

/** Operators that ONNX Runtime computes in blocks of channels. */
export const computedInBlocks: ReadonlySet<string> = new Set(['Conv', 'Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'Clip', 'BatchNormalization', 'Add', 'Mul', 'Concat']);

/** Channels that are computed for so many. */
export function filledUp(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}

/** A Conv of one group with constant float32 weights [outputs, inputs, height, width]. */
export interface PlainConvolution {
  readonly node: Node;
  readonly weights: Tensor;
  readonly bias: Tensor | null;
}

/** Null where the node is none. */
export function plainConvolution(model: Model, node: Node): PlainConvolution | null {
  if (node.op !== 'Conv' || node.domain !== '' || intAttribute(node, 'group', 1) !== 1) return null;
  const weights = model.initializers.get(node.inputs[1] ?? '');
  const bias = node.inputs[2] ? model.initializers.get(node.inputs[2]) : null;
  if (weights?.type !== DataType.float || weights.dims.length !== 4 || bias === undefined || (bias && bias.type !== DataType.float)) return null;
  return { node, weights, bias };
}

/** What two convolutions of one value must have in common to be computed as one. */
export function windowKey({ node, weights }: PlainConvolution): string {
  const [, , height, width] = weights.dims;
  const list = (name: string, fallback: readonly number[]) => (intsAttribute(node, name) ?? fallback).join();
  return [height, width, stringAttribute(node, 'auto_pad', 'NOTSET'), list('strides', [1, 1]), list('dilations', [1, 1]), list('pads', [0, 0, 0, 0])].join(' ');
}

/** Some of the input channels of weights [outputs, inputs, height, width]. */
export function inputsOf({ dims, data }: Tensor, from: number, to: number): Tensor {
  const [outputs, inputs, height, width] = dims as [number, number, number, number];
  const positions = height * width;
  const values = new Float32Array(outputs * (to - from) * positions);
  for (let output = 0; output < outputs; output++) {
    values.set((data as Float32Array).subarray((output * inputs + from) * positions, (output * inputs + to) * positions), output * (to - from) * positions);
  }
  return floatTensor([outputs, to - from, height, width], values);
}
