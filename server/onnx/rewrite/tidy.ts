import { constantOf } from '../constant-node.ts';
import { consumers, keepOnly, type Model, type Node } from '../graph.ts';
import { operatorOf } from '../operators/operators.ts';
import type { Tensor } from '../tensor.ts';

/**
 * The same network without what does nothing: Identity and Dropout are taken out, Constant nodes
 * become initializers, and what no output depends on is left away. Names of inputs and outputs
 * stay.
 */
export function tidy(model: Model): Model {
  const outputs = new Set(model.outputs.map((output) => output.name));
  const initializers = new Map<string, Tensor>(model.initializers);
  const read = consumers(model);
  const alias = new Map<string, string>();
  const nodes: Node[] = [];
  for (const node of model.nodes) {
    const [output = '', mask] = node.outputs;
    const tensor = constantOf(node);
    const inputs = node.inputs.map((input) => alias.get(input) ?? input);
    if (tensor && !outputs.has(output)) initializers.set(output, tensor);
    else if (
      operatorOf(node)?.idle &&
      !(mask && (read.has(mask) || outputs.has(mask))) &&
      !outputs.has(output)
    )
      alias.set(output, inputs[0]!);
    else
      nodes.push(
        inputs.some((input, at) => input !== node.inputs[at]) ? { ...node, inputs } : node,
      );
  }
  const tidied = { ...model, nodes, initializers };
  return { ...tidied, ...keepOnly(tidied, [...outputs]) };
}
