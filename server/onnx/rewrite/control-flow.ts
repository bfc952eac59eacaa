import { keepOnly, type Attribute, type Model, type Node, type Subgraph } from '../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../infer-shapes.ts';
import { ownInputs, renamed } from '../subgraphs.ts';
import { DataType, int64Tensor, tensorNumbers, type Tensor } from '../tensor.ts';

/** Rounds of a loop that are written out at most. */
export const MOST_ROUNDS = 64;

/**
 * The same network without If and Loop, where what they depend on is known before it runs: the
 * branch that is taken, or each round of the loop, stands in their place. Where a branch depends on
 * a value, both are computed and the one that counts is taken, if they give the same shapes.
 */
export function withoutControlFlow(model: Model): Model {
  let straight = model;
  const stays = new Set<Node>();
  // A branch may hold another one.
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const node = straight.nodes.find((each) => isControl(each) && !stays.has(each));
    if (!node) return straight;
    const shapes = inferWhatIsKnown(straight);
    const body =
      node.op === 'If' ? branched(straight, shapes, node) : looped(straight.opset, shapes, node);
    if (body) straight = inPlaceOf(straight, node, body);
    else stays.add(node);
  }
  return straight;
}

function isControl({ op, domain }: Node): boolean {
  return domain === '' && (op === 'If' || op === 'Loop');
}

interface Body {
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

function inPlaceOf(model: Model, node: Node, { nodes, initializers }: Body): Model {
  const changed = {
    ...model,
    nodes: model.nodes.flatMap((each) => (each === node ? nodes : [each])),
    initializers: new Map([...model.initializers, ...initializers]),
  };
  return {
    ...changed,
    ...keepOnly(
      changed,
      changed.outputs.map(({ name }) => name),
    ),
  };
}

function graphOf(node: Node, name: string): Subgraph | null {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'graph' ? attribute.value : null;
}

const nodeOf = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: ReadonlyMap<string, Attribute> = new Map(),
): Node => ({ op, domain: '', name: `${output}/${op}`, inputs, outputs: [output], attributes });

const prefixOf = (node: Node) => node.name || node.outputs.find((output) => output) || node.op;

/** What the node captures, by the name that it has inside. */
function capturedNames(node: Node, { captured }: Subgraph): Map<string, string> {
  return new Map(captured.map((name, index) => [name, node.inputs[ownInputs(node) + index]!]));
}

/** The number that a value is; null where that is not known before the network runs. */
function numberOf(shapes: Shapes, value: string): number | null {
  const tensor = shapes.constant(value);
  const number = tensor ? tensorNumbers(tensor)[0] : shapes.sizes(value)?.[0];
  return typeof number === 'number' ? number : null;
}

function branched(model: Model, shapes: Shapes, node: Node): Body | null {
  const [condition = ''] = node.inputs;
  const branches = (['then_branch', 'else_branch'] as const).map((name) => graphOf(node, name));
  const [yes, no] = branches;
  if (!yes || !no) return null;
  const known = numberOf(shapes, condition);
  if (known !== null) return branch(node, known !== 0 ? yes : no, node.outputs);
  const ends = ['then', 'else'].map((side) =>
    node.outputs.map((output) => (output === '' ? '' : `${output}/${side}`)),
  ) as [string[], string[]];
  const both = [branch(node, yes, ends[0], 'then'), branch(node, no, ends[1], 'else')] as const;
  const nodes = [
    ...both.flatMap((body) => body.nodes),
    ...node.outputs.flatMap((output, index) =>
      output === '' ? [] : [nodeOf('Where', [condition, ends[0][index]!, ends[1][index]!], output)],
    ),
  ];
  const body = { nodes, initializers: new Map(both.flatMap((each) => [...each.initializers])) };
  const after = inferWhatIsKnown(inPlaceOf(model, node, body));
  const isSame = node.outputs.every((output, index) => {
    if (output === '') return true;
    const [first, second] = ends.map((names) => after.known(names[index]!));
    return !!first && !!second && first.join() === second.join();
  });
  return isSame ? body : null;
}

