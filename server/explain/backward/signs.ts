import { floatAttribute } from '../../onnx/attributes.ts';
import { producers, type Model, type Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { DataType } from '../../onnx/tensor.ts';

const alwaysNonNegative = new Set(['Relu', 'Sigmoid', 'Softmax', 'Exp', 'Abs', 'Sqrt', 'Softplus', 'HardSigmoid', 'LpPool']);
/** Operators whose result is never negative where their inputs are not. */
const keepsNonNegative = new Set([
  'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Concat', 'Identity',
  'Dropout', 'Add', 'Sum', 'Max', 'Slice', 'Split', 'Gather', 'DepthToSpace', 'SpaceToDepth', 'Cast', 'ReduceMean', 'ReduceMax', 'ReduceSum',
]);
const unsignedTypes: readonly number[] = [DataType.uint8, DataType.uint16, DataType.bool];

/**
 * Tells whether a value is ≥ 0 in every element, from how it is made: rules for such inputs cost half. `given` are values that are known to be so.
 */
export function nonNegativeValues(model: Model, shapes: Shapes, given: readonly string[]): (value: string) => boolean {
  const made = producers(model.nodes);
  const walk = (name: string): boolean => {
    if (!name || given.includes(name)) return true;
    if (unsignedTypes.includes(shapes.type(name))) return true;
    const constant = model.initializers.get(name);
    if (constant) return constant.type === DataType.float && (constant.data as Float32Array).every((each) => each >= 0);
    const node = made.get(name);
    if (!node || node.domain !== '') return false;
    if (alwaysNonNegative.has(node.op)) return true;
    if (node.op === 'Clip') return clipsNegative(model, node) || walk(node.inputs[0]!);
    // Parameters beside the data (shapes, axes) hold no data.
    const data = node.op === 'Reshape' || node.op === 'Slice' || node.op === 'Gather' || node.op === 'Split' || node.op === 'Squeeze' || node.op === 'Unsqueeze' || node.op.startsWith('Reduce') ? [node.inputs[0]!] : node.inputs;
    return keepsNonNegative.has(node.op) && data.every(walk);
  };
  return walk;
}

function clipsNegative(model: Model, node: Node): boolean {
  const low = node.inputs[1] ? model.initializers.get(node.inputs[1])?.data[0] : floatAttribute(node, 'min', -Infinity);
  return low !== undefined && Number(low) >= 0;
}
