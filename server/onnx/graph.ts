import { RoadgazeError } from '../../shared/errors.ts';
import type { Tensor } from './tensor.ts';

/** A known size, or the name of one that is free (most often the batch). */
export type Dimension = number | string;
export type Shape = readonly Dimension[];

export interface ValueInfo {
  readonly name: string;
  /** ONNX element type; 0 where the file does not tell. */
  readonly type: number;
  readonly shape: Shape | null;
}

export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'graph'; readonly value: Subgraph }
  /** Kinds that no operator that Roadgaze knows carries. */
  | { readonly kind: 'other'; readonly value: number };

/** A branch of If, or the body of Loop or Scan. */
export interface Subgraph {
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /**
   * Values from around it that it reads by their names. The node has them as further inputs, in this
   * order, so that they are known to be read, and may be renamed.
   */
  readonly captured: readonly string[];
}

export interface Node {
  readonly op: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly name: string;
  /** An empty string stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/**
 * A model as Roadgaze works on it. Rewrites take one and give a new one; they share nodes and
 * tensors, which nobody changes. `nodes` are in topological order. `inputs` leave initializers out.
 */
export interface Model {
  /** For messages: the file it came from. */
  readonly source: string;
  readonly irVersion: number;
  /** Version of ONNX's own operator set. */
  readonly opset: number;
  readonly otherOpsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** A node as a person finds it again in Netron: operator, name or first output, model. */
export function describeNode(model: Model, node: Node): string {
  return `${operatorAndName(node)} in ${model.source}`;
}

export function operatorAndName(node: Node): string {
  const operator = node.domain ? `${node.domain}.${node.op}` : node.op;
  return `${operator} "${node.name || node.outputs[0] || '?'}"`;
}

/** Which node gives each value. Found once for a model. */
export const producers = onceFor((model): ReadonlyMap<string, Node> => {
  const map = new Map<string, Node>();
  for (const node of model.nodes)
    for (const output of node.outputs) if (output) map.set(output, node);
  return map;
});

/** Which nodes read each value, in the model's order. Found once for a model. */
export const consumers = onceFor(({ nodes }): ReadonlyMap<string, readonly Node[]> =>
  readersAmong(nodes),
);

/** What is computed of a model, which nobody changes, is kept as long as the model. */
export function onceFor<Result extends object>(
  compute: (model: Model) => Result,
): (model: Model) => Result {
  const kept = new WeakMap<Model, Result>();
  return (model) => {
    const before = kept.get(model);
    if (before) return before;
    const result = compute(model);
    kept.set(model, result);
    return result;
  };
}

function readersAmong(nodes: readonly Node[]): Map<string, Node[]> {
  const map = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) {
      if (!input) continue;
      const list = map.get(input);
      if (list) list.push(node);
      else map.set(input, [node]);
    }
  }
  return map;
}

/** The given values, and all that depend on what they hold, not only on their size. */
export function dependents({ nodes }: Pick<Model, 'nodes'>, values: Iterable<string>): Set<string> {
  const found = new Set(values);
  for (const node of nodes) {
    if (node.op !== 'Shape' && node.op !== 'Size' && node.inputs.some((input) => found.has(input)))
      for (const output of node.outputs) if (output) found.add(output);
  }
  return found;
}

/** The value, and all that it depends on. */
export function ancestors(nodes: readonly Node[], value: string): Set<string> {
  const found = new Set([value]);
  for (const node of [...nodes].reverse()) {
    if (node.outputs.some((output) => found.has(output)))
      for (const input of node.inputs) if (input) found.add(input);
  }
  return found;
}

/** Nodes that the named values depend on, in the model's order; initializers that they use. */
export function keepOnly(
  model: Model,
  values: readonly string[],
): Pick<Model, 'nodes' | 'initializers'> {
  const needed = new Set(values);
  const nodes: Node[] = [];
  for (const node of [...model.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) if (input) needed.add(input);
  }
  const initializers = new Map([...model.initializers].filter(([name]) => needed.has(name)));
  return { nodes: nodes.reverse(), initializers };
}

/** The model as far as the value depends on it, with the value as its only output. */
export function onlyFor(model: Model, value: string): Model {
  return {
    ...model,
    ...keepOnly(model, [value]),
    outputs: model.outputs.filter(({ name }) => name === value),
  };
}

/**
 * Orders nodes so that each stands behind those it reads, and otherwise as they stand. Throws
 * MODEL_UNREADABLE where a value comes from nowhere, from two nodes or from itself.
 */
export function inTopologicalOrder(
  source: string,
  nodes: readonly Node[],
  given: Iterable<string>,
): Node[] {
  const incomplete = (what: string) =>
    new RoadgazeError(
      'MODEL_UNREADABLE',
      `${source} is not a complete network: ${what}.`,
      'Export the network again.',
    );
  const known = new Set(given);
  const promised = new Set<string>();
  for (const output of nodes.flatMap((node) => node.outputs)) {
    if (!output) continue;
    if (known.has(output) || promised.has(output)) throw incomplete(`"${output}" is given twice`);
    promised.add(output);
  }
  const readers = readersAmong(nodes);
  const missing = new Map<Node, number>();
  for (const node of nodes) {
    const open = [...new Set(node.inputs)].filter((input) => input && !known.has(input));
    const lost = open.find((input) => !promised.has(input));
    if (lost) throw incomplete(`nothing in it gives "${lost}"`);
    missing.set(node, open.length);
  }
  const ordered: Node[] = [];
  const place = (first: Node) => {
    const ready = [first];
    for (let node = ready.pop(); node; node = ready.pop()) {
      ordered.push(node);
      missing.delete(node);
      for (const reader of node.outputs.flatMap((output) =>
        output ? (readers.get(output) ?? []) : [],
      )) {
        const open = missing.get(reader)! - 1;
        missing.set(reader, open);
        // A reader further ahead is reached by the loop below; one that was passed already had to
        // wait for this node.
        if (open === 0 && passed.has(reader)) ready.push(reader);
      }
    }
  };
  const passed = new Set<Node>();
  for (const node of nodes) {
    passed.add(node);
    if (missing.get(node) === 0) place(node);
  }
  const [circular] = missing.keys();
  if (circular) throw incomplete(`"${circular.outputs[0] ?? circular.name}" depends on itself`);
  return ordered;
}
