import { constantOf } from '../../constant-node.ts';
import { onceFor, producers, type Model, type Node, type ValueInfo } from '../../graph.ts';
import type { Tensor } from '../../tensor.ts';
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
 * A network that multiplies whole numbers, with the same in numbers beside it. Both are the model
 * itself where it does not.
 */
export const dequantised = onceFor((model): Dequantised => {
  const nodes: Node[] = [];
  const beside: Node[] = [];
  const held: ValueInfo[] = [];
  const initializers = new Map(model.initializers);
  const made = producers(model);
  const constant = (value: string): Tensor | null => {
    const node = made.get(value);
    return model.initializers.get(value) ?? (node ? constantOf(node) : null);
  };
  for (const node of model.nodes) {
    const write = twins[node.domain === '' ? node.op : `${node.domain}.${node.op}`];
    const twin = new Twin(node, constant);
    if (!write?.(twin)) {
      nodes.push(node);
      continue;
    }
    nodes.push(...twin.nodes);
    beside.push(...twin.nodes.filter(({ outputs }) => !made.has(outputs[0]!)));
    held.push(...twin.held);
    for (const [name, tensor] of twin.initializers) initializers.set(name, tensor);
  }
  if (initializers.size === model.initializers.size && beside.length === 0 && held.length === 0)
    return { graph: model, seen: model };
  return {
    graph: { ...model, nodes: [...model.nodes, ...beside], initializers },
    seen: { ...model, nodes, initializers, inputs: [...model.inputs, ...held] },
  };
});
