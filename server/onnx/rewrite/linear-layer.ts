import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import type { Model, Node } from '../graph.ts';
import { DataType, type Tensor } from '../tensor.ts';

/**
 * A convolution or dense layer with constant weights, seen as a matrix: `weights[output, input,
 * position]` lies at `output·outputStride + input·inputStride + position` of the tensor's data.
 */
export interface LinearLayer {
  readonly node: Node;
  readonly weights: Tensor;
  readonly bias: Tensor | null;
  readonly outputs: number;
  /** Input channels of one group. */
  readonly inputs: number;
  readonly groups: number;
  /** Kernel positions; 1 for dense layers. */
  readonly positions: number;
  readonly outputStride: number;
  readonly inputStride: number;
  /**
   * False where zeros are padded, because then a constant shift of the input cannot move into the
   * bias.
   */
  readonly unpadded: boolean;
}

/** Null where the node is no such layer, or its weights are not float32 constants. */
export function linearLayer(model: Model, node: Node): LinearLayer | null {
  if (node.domain !== '' || (node.op !== 'Conv' && node.op !== 'Gemm')) return null;
  const weights = model.initializers.get(node.inputs[1] ?? '');
  const biasName = node.inputs[2];
  const bias = biasName ? (model.initializers.get(biasName) ?? null) : null;
  if (weights?.type !== DataType.float || (biasName && bias?.type !== DataType.float)) return null;
  if (node.op === 'Conv') return convolution(node, weights, bias);
  const plain =
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1 &&
    intAttribute(node, 'transA', 0) === 0;
  const [rows, columns] = weights.dims as [number, number];
  // A bias may also hold one number for all outputs, or one per row of the batch.
  const biasPerOutput =
    !bias ||
    (bias.dims.at(-1) === (intAttribute(node, 'transB', 0) ? rows : columns) &&
      bias.data.length === bias.dims.at(-1));
  if (!plain || !biasPerOutput) return null;
  return intAttribute(node, 'transB', 0)
    ? {
        node,
        weights,
        bias,
        outputs: rows,
        inputs: columns,
        groups: 1,
        positions: 1,
        outputStride: columns,
        inputStride: 1,
        unpadded: true,
      }
    : {
        node,
        weights,
        bias,
        outputs: columns,
        inputs: rows,
        groups: 1,
        positions: 1,
        outputStride: 1,
        inputStride: columns,
        unpadded: true,
      };
}

function convolution(node: Node, weights: Tensor, bias: Tensor | null): LinearLayer {
  const [outputs, inputs, ...kernel] = weights.dims as [number, number, ...number[]];
  const positions = kernel.reduce((product, size) => product * size, 1);
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  const unpadded =
    mode === 'VALID' ||
    (mode === 'NOTSET' && (intsAttribute(node, 'pads') ?? []).every((pad) => pad === 0));
  return {
    node,
    weights,
    bias,
    outputs,
    inputs,
    groups: intAttribute(node, 'group', 1),
    positions,
    outputStride: inputs * positions,
    inputStride: positions,
    unpadded,
  };
}
