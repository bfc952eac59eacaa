import { RoadgazeError } from '../../../shared/errors.ts';
import { intsAttribute } from '../../onnx/attributes.ts';
import { describeNode, type Model, type Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { enlargement, windowOf, type Window } from '../../onnx/windows.ts';

export type Size = readonly [height: number, width: number];

/** How a node changes the image plane. Upscaling a mask takes these steps backwards. */
export type SpatialStep = { readonly from: Size; readonly to: Size } & (
  | { readonly kind: 'window'; readonly window: Window }
  /** ConvTranspose: enlarges by a window. */
  | { readonly kind: 'enlarge'; readonly window: Window }
  /** Zero or more rows and columns added (positive) or cut (negative): top, left, bottom, right. */
  | { readonly kind: 'border'; readonly border: readonly [number, number, number, number] }
  | { readonly kind: 'resize' }
);

/** Whether a plane has another size, or is seen at fewer places, behind the step. */
export function resamples(step: SpatialStep): boolean {
  return changesSize(step) || step.from.some((size, axis) => size !== step.to[axis]);
}

/**
 * Whether the step reduces or enlarges the plane as pooling does; what only loses or gains a border
 * does not.
 */
export function changesSize(step: SpatialStep): boolean {
  if (step.kind === 'border') return false;
  return (
    step.kind !== 'window' ||
    step.window.strides.some((stride) => stride > 1) ||
    step.to.every((size) => size === 1)
  );
}

/**
 * The step that a node takes from a plane of the size `from` to one of the size `to`. `axes` says
 * at which axes of the node's values height and width lie. Throws MODEL_OPERATOR_UNSUPPORTED where
 * its form has no window over height and width.
 */
export type StepRule = (place: {
  readonly model: Model;
  readonly shapes: Shapes;
  readonly node: Node;
  readonly axes: Size;
  readonly from: Size;
  readonly to: Size;
}) => SpatialStep;

/** Height and width of the kernel that is the node's second input. */
const kernelOf = (shapes: Shapes, node: Node): Size => {
  const [, , height, width] = shapes.of(node.inputs[1]!) as number[];
  return [height!, width!];
};

export const convolutionStep: StepRule = ({ shapes, node, from, to }) => ({
  kind: 'window',
  window: windowOf(node, from, kernelOf(shapes, node))!,
  from,
  to,
});

/** Seen from its output, a transposed convolution is a convolution from `to` to `from`. */
export const transposedStep: StepRule = ({ shapes, node, from, to }) => ({
  kind: 'enlarge',
  window: enlargement(node, from, kernelOf(shapes, node))!.window,
  from,
  to,
});

export const globalStep: StepRule = ({ from, to }) => ({
  kind: 'window',
  window: { kernel: from, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
  from,
  to,
});

export const resizeStep: StepRule = ({ from, to }) => ({ kind: 'resize', from, to });

/** Pad adds rows and columns, Slice cuts them. */
export const borderStep: StepRule = ({ model, shapes, node, axes, from, to }) => {
  const strides = [0, 1].map((at) => stepOf(shapes, node, axes[at]!)) as [number, number];
  if (strides.some((stride) => stride !== 1)) {
    // Every second row, third column and the like, from near the start to the end: a smaller
    // picture of the same.
    const isWhole = [0, 1].every((at) => {
      const first = -leading(shapes, node, axes[at]!);
      const stride = strides[at]!;
      return stride >= 1 && first < stride && to[at] === Math.ceil((from[at]! - first) / stride);
    });
    if (isWhole) return { kind: 'resize', from, to };
    throw new RoadgazeError(
      'MODEL_OPERATOR_UNSUPPORTED',
      `VisualBackProp cannot go back through ${describeNode(model, node)}: it takes rows or columns in another order, or leaves some out.`,
      'VisualBackProp follows convolutions, poolings and activations; check that the sidecar names the right output.',
    );
  }
  const first = [0, 1].map((at) => leading(shapes, node, axes[at]!));
  return {
    kind: 'border',
    border: [first[0]!, first[1]!, to[0] - from[0] - first[0]!, to[1] - from[1] - first[1]!],
    from,
    to,
  };
};

export const windowStep: StepRule = ({ model, node, from, to }) => {
  const window = windowOf(node, from);
  if (window) return { kind: 'window', window, from, to };
  throw new RoadgazeError(
    'MODEL_OPERATOR_UNSUPPORTED',
    `VisualBackProp cannot go back through ${describeNode(model, node)}.`,
    'Only windows over height and width can be followed.',
  );
};

/**
 * The entry for `axis` of a Pad's or Slice's list, which is an attribute or an input of the node;
 * null where it has none.
 */
function entry(
  shapes: Shapes,
  node: Node,
  axis: number,
  name: string,
  input: number,
): number | null {
  const list = (listName: string, at: number) =>
    intsAttribute(node, listName) ?? shapes.sizes(node.inputs[at] ?? '')?.map(Number) ?? null;
  const rank = shapes.of(node.inputs[0]!).length;
  const values = list(name, input);
  const position = list('axes', 3)?.findIndex((at) => (at < 0 ? at + rank : at) === axis) ?? axis;
  return values?.[position] ?? null;
}

/** Rows (or columns) that Pad adds, or Slice cuts (negative), in front along an axis. */
function leading(shapes: Shapes, node: Node, axis: number): number {
  if (node.op === 'Pad') return entry(shapes, node, axis, 'pads', 1) ?? 0;
  const size = Number(shapes.of(node.inputs[0]!)[axis]);
  const start = entry(shapes, node, axis, 'starts', 1) ?? 0;
  return -Math.max(0, start < 0 ? start + size : start);
}

function stepOf(shapes: Shapes, node: Node, axis: number): number {
  return node.op === 'Slice' ? (entry(shapes, node, axis, 'steps', 4) ?? 1) : 1;
}
