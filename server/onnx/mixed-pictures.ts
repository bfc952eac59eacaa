import { intAttribute } from './attributes.ts';
import {
  ancestors,
  dependents,
  type Dimension,
  type Model,
  type Node,
  type Shape,
} from './graph.ts';
import type { Shapes } from './infer-shapes.ts';

/**
 * The first node on the way from the picture to the answer where what belongs to one picture of a
 * batch meets what belongs to others, or leaves its place in the batch: behind it a picture's
 * answer depends on which others it is computed with. null where there is none. `batch` is the free
 * size of the picture's first axis, which every shape carries along.
 */
export function mixingNode(
  model: Model,
  shapes: Shapes,
  picture: string,
  answer: string,
  batch: string,
): Node | null {
  const fromPicture = dependents(model, [picture]);
  const reaching = ancestors(model.nodes, answer);
  const seen = (value: string) => fromPicture.has(value) && reaching.has(value);
  return (
    model.nodes.find(
      (node) =>
        node.outputs.some(seen) &&
        node.inputs.some(seen) &&
        mixes(node, { shapes, seen, opset: model.opset, batch }),
    ) ?? null
  );
}

interface Place {
  readonly shapes: Shapes;
  /** Whether the value lies on the way. */
  readonly seen: (value: string) => boolean;
  readonly opset: number;
  readonly batch: string;
}

function mixes(node: Node, place: Place): boolean {
  const { shapes, seen, batch } = place;
  const axesOf = (value: string) =>
    shapes.of(value).flatMap((dim, axis) => (holds(dim, batch) ? [axis] : []));
  const inputs = node.inputs.map((input) => (seen(input) ? axesOf(input) : []));
  if (inputs.every((axes) => axes.length === 0)) return false;
  if (node.outputs.some((output) => seen(output) && axesOf(output).length !== 1)) return true;
  return Object.hasOwn(alongBatch, node.op) && alongBatch[node.op]!(node, inputs, place);
}

/** Whether the size is the batch, or a product or sum with it. */
function holds(dim: Dimension, batch: string): boolean {
  return dim === batch || (typeof dim === 'string' && dim.split(/[*+(),]/).includes(batch));
}

/**
 * Whether an operator whose result keeps the batch works along it. `inputs`: the axes that hold the
 * batch, by input.
 */
type AlongBatch = (node: Node, inputs: readonly (readonly number[])[], place: Place) => boolean;

const rankOf = (node: Node, { shapes }: Place) => shapes.of(node.inputs[0]!).length;

function axisOf(node: Node, place: Place, fallback: number): number {
  const axis = intAttribute(node, 'axis', fallback);
  return axis < 0 ? axis + rankOf(node, place) : axis;
}

const alongAxis =
  (fallback: number): AlongBatch =>
  (node, [axes], place) =>
    axes!.includes(axisOf(node, place, fallback));

/** All axes from the named one on. */
const fromAxis =
  (fallback: number): AlongBatch =>
  (node, [axes], place) =>
    axes!.some((axis) => axis >= axisOf(node, place, fallback));

/** Before operator set 13 a softmax ran over all axes from the named one on. */
const softmax: AlongBatch = (node, inputs, place) =>
  (place.opset < 13 ? fromAxis(1) : alongAxis(-1))(node, inputs, place);

/** Operators on pictures: their first axis is the batch, and nothing else may be. */
const behindFirst: AlongBatch = (_node, [axes]) => axes!.some((axis) => axis > 0);

const concat: AlongBatch = (node, inputs, place) =>
  inputs.some((axes) => axes.includes(axisOf(node, place, 1)));

const matMul: AlongBatch = (node, [left, right], { shapes }) => {
  const [first, second] = node.inputs.map((input) => shapes.of(input).length) as [number, number];
  return left!.includes(first - 1) || right!.includes(Math.max(0, second - 2));
};

const gemm: AlongBatch = (node, [left, right]) =>
  left!.includes(intAttribute(node, 'transA', 0) ? 0 : 1) ||
  (right ?? []).includes(intAttribute(node, 'transB', 0) ? 1 : 0);

/**
 * In another shape a picture's values stay together only where what lies in front of the batch
 * stays.
 */
const reshape: AlongBatch = (node, [axes], { shapes, batch }) => {
  const ahead = (shape: Shape) =>
    shape
      .slice(
        0,
        shape.findIndex((dim) => holds(dim, batch)),
      )
      .join('*');
  const product = (text: string) =>
    text
      .split('*')
      .filter((size) => size !== '' && size !== '1')
      .join('*');
  return (
    axes!.length > 0 &&
    product(ahead(shapes.of(node.inputs[0]!))) !== product(ahead(shapes.of(node.outputs[0]!)))
  );
};

const alongBatch: Readonly<Record<string, AlongBatch>> = {
  Softmax: softmax,
  LogSoftmax: softmax,
  Hardmax: softmax,
  LpNormalization: alongAxis(-1),
  CumSum: () => true,
  LayerNormalization: fromAxis(-1),
  BatchNormalization: behindFirst,
  InstanceNormalization: behindFirst,
  LRN: behindFirst,
  Conv: behindFirst,
  ConvTranspose: behindFirst,
  MaxPool: behindFirst,
  AveragePool: behindFirst,
  LpPool: behindFirst,
  GlobalAveragePool: behindFirst,
  GlobalMaxPool: behindFirst,
  Resize: behindFirst,
  Upsample: behindFirst,
  DepthToSpace: behindFirst,
  SpaceToDepth: behindFirst,
  Concat: concat,
  MatMul: matMul,
  Gemm: gemm,
  Reshape: reshape,
  Flatten: reshape,
};
