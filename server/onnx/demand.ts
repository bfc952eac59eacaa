import { stringAttribute } from './attributes.ts';
import { consumers, operatorAndName, type Model, type Node, type Shape } from './graph.ts';
import { beyondLimit, inBytes, inDigits, LIMITS } from './limits.ts';
import { operatorOf } from './operators/operators.ts';
import { bytesPerPicture, elementsPerPicture } from './shapes/size-limits.ts';
import type { KnownShapes } from './shapes/shapes.ts';
import { innerDemand } from './subgraph-demand.ts';

/** What one run of a network takes, for one picture. */
export interface Demand {
  /** Of all values that are held at the same time, at most; weights are not among them. */
  readonly liveBytes: number;
  /** The node at which that is. */
  readonly fullest: Node;
  /** Multiplications, or what takes as long. */
  readonly products: number;
  readonly weightBytes: number;
}

/** Writing one value takes as long as so many products in a convolution. */
const PRODUCTS_PER_VALUE = 50;
/** The same where a picture is resized with the 16 neighbours of each value, one by one. */
const PRODUCTS_PER_CUBIC = 6000;

/**
 * Values whose shape is not known count as nothing. Throws MODEL_SHAPE for a loop that may not end.
 */
export function demandOf(model: Model, facts: KnownShapes): Demand {
  const bytes = (value: string) => {
    const shape = facts.of(value);
    return shape ? bytesPerPicture({ type: facts.type(value), shape }) : 0;
  };
  const elements = (value: string) => {
    const shape = facts.of(value);
    return shape ? elementsPerPicture(shape) : 0;
  };
  /** The value whose memory it is, and how many nodes are still to read that. */
  const owner = new Map<string, string>();
  const ownerOf = (value: string) => owner.get(value) ?? value;
  const readers = new Map<string, number>();
  const read = consumers(model);
  const kept = new Set([...model.outputs, ...model.inputs].map(({ name }) => name));
  for (const node of model.nodes) {
    if (operatorOf(node)?.memory === 'view' && node.inputs[0] && node.outputs[0])
      owner.set(node.outputs[0], ownerOf(node.inputs[0]));
  }
  for (const [value, nodes] of read)
    readers.set(ownerOf(value), (readers.get(ownerOf(value)) ?? 0) + nodes.length);
  let live = model.inputs.reduce((sum, { name }) => sum + bytes(name), 0);
  let [liveBytes, products, fullest] = [live, 0, model.nodes[0]!];
  for (const node of model.nodes) {
    const made = node.outputs.filter((output) => output !== '' && !owner.has(output));
    const added = made.reduce((sum, output) => sum + bytes(output), 0);
    let freed = 0;
    for (const input of new Set(node.inputs)) {
      if (input === '' || model.initializers.has(ownerOf(input))) continue;
      const left = readers.get(ownerOf(input))! - 1;
      readers.set(ownerOf(input), left);
      if (left === 0 && !kept.has(ownerOf(input))) freed += bytes(ownerOf(input));
    }
    const isInPlace = operatorOf(node)?.memory === 'over its input';
    const inner = innerDemand(model, node, facts, demandOf);
    const during =
      live +
      (isInPlace ? Math.max(0, added - freed) : added) +
      Math.max(inner.liveBytes, scratchOf(node, facts, elements));
    if (during > liveBytes) [liveBytes, fullest] = [during, node];
    live += added - freed;
    products +=
      inner.products +
      productsOf(node, facts, elements) +
      PRODUCTS_PER_VALUE * made.reduce((sum, output) => sum + elements(output), 0);
  }
  const weightBytes = [...model.initializers.values()].reduce(
    (sum, { data }) => sum + data.byteLength,
    0,
  );
  return { liveBytes, fullest, products, weightBytes };
}

/** Throws MODEL_SHAPE where one run on one picture takes more than `LIMITS` allow. */
export function checkDemand(model: Model, facts: KnownShapes): void {
  const { liveBytes, fullest, products } = demandOf(model, facts);
  if (liveBytes > LIMITS.liveBytes)
    throw beyondLimit(
      model.source,
      `holds ${inBytes(liveBytes)} at once for one picture, at ${operatorAndName(fullest)}; the limit is ${inBytes(LIMITS.liveBytes)}`,
    );
  if (products > LIMITS.products)
    throw beyondLimit(
      model.source,
      `takes ${inDigits(products)} multiplications for one picture; the limit is ${inDigits(LIMITS.products)}`,
    );
}

/**
 * Bytes that ONNX Runtime takes while it computes the node: a transposed convolution writes all of
 * its products out before it adds them.
 */
function scratchOf(node: Node, facts: KnownShapes, elements: (value: string) => number): number {
  return node.op === 'ConvTranspose' && node.domain === ''
    ? (4 * elements(node.inputs[0] ?? '') * perChannel(facts.of(node.inputs[1] ?? ''))) /
        channelsOf(facts.of(node.inputs[0] ?? ''))
    : 0;
}

function productsOf(node: Node, facts: KnownShapes, elements: (value: string) => number): number {
  if (node.domain !== '') return 0;
  const [first = '', second = ''] = node.inputs;
  if (node.op === 'Resize' && stringAttribute(node, 'mode', 'nearest') === 'cubic')
    return elements(node.outputs[0] ?? '') * PRODUCTS_PER_CUBIC;
  if (node.op === 'Conv') return elements(node.outputs[0] ?? '') * perChannel(facts.of(second));
  if (node.op === 'ConvTranspose') return elements(first) * perChannel(facts.of(second));
  if (node.op === 'Gemm' || node.op === 'MatMul') {
    const rows = elements(node.outputs[0] ?? '');
    const inner = facts.of(first)?.at(-1);
    return typeof inner === 'number' ? rows * inner : 0;
  }
  return 0;
}

/** Weights for each channel of the first axis. */
function perChannel(shape: Shape | null): number {
  return shape ? elementsPerPicture(shape.slice(1)) : 0;
}

function channelsOf(shape: Shape | null): number {
  const channels = shape?.[1];
  return typeof channels === 'number' && channels > 0 ? channels : 1;
}
