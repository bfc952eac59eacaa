import { RoadgazeError } from '../../shared/errors.ts';
import type { Attribute, Node } from './graph.ts';
import { LIMITS, beyondLimit } from './limits.ts';

/** A function that a model brings along: an operator of its own, made of other nodes. */
export interface ModelFunction {
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly FunctionNode[];
  /** Attributes that a call may leave out. */
  readonly defaults: ReadonlyMap<string, Attribute>;
}

/** A node of a function's body; `referred` are attributes that are taken from the call, by name. */
export interface FunctionNode {
  readonly node: Node;
  readonly referred: ReadonlyMap<string, string>;
}

/**
 * The nodes, with every call of a function replaced by the function's own nodes. Their names and
 * values begin with the call's, so that they stay apart. Throws MODEL_UNREADABLE where functions
 * call one another without an end.
 */
export function inlineFunctions(
  source: string,
  nodes: readonly Node[],
  functions: readonly ModelFunction[],
): readonly Node[] {
  return functions.length === 0 ? nodes : new Inlining(source, functions).inlined(nodes, 0);
}

class Inlining {
  readonly #source: string;
  readonly #byName: ReadonlyMap<string, ModelFunction>;
  #calls = 0;

  constructor(source: string, functions: readonly ModelFunction[]) {
    this.#source = source;
    this.#byName = new Map(functions.map((each) => [`${each.domain}.${each.name}`, each]));
  }

  inlined(nodes: readonly Node[], depth: number): readonly Node[] {
    if (depth > LIMITS.depth)
      throw new RoadgazeError(
        'MODEL_UNREADABLE',
        `${this.#source} has functions that call one another more than ${LIMITS.depth} deep.`,
        'Export the network again, with its functions inlined.',
      );
    const inlined: Node[] = [];
    for (const node of nodes) {
      const called = this.#byName.get(`${node.domain}.${node.op}`);
      const own = called ? this.inlined(bodyOf(node, called, this.#calls++), depth + 1) : [node];
      if (inlined.length + own.length > LIMITS.nodes || this.#calls > LIMITS.nodes)
        throw beyondLimit(this.#source, `has more than ${LIMITS.nodes} nodes, which is the limit`);
      for (const each of own) inlined.push(each);
    }
    return inlined;
  }
}

function bodyOf(call: Node, called: ModelFunction, count: number): Node[] {
  const prefix = `${call.name || call.outputs.find((output) => output) || call.op}/${count}`;
  const names = new Map<string, string>([['', '']]);
  called.inputs.forEach((input, index) => names.set(input, call.inputs[index] ?? ''));
  // An output of the function is the value that the call gives, unless it is an input passed on.
  const passed: Node[] = [];
  called.outputs.forEach((output, index) => {
    const given = call.outputs[index];
    if (!given) return;
    if (names.has(output))
      passed.push({
        op: 'Identity',
        domain: '',
        name: `${prefix}/${output}`,
        inputs: [names.get(output)!],
        outputs: [given],
        attributes: new Map(),
      });
    else names.set(output, given);
  });
  const nameOf = (value: string) => names.get(value) ?? `${prefix}/${value}`;
  const nodes = called.nodes.map(({ node, referred }, index): Node => {
    const attributes = new Map(node.attributes);
    for (const [name, of] of referred) {
      const attribute = call.attributes.get(of) ?? called.defaults.get(of);
      if (attribute) attributes.set(name, attribute);
    }
    const inputs = node.inputs.map(nameOf);
    return {
      ...node,
      name: `${prefix}/${node.name || index}`,
      inputs: inputs.slice(0, inputs.findLastIndex((input) => input !== '') + 1),
      outputs: node.outputs.map(nameOf),
      attributes,
    };
  });
  return [...nodes, ...passed];
}
