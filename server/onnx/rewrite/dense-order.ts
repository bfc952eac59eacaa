import { intAttribute, intsAttribute } from '../attributes.ts';
import { consumers, type Model, type Node } from '../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../infer-shapes.ts';
import { DataType, elementCount, type Tensor } from '../tensor.ts';
import { unusedName } from './unused-name.ts';

/**
 * Spares the Transpose in front of a flattened value that a dense layer alone reads (networks that
 * were written for NHWC flatten in that order): the layer's weights are put into the order in which
 * the value lies.
 */
export function denseInOrder(model: Model): Model {
  const transposes = model.nodes.filter((node) => node.op === 'Transpose' && node.domain === '');
  if (transposes.length === 0) return model;
  const read = consumers(model);
  const outputs = new Set(model.outputs.map((output) => output.name));
  const onlyReader = (value: string) =>
    read.get(value)?.length === 1 && !outputs.has(value) ? read.get(value)![0]! : null;
  const initializers = new Map(model.initializers);
  const instead = new Map<Node, readonly Node[]>();
  for (const transpose of transposes) {
    const flatten = onlyReader(transpose.outputs[0]!);
    const dense = flatten && onlyReader(flatten.outputs[0]!);
    const weights = dense && denseWeights(model, dense, flatten.outputs[0]!);
    if (!weights) continue;
    const order = orderOfRows(inferWhatIsKnown(model), transpose, flatten);
    const reordered = unusedName({ ...model, initializers }, `${dense.outputs[0]}/reordered`);
    if (!order || order.length !== weights.inputs) continue;
    initializers.set(reordered, rowsInOrder(weights, order));
    instead.set(transpose, []);
    instead.set(flatten, [
      { ...flatten, inputs: [transpose.inputs[0]!, ...flatten.inputs.slice(1)] },
    ]);
    instead.set(dense, [
      { ...dense, inputs: [dense.inputs[0]!, reordered, ...dense.inputs.slice(2)] },
    ]);
  }
  return instead.size === 0
    ? model
    : { ...model, initializers, nodes: model.nodes.flatMap((node) => instead.get(node) ?? [node]) };
}

/**
 * Weights of a dense layer: the one for `input` and `output` lies at input·inputStride +
 * output·outputStride.
 */
interface DenseWeights {
  readonly tensor: Tensor;
  readonly inputs: number;
  readonly outputs: number;
  readonly inputStride: number;
  readonly outputStride: number;
}

function denseWeights(model: Model, node: Node, value: string): DenseWeights | null {
  const tensor = model.initializers.get(node.inputs[1] ?? '');
  if (
    node.domain !== '' ||
    node.inputs.slice(1).includes(value) ||
    tensor?.type !== DataType.float ||
    tensor.dims.length !== 2
  )
    return null;
  const [rows, columns] = tensor.dims as [number, number];
  if (node.op === 'MatMul')
    return { tensor, inputs: rows, outputs: columns, inputStride: columns, outputStride: 1 };
  if (node.op !== 'Gemm' || intAttribute(node, 'transA', 0) !== 0) return null;
  return intAttribute(node, 'transB', 0) === 0
    ? { tensor, inputs: rows, outputs: columns, inputStride: columns, outputStride: 1 }
    : { tensor, inputs: columns, outputs: rows, inputStride: 1, outputStride: columns };
}

/**
 * For every feature of the flattened value without the Transpose, the one that it is with it; null
 * where the rows are not one per picture.
 */
function orderOfRows(shapes: Shapes, transpose: Node, flatten: Node): readonly number[] | null {
  const from = shapes.known(transpose.inputs[0]!);
  const flat = shapes.known(flatten.outputs[0]!);
  if (!from || !flat) return null;
  const permutation =
    intsAttribute(transpose, 'perm') ?? from.map((_, axis) => from.length - 1 - axis);
  const [rows, features, ...more] = flat;
  const sizes = from.slice(1);
  const isFlat =
    flatten.domain === '' &&
    (flatten.op === 'Reshape' ||
      (flatten.op === 'Flatten' && intAttribute(flatten, 'axis', 1) === 1));
  if (
    !isFlat ||
    permutation[0] !== 0 ||
    rows !== from[0] ||
    more.length > 0 ||
    !sizes.every((size) => typeof size === 'number') ||
    features !== elementCount(sizes)
  )
    return null;
  const strides = new Array<number>(from.length).fill(0);
  let stride = 1;
  for (const axis of [...permutation].reverse()) {
    strides[axis] = stride;
    stride *= Number(axis === 0 ? 1 : from[axis]);
  }
  let order = [0];
  sizes.forEach((size, at) => {
    order = order.flatMap((start) =>
      Array.from({ length: size }, (_, index) => start + index * strides[at + 1]!),
    );
  });
  return order;
}

function rowsInOrder(
  { tensor, outputs, inputStride, outputStride }: DenseWeights,
  order: readonly number[],
): Tensor {
  const data = new Float32Array(tensor.data.length);
  order.forEach((from, to) => {
    for (let output = 0; output < outputs; output++)
      data[to * inputStride + output * outputStride] = Number(
        tensor.data[from * inputStride + output * outputStride],
      );
  });
  return { ...tensor, data };
}