/** One branch, with the given names for what it gives. */
function branch(node: Node, graph: Subgraph, ends: readonly string[], side = 'taken'): Body {
  const prefix = `${prefixOf(node)}/${side}`;
  const { nodes, initializers, nameOf } = renamed(graph, capturedNames(node, graph), prefix);
  return {
    nodes: [
      ...nodes,
      ...ends.flatMap((end, index) =>
        end === '' ? [] : [nodeOf('Identity', [nameOf(graph.outputs[index]!.name)], end)],
      ),
    ],
    initializers,
  };
}

/** Every round; null where it is not known how many there are. */
function looped(opset: number, shapes: Shapes, node: Node): Body | null {
  const graph = graphOf(node, 'body');
  const [most = '', condition = '', ...starts] = node.inputs.slice(0, ownInputs(node));
  const rounds = most === '' ? null : numberOf(shapes, most);
  if (!graph || rounds === null || rounds < 1 || rounds > MOST_ROUNDS) return null;
  if (condition !== '' && numberOf(shapes, condition) !== 1) return null;
  const [count, going, ...carried] = graph.inputs.map(({ name }) => name) as [string, string];
  const [goingOn, ...ends] = graph.outputs.map(({ name }) => name) as [string, ...string[]];
  if (!goesOn(graph, goingOn, going)) return null;
  const prefix = prefixOf(node);
  const initializers = new Map<string, Tensor>();
  const nodes: Node[] = [];
  const truth = `${prefix}/true`;
  initializers.set(truth, { type: DataType.bool, dims: [], data: Uint8Array.of(1) });
  let state: readonly string[] = starts;
  const kept: string[][] = ends.slice(carried.length).map(() => []);
  for (let round = 0; round < rounds; round++) {
    const number = `${prefix}/${round}/count`;
    initializers.set(number, int64Tensor([round], []));
    const names = capturedNames(node, graph);
    names.set(count, number).set(going, truth);
    carried.forEach((name, index) => names.set(name, state[index]!));
    const body = renamed(graph, names, `${prefix}/${round}`);
    nodes.push(...body.nodes);
    for (const [name, tensor] of body.initializers) initializers.set(name, tensor);
    const given = ends.map(body.nameOf);
    state = given.slice(0, carried.length);
    given.slice(carried.length).forEach((value, index) => kept[index]!.push(value));
  }
  node.outputs.forEach((output, index) => {
    if (output === '') return;
    if (index < carried.length) nodes.push(nodeOf('Identity', [state[index]!], output));
    else nodes.push(...stacked(opset, kept[index - carried.length]!, output, initializers));
  });
  return { nodes, initializers };
}

/** Whether the loop never ends itself. */
function goesOn({ nodes, initializers }: Subgraph, value: string, going: string): boolean {
  if (value === going) return true;
  const tensor = initializers.get(value);
  if (tensor) return tensorNumbers(tensor)[0] === 1;
  const node = nodes.find(({ outputs }) => outputs.includes(value));
  if (node?.op === 'Identity' || node?.op === 'Cast')
    return goesOn({ nodes, initializers } as Subgraph, node.inputs[0]!, going);
  const constant = node?.op === 'Constant' ? node.attributes.get('value') : undefined;
  return constant?.kind === 'tensor' && tensorNumbers(constant.value)[0] === 1;
}

/** What each round gives, one above the other along a new first axis. */
function stacked(
  opset: number,
  values: readonly string[],
  output: string,
  initializers: Map<string, Tensor>,
): Node[] {
  const axis: Attribute = { kind: 'int', value: 0n };
  const axes = `${output}/axes`;
  initializers.set(axes, int64Tensor([0]));
  const each = values.map((value, round) =>
    opset >= 13
      ? nodeOf('Unsqueeze', [value, axes], `${output}/${round}`)
      : nodeOf(
          'Unsqueeze',
          [value],
          `${output}/${round}`,
          new Map([['axes', { kind: 'ints', value: [0n] }]]),
        ),
  );
  return [
    ...each,
    nodeOf(
      'Concat',
      each.map((node) => node.outputs[0]!),
      output,
      new Map([['axis', axis]]),
    ),
  ];
}
