import { constantOf } from '../../constant-node.ts';
import { onceFor, producers, type Model, type Node, type ValueInfo } from '../../graph.ts';
import type { Tensor } from '../../tensor.ts';
import { betweenRoundings } from './between-roundings.ts';
import { Twin } from './twin.ts';
import { twins } from './twins.ts';

export interface Dequantised {
  /** What is computed: the network as it is, and beside it the same in numbers. */
  readonly graph: Model;
  /**
   * What is explained: the network in numbers. A value that is in both is the network's own, rounded
   * as it is.
   */
  readonly seen: Model;
}

/**
 * A network with whole numbers, and the same in numbers beside it: operators that multiply whole
 * numbers, weights that are kept as such, and what stands between two roundings, which ONNX Runtime
 * computes in whole numbers where nobody else reads it. Both are the model itself where there is
 * nothing of that.
 */
export const dequantised = onceFor((model): Dequantised => {
  const nodes: Node[] = [];
  const beside: Node[] = [];
  const held: ValueInfo[] = [];
  const constants = new Map<string, Tensor>();
  const made = producers(model);
  const constant = (value: string): Tensor | null => {
    const node = made.get(value);
    return (
      model.initializers.get(value) ?? constants.get(value) ?? (node ? constantOf(node) : null)
    );
  };
  const copies = betweenRoundings(model);
  const named = (value: string) => copies.get(value) ?? value;
  for (const node of model.nodes) {
    const inputs = node.inputs.map(named);
    const renamed = inputs.some((input, at) => input !== node.inputs[at])
      ? { ...node, inputs }
      : node;
    if (node.outputs.some((output) => copies.has(output))) {
      const copy = {
        ...renamed,
        name: node.name && `${node.name}/numbers`,
        outputs: node.outputs.map(named),
      };
      nodes.push(copy);
      beside.push(copy);
      continue;
    }
    const twin = new Twin(node, constant);
    const weights = node.op === 'DequantizeLinear' ? twin.weights() : null;
    if (weights) constants.set(node.outputs[0]!, weights);
    else if (twinOf(node)?.(twin)) {
      nodes.push(...twin.nodes);
      beside.push(...twin.nodes.filter(({ outputs }) => !made.has(outputs[0]!)));
      held.push(...twin.held);
      for (const [name, tensor] of twin.initializers) constants.set(name, tensor);
    } else nodes.push(renamed);
  }
  if (constants.size === 0 && beside.length === 0 && held.length === 0)
    return { graph: model, seen: model };
  const ownConstants = [...constants].filter(([name]) => !made.has(name));
  return {
    graph: {
      ...model,
      nodes: [...model.nodes, ...beside],
      initializers: new Map([...model.initializers, ...ownConstants]),
    },
    seen: {
      ...model,
      nodes,
      initializers: new Map([...model.initializers, ...constants]),
      inputs: [...model.inputs, ...held],
    },
  };
});

function twinOf({ op, domain }: Node) {
  const name = domain === '' ? op : `${domain}.${op}`;
  return Object.hasOwn(twins, name) ? twins[name] : undefined;
}
