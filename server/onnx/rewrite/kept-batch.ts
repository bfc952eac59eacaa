import { intAttribute } from '../attributes.ts';
import type { Model, Node } from '../graph.ts';
import { inferKnownShapes } from '../infer-shapes.ts';
import { DataType, int64Tensor } from '../tensor.ts';
import { unusedName } from './unused-name.ts';

/**
 * Flattening writes the batch as "what is left over" (−1). Where that is the batch that goes in, it
 * is copied (0): only then does ONNX Runtime know that what is computed behind has the batch of
 * what is computed before, and that it can add the two without rearranging them.
 */
export function keepBatch(model: Model): Model {
  if (!model.nodes.some((node) => isReshape(node))) return model;
  const shapes = inferKnownShapes(model);
  const initializers = new Map(model.initializers);
  const nodes = model.nodes.map((node) => {
    const sizes = isReshape(node) ? shapes.constant(node.inputs[1]!) : null;
    const [first, ...others] = sizes ? Array.from(sizes.data as ArrayLike<bigint>, Number) : [];
    if (sizes?.type !== DataType.int64 || first !== -1 || others.some((size) => size < 0))
      return node;
    const [before, after] = [shapes.of(node.inputs[0]!) ?? [], shapes.of(node.outputs[0]!) ?? []];
    // What was squeezed to the batch alone has no axis left for a batch of one.
    if (before.length < 2 || before[0] !== after[0]) return node;
    const name = unusedName({ ...model, initializers }, `${node.outputs[0]}/sizes`);
    initializers.set(name, int64Tensor([0, ...others]));
    return { ...node, inputs: [node.inputs[0]!, name] };
  });
  return initializers.size === model.initializers.size ? model : { ...model, initializers, nodes };
}

function isReshape(node: Node): boolean {
  return (
    node.op === 'Reshape' &&
    node.domain === '' &&
    node.inputs.length === 2 &&
    intAttribute(node, 'allowzero', 0) === 0
  );
}
