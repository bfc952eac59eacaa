import { intsAttribute } from '../../onnx/attributes.ts';
import type { Node } from '../../onnx/graph.ts';
import { elementsPerPicture } from '../../onnx/shapes/size-limits.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';
import type { Size, SpatialStep } from './spatial-step.ts';
import type { TrunkGraph } from './trunk-graph.ts';

/**
 * Feature maps [N, C, H, W] that are earlier ones in other groups: as GroupNorm takes channels
 * together and apart again, a channel shuffle mixes them, a pixel unshuffle makes channels of
 * places.
 */
export interface Regrouping {
  /** The feature maps that enter it. */
  readonly root: string;
  /** Where the plane has another size. */
  readonly step: SpatialStep | null;
}

const MOST_NODES = 12;
const MOST_VALUES = 2 ** 22;

/** The regrouping that ends in the value; null where none does. */
export function regroupingAt(graph: TrunkGraph, value: string): Regrouping | null {
  const { made, fromImage, shapes } = graph;
  const chain: Node[] = [];
  let at = value;
  let regroups = false;
  while (chain.length < MOST_NODES) {
    const node = made.get(at);
    const inputs = node?.inputs.filter((input) => fromImage.has(input)) ?? [];
    if (!node || inputs.length !== 1 || !followsPlaces(graph, node)) return null;
    chain.unshift(node);
    regroups ||= explainedOperatorOf(node)!.mixesPositions;
    at = inputs[0]!;
    if (!regroups || shapes.of(at).length !== 4 || shapes.of(value).length !== 4) continue;
    const [from, to] = [planeOf(graph, at), planeOf(graph, value)];
    if (!keepsPlaces(graph, at, chain, from, to)) continue;
    const isSame = from[0] === to[0] && from[1] === to[1];
    return { root: at, step: isSame ? null : { kind: 'resize', from, to } };
  }
  return null;
}

/** Where the regrouping that the node begins with has put the value; null where it has not. */
export function regroupedBehind(
  graph: TrunkGraph,
  readersOf: (value: string) => readonly Node[],
  value: string,
  first: Node,
): string | null {
  let node: Node | undefined = first;
  for (let count = 0; node && count < MOST_NODES; count++) {
    const out: string = node.outputs[0]!;
    if (!followsPlaces(graph, node)) return null;
    if (graph.shapes.known(out)?.length === 4 && regroupingAt(graph, out)?.root === value)
      return out;
    node = readersOf(out).at(-1);
  }
  return null;
}

/** Whether it is known where each value comes from: from its own place, or by the shapes. */
function followsPlaces({ shapes }: TrunkGraph, node: Node): boolean {
  const row = explainedOperatorOf(node);
  const [from, to] = [shapes.known(node.inputs[0]!), shapes.known(node.outputs[0]!)];
  if (!row || !from || !to) return false;
  if (row.rearranges) return true;
  const keepsPlaces =
    row.relevance === 'norm' || row.relevance === 'softmax' || row.relevance === 'activation';
  return keepsPlaces && row.elementwise === null && from.join() === to.join();
}

function planeOf({ shapes }: TrunkGraph, value: string): Size {
  const [, , height, width] = shapes.of(value);
  return [Number(height), Number(width)];
}

/**
 * Follows every place of the plane through the chain, for one picture, and tells whether what comes
 * out at a place came from the same one, in proportion to the sizes of the planes.
 */
function keepsPlaces(
  { shapes }: TrunkGraph,
  root: string,
  chain: readonly Node[],
  from: Size,
  to: Size,
): boolean {
  const sizes = (value: string) => shapes.of(value).map((dim) => elementsPerPicture([dim]));
  const [batch, channels, height, width] = sizes(root) as [number, number, number, number];
  const plane = height * width;
  if (batch !== 1 || !(channels * plane <= MOST_VALUES)) return false;
  let places = Int32Array.from({ length: channels * plane }, (_, at) => at % plane);
  for (const node of chain) {
    if (node.op === 'Transpose') {
      const dims = sizes(node.inputs[0]!);
      const order = intsAttribute(node, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis);
      places = transposed(places, dims, order);
    }
  }
  const [first, ...rest] = sizes(chain.at(-1)!.outputs[0]!);
  if (first !== 1 || rest.reduce((all, size) => all * size, 1) !== places.length) return false;
  const isAt = (place: number, at: number, axis: 0 | 1) =>
    to[axis] <= from[axis]
      ? Math.floor((place * to[axis]) / from[axis]) === at
      : place === Math.floor((at * from[axis]) / to[axis]);
  return places.every((place, index) => {
    const at = index % (to[0] * to[1]);
    return (
      isAt(Math.floor(place / width), Math.floor(at / to[1]), 0) &&
      isAt(place % width, at % to[1], 1)
    );
  });
}

function transposed(
  values: Int32Array<ArrayBuffer>,
  dims: readonly number[],
  order: readonly number[],
): Int32Array<ArrayBuffer> {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--)
    strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  const result = new Int32Array(values.length);
  const counter = new Array<number>(dims.length).fill(0);
  let from = 0;
  for (let at = 0; at < result.length; at++) {
    result[at] = values[from]!;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      const [size, stride] = [dims[order[axis]!]!, strides[order[axis]!]!];
      from += stride;
      if (++counter[axis]! < size) break;
      counter[axis] = 0;
      from -= stride * size;
    }
  }
  return result;
}
