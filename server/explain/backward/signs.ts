import { floatAttribute } from '../../onnx/attributes.ts';
import type { Model, Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';
import { DataType } from '../../onnx/tensor.ts';

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

function givesNonNegative(
  model: Model,
  node: Node,
  isNonNegative: (value: string) => boolean,
): boolean {
  switch (explainedOperatorOf(node)?.nonNegative) {
    case 'always':
      return true;
    case 'by its limits':
      return clipsNegative(model, node) || isNonNegative(node.inputs[0]!);
    case 'where its inputs are':
      return node.inputs.every(isNonNegative);
    case 'where its first input is':
      return node.inputs.slice(0, 1).every(isNonNegative);
    default:
      return false;
  }
}

function clipsNegative(model: Model, node: Node): boolean {
  const low = node.inputs[1]
    ? model.initializers.get(node.inputs[1])?.data[0]
    : floatAttribute(node, 'min', -Infinity);
  return low !== undefined && Number(low) >= 0;
}
