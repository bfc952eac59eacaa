import { attributes, type PlainAttribute } from '../../server/onnx/attributes.ts';
import type { Attribute, Node, Subgraph } from '../../server/onnx/graph.ts';
import { capturedBy, withCaptured } from '../../server/onnx/subgraphs.ts';
import type { Network } from './network.ts';

export type InnerNode = readonly [
  op: string,
  inputs: readonly string[],
  output: string,
  attributes?: Readonly<Record<string, PlainAttribute>>,
];

/** A graph within a node, of nodes in a row, that captures what it does not make. */
export function graph(
  nodes: readonly (InnerNode | Node)[],
  inputs: readonly [name: string, type: number][],
  outputs: readonly string[],
): Attribute {
  const made: Omit<Subgraph, 'captured'> = {
    nodes: nodes.map((node) => {
      if ('op' in node) return node;
      const [op, read, output, plain = {}] = node;
      return {
        op,
        domain: '',
        name: `${output}/${op}`,
        inputs: read,
        outputs: [output],
        attributes: attributes(plain),
      };
    }),
    initializers: new Map(),
    inputs: inputs.map(([name, type]) => ({ name, type, shape: type === 1 ? null : [] })),
    outputs: outputs.map((name) => ({ name, type: 1, shape: null })),
  };
  return { kind: 'graph', value: { ...made, captured: capturedBy(made) } };
}

/** Adds a node that has graphs of its own. */
export const controlled = (
  network: Pick<Network, 'nodes'>,
  op: string,
  inputs: readonly string[],
  graphs: Readonly<Record<string, Attribute>>,
  outputs: readonly string[],
) =>
  network.nodes.push(
    withCaptured({
      op,
      domain: '',
      name: op,
      inputs,
      outputs,
      attributes: new Map(Object.entries(graphs)),
    }),
  );

/**
 * A Loop over one value, which every round reads as `before` and gives as `after`; `mark` tells the
 * names of loops within one another apart. `kept` is what is given of every round beside it.
 */
export function looped(
  network: Pick<Network, 'nodes'>,
  start: string,
  rounds: string,
  nodes: readonly (InnerNode | Node)[] = [['Relu', ['before'], 'after']],
  mark = '',
  kept: readonly string[] = [],
): string {
  const body = graph(
    [['Identity', [`going${mark}`], `on${mark}`], ...nodes],
    [
      [`round${mark}`, 7],
      [`going${mark}`, 9],
      [`before${mark}`, 1],
    ],
    [`on${mark}`, `after${mark}`, ...kept],
  );
  controlled(network, 'Loop', [rounds, '', start], { body }, [
    `looped${mark}`,
    ...kept.map((name) => `all ${name}`),
  ]);
  return `looped${mark}`;
}
