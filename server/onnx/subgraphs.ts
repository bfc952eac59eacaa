import type { Attribute, Node, Subgraph } from './graph.ts';
import type { Tensor } from './tensor.ts';

/** Values that the graph reads and does not make, each once. */
export function capturedBy({
  nodes,
  initializers,
  inputs,
  outputs,
}: Omit<Subgraph, 'captured'>): readonly string[] {
  const own = new Set([
    ...initializers.keys(),
    ...inputs.map(({ name }) => name),
    ...nodes.flatMap((node) => node.outputs),
  ]);
  const read = [...nodes.flatMap((node) => node.inputs), ...outputs.map(({ name }) => name)];
  return [...new Set(read.filter((name) => name !== '' && !own.has(name)))];
}

export function subgraphsOf({ attributes }: Node): readonly Subgraph[] {
  return [...attributes.values()].flatMap((attribute) =>
    attribute.kind === 'graph' ? [attribute.value] : [],
  );
}

/** How many of its inputs the operator has by itself. */
export function ownInputs(node: Node): number {
  const [first] = subgraphsOf(node);
  return first ? node.inputs.length - first.captured.length : node.inputs.length;
}

/** The node with all that its graphs capture as further inputs. */
export function withCaptured(node: Node): Node {
  const captured = [...new Set(subgraphsOf(node).flatMap((graph) => graph.captured))];
  if (subgraphsOf(node).length === 0) return node;
  const attributes = new Map<string, Attribute>(
    [...node.attributes].map(([name, attribute]) => [
      name,
      attribute.kind === 'graph'
        ? { kind: 'graph', value: { ...attribute.value, captured } }
        : attribute,
    ]),
  );
  return { ...node, inputs: [...node.inputs, ...captured], attributes };
}

/**
 * The nodes of a graph with other names for what they read and make; what is in `names` is given,
 * everything else gets the prefix.
 */
export function renamed(
  { nodes, initializers }: Pick<Subgraph, 'nodes' | 'initializers'>,
  names: ReadonlyMap<string, string>,
  prefix: string,
): {
  nodes: readonly Node[];
  initializers: Map<string, Tensor>;
  nameOf: (value: string) => string;
} {
  const nameOf = (value: string) =>
    value === '' ? '' : (names.get(value) ?? `${prefix}/${value}`);
  return {
    nameOf,
    nodes: nodes.map((node, index) => ({
      ...node,
      name: `${prefix}/${node.name || index}`,
      inputs: node.inputs.map(nameOf),
      outputs: node.outputs.map(nameOf),
    })),
    initializers: new Map([...initializers].map(([name, tensor]) => [nameOf(name), tensor])),
  };
}
