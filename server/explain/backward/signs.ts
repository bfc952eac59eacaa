import { floatAttribute } from '../../onnx/attributes.ts';
import type { Model, Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { DataType } from '../../onnx/tensor.ts';

const alwaysNonNegative = new Set([
  'Relu',
  'Sigmoid',
  'Softmax',
  'Exp',
  'Abs',
  'Sqrt',
  'Softplus',
  'HardSigmoid',
  'LpPool',
]);
/** Operators whose result is never negative where their inputs are not. */
const keepsNonNegative = new Set([
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Reshape',
  'Flatten',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Concat',
  'Identity',
  'Dropout',
  'Add',
  'Sum',
  'Max',
  'Slice',
  'Split',
  'Gather',
  'DepthToSpace',
  'SpaceToDepth',
  'Cast',
  'ReduceMean',
  'ReduceMax',
  'ReduceSum',
]);
const unsignedTypes: readonly number[] = [DataType.uint8, DataType.uint16, DataType.bool];

/**
 * Tells whether a value is ≥ 0 in every element, from how it is made: rules for such inputs cost
 * half. `given` are values that are known to be so. Nodes stand in the order in which they are
 * computed.
 */
export function nonNegativeValues(
  model: Model,
  shapes: Shapes,
  given: readonly string[],
): (value: string) => boolean {
  const found = new Set<string>(['', ...given]);
  const isNonNegative = (name: string): boolean => {
    if (found.has(name) || unsignedTypes.includes(shapes.type(name))) return true;
    const constant = model.initializers.get(name);
    return (
      constant?.type === DataType.float &&
      (constant.data as Float32Array).every((each) => each >= 0)
    );
  };
  for (const node of model.nodes)
    if (givesNonNegative(model, node, isNonNegative))
      node.outputs.forEach((output) => found.add(output));
  return isNonNegative;
}

/** Operators that have parameters (shapes, axes) beside their data, which comes first. */
const withParameters = new Set([
  'Reshape',
  'Slice',
  'Gather',
  'Split',
  'Squeeze',
  'Unsqueeze',
  'ReduceMean',
  'ReduceMax',
  'ReduceSum',
]);

function givesNonNegative(
  model: Model,
  node: Node,
  isNonNegative: (value: string) => boolean,
): boolean {
  if (node.domain !== '') return false;
  if (alwaysNonNegative.has(node.op)) return true;
  if (node.op === 'Clip') return clipsNegative(model, node) || isNonNegative(node.inputs[0]!);
  return (
    keepsNonNegative.has(node.op) &&
    node.inputs.slice(0, withParameters.has(node.op) ? 1 : undefined).every(isNonNegative)
  );
}

function clipsNegative(model: Model, node: Node): boolean {
  const low = node.inputs[1]
    ? model.initializers.get(node.inputs[1])?.data[0]
    : floatAttribute(node, 'min', -Infinity);
  return low !== undefined && Number(low) >= 0;
}
