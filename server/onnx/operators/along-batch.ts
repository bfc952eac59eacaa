import { intAttribute } from '../attributes.ts';
import type { Dimension, Node, Shape } from '../graph.ts';
import type { Shapes } from '../shapes/shapes.ts';

/** Where an operator stands, on the way from the picture to the answer. */
export interface Place {
  readonly shapes: Shapes;
  /** Whether the value lies on the way. */
  readonly seen: (value: string) => boolean;
  readonly opset: number;
  readonly batch: string;
}

/** Whether the size is the batch, or a product or sum with it. */
export function holds(dim: Dimension, batch: string): boolean {
  return dim === batch || (typeof dim === 'string' && dim.split(/[*+(),]/).includes(batch));
}

/**
 * Whether an operator whose result keeps the batch works along it. `inputs`: the axes that hold the
 * batch, by input.
 */
export type AlongBatch = (
  node: Node,
  inputs: readonly (readonly number[])[],
  place: Place,
) => boolean;

const rankOf = (node: Node, { shapes }: Place) => shapes.of(node.inputs[0]!).length;

function axisOf(node: Node, place: Place, fallback: number): number {
  const axis = intAttribute(node, 'axis', fallback);
  return axis < 0 ? axis + rankOf(node, place) : axis;
}

export const alongAxis =
  (fallback: number): AlongBatch =>
  (node, [axes], place) =>
    axes!.includes(axisOf(node, place, fallback));

/** All axes from the named one on. */
export const fromAxis =
  (fallback: number): AlongBatch =>
  (node, [axes], place) =>
    axes!.some((axis) => axis >= axisOf(node, place, fallback));

/** Before operator set 13 a softmax ran over all axes from the named one on. */
export const softmax: AlongBatch = (node, inputs, place) =>
  (place.opset < 13 ? fromAxis(1) : alongAxis(-1))(node, inputs, place);

/** Operators on pictures: their first axis is the batch, and nothing else may be. */
export const behindFirst: AlongBatch = (_node, [axes]) => axes!.some((axis) => axis > 0);

export const concat: AlongBatch = (node, inputs, place) =>
  inputs.some((axes) => axes.includes(axisOf(node, place, 1)));

export const matMul: AlongBatch = (node, [left, right], { shapes }) => {
  const [first, second] = node.inputs.map((input) => shapes.of(input).length) as [number, number];
  return left!.includes(first - 1) || right!.includes(Math.max(0, second - 2));
};

export const gemm: AlongBatch = (node, [left, right]) =>
  left!.includes(intAttribute(node, 'transA', 0) ? 0 : 1) ||
  (right ?? []).includes(intAttribute(node, 'transB', 0) ? 1 : 0);

/**
 * In another shape a picture's values stay together only where what lies in front of the batch
 * stays.
 */
export const reshape: AlongBatch = (node, [axes], { shapes, batch }) => {
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

/** Where nothing is known of the places that it takes. */
export const always: AlongBatch = () => true;

export const alongTile: AlongBatch = (node, [axes], { shapes }) =>
  axes!.some((axis) => shapes.of(node.inputs[0]!)[axis] !== shapes.of(node.outputs[0]!)[axis]);

export const alongSum: AlongBatch = (node, [axes], place) => {
  const [axis] = place.shapes.sizes(node.inputs[1]!)?.map(Number) ?? [];
  return axis === undefined || axes!.includes(axis < 0 ? axis + rankOf(node, place) : axis);
};
