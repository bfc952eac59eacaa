import { operatorAndName, type Model, type Node, type Shape, type Subgraph } from './graph.ts';
import { inferKnownShapes, inferWhatIsKnown } from './infer-shapes.ts';
import { beyondLimit, inDigits, LIMITS } from './limits.ts';
import type { KnownShapes } from './shapes/shapes.ts';
import { bytesPerPicture } from './shapes/size-limits.ts';
import { ownInputs, subgraphsOf } from './subgraphs.ts';
import { tensorNumbers } from './tensor.ts';

/** What a node takes that has graphs of its own: If, Loop, Scan. */
export interface InnerDemand {
  readonly liveBytes: number;
  readonly products: number;
}

type DemandOf = (model: Model, facts: KnownShapes) => InnerDemand;

/** ONNX Runtime takes about ten microseconds to begin a round, whatever is in it. */
const PRODUCTS_PER_ROUND = 1e6;
/** Rounds whose values may have another size than in the round before. */
const MOST_GROWING = 64;
const FIXED = 'Export the network with a fixed number of rounds.';

/** Whether some of its nodes have graphs of their own. */
export function hasBranches({ nodes }: Model): boolean {
  return nodes.some((node) => subgraphsOf(node).length > 0);
}

/**
 * For one picture. Throws MODEL_SHAPE for a loop that may go on for longer than `LIMITS.rounds`, or
 * whose values grow with every round.
 */
export function innerDemand(
  model: Model,
  node: Node,
  facts: KnownShapes,
  demandOf: DemandOf,
): InnerDemand {
  const graphs = subgraphsOf(node);
  const [body] = graphs;
  if (!body) return { liveBytes: 0, products: 0 };
  if (node.op === 'Loop' && node.domain === '')
    return demandOfLoop(model, node, body, facts, demandOf);
  const rounds = node.op === 'Scan' ? scanned(node, body, facts) : 1;
  const each = graphs.map((graph) => {
    const inner = bodyOf(model, node, graph, facts, []);
    return demandOf(inner, inferKnownShapes(inner));
  });
  return {
    liveBytes: Math.max(...each.map(({ liveBytes }) => liveBytes)),
    products: rounds * each.reduce((sum, { products }) => sum + products, PRODUCTS_PER_ROUND),
  };
}

function demandOfLoop(
  model: Model,
  node: Node,
  body: Subgraph,
  facts: KnownShapes,
  demandOf: DemandOf,
): InnerDemand {
  const rounds = roundsOf(model, node, facts);
  const starts = node.inputs.slice(2, ownInputs(node));
  let carried = starts.map((start) => facts.of(start));
  // What each round gives is kept to the end.
  let [liveBytes, stacked, products] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    const inner = bodyOf(model, node, body, facts, [[], [], ...carried]);
    const known = inferWhatIsKnown(inner);
    const shapes = inferKnownShapes(inner);
    const demand = demandOf(inner, shapes);
    liveBytes = Math.max(liveBytes, demand.liveBytes);
    stacked =
      rounds *
      body.outputs
        .slice(1 + starts.length)
        .map(({ name }) => ({ type: shapes.type(name), shape: shapes.of(name) ?? [0] }))
        .reduce((sum, each) => sum + bytesPerPicture(each), 0);
    const after = carried.map((_, index) => known.known(body.outputs[index + 1]?.name ?? ''));
    const isSame = after.every((shape, index) => !shape || isAlike(shape, carried[index]));
    products += (demand.products + PRODUCTS_PER_ROUND) * (isSame ? rounds - round : 1);
    if (isSame) break;
    if (round >= MOST_GROWING)
      throw beyondLimit(
        model.source,
        `runs ${operatorAndName(node)} with values that grow in each of its ${inDigits(rounds)} rounds; ${MOST_GROWING} such rounds are the limit`,
        FIXED,
      );
    carried = after;
  }
  return { liveBytes: liveBytes + stacked, products };
}

function isAlike(shape: Shape, before: Shape | null | undefined): boolean {
  return !!before && shape.join() === before.join();
}

function roundsOf(model: Model, node: Node, facts: KnownShapes): number {
  const tensor = facts.constant(node.inputs[0] ?? '');
  const rounds = tensor ? tensorNumbers(tensor)[0] : facts.sizes(node.inputs[0] ?? '')?.[0];
  if (typeof rounds !== 'number')
    throw beyondLimit(
      model.source,
      `may run ${operatorAndName(node)} for ever: nothing in the file says how many rounds it has`,
      FIXED,
    );
  if (rounds > LIMITS.rounds)
    throw beyondLimit(
      model.source,
      `may run ${operatorAndName(node)} for ${inDigits(rounds)} rounds; the limit is ${inDigits(LIMITS.rounds)}`,
      FIXED,
    );
  return Math.max(0, rounds);
}

/** Rounds of a Scan: as many as its first scanned input has slices. */
function scanned(node: Node, body: Subgraph, facts: KnownShapes): number {
  const count = node.attributes.get('num_scan_inputs');
  const scannedInputs = count?.kind === 'int' ? Number(count.value) : 1;
  const first = node.inputs[body.inputs.length - scannedInputs] ?? '';
  const axes = node.attributes.get('scan_input_axes');
  const axis = axes?.kind === 'ints' ? Number(axes.value[0] ?? 0n) : 0;
  const length = facts.of(first)?.at(axis);
  return typeof length === 'number' ? length : 1;
}

/** A graph of a node as a network of its own; what is not known of its inputs is left out. */
function bodyOf(
  model: Model,
  node: Node,
  graph: Subgraph,
  facts: KnownShapes,
  shapes: readonly (Shape | null)[],
): Model {
  const initializers = new Map(graph.initializers);
  const captured = graph.captured.flatMap((name, index) => {
    const outside = node.inputs[ownInputs(node) + index] ?? '';
    const constant = facts.constant(outside);
    if (constant) initializers.set(name, constant);
    const shape = constant ? null : facts.of(outside);
    return shape ? [{ name, type: facts.type(outside), shape }] : [];
  });
  const own = graph.inputs.flatMap((input, index) => {
    const shape = shapes[index] ?? null;
    const outside = node.inputs[index] ?? '';
    return shape ? [{ ...input, type: input.type || facts.type(outside), shape }] : [];
  });
  return {
    ...model,
    nodes: graph.nodes,
    initializers,
    inputs: [...own, ...captured],
    outputs: graph.outputs,
  };
}
