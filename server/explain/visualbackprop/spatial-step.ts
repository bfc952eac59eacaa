import { RoadgazeError } from '../../../shared/errors.ts';
import { intsAttribute } from '../../onnx/attributes.ts';
import { describeNode, type Model, type Node, type Shape } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { enlargement, windowOf, type Window } from '../../onnx/windows.ts';

type Size = readonly [height: number, width: number];

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

const spatialOperators = new Set([
  'Conv',
  'ConvTranspose',
  'MaxPool',
  'AveragePool',
  'LpPool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Pad',
  'Slice',
  'Resize',
  'Upsample',
  'DepthToSpace',
  'SpaceToDepth',
]);

export function isSpatial(node: Node): boolean {
  return node.domain === '' && spatialOperators.has(node.op);
}

/**
 * The step that a spatial node takes. `axes` says at which axes of the node's values height and
 * width lie. Throws MODEL_OPERATOR_UNSUPPORTED where its form has no window over height and width.
 */
export function spatialStep(model: Model, shapes: Shapes, node: Node, axes: Size): SpatialStep {
  const size = (shape: Shape): Size => [Number(shape[axes[0]]), Number(shape[axes[1]])];
  const from = size(shapes.of(node.inputs[0]!));
  const to = size(shapes.of(node.outputs[0]!));
  const ends = { from, to };
  const unit = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
  switch (node.op) {
    case 'Conv': {
      const [, , height, width] = shapes.of(node.inputs[1]!) as number[];
      return { kind: 'window', window: windowOf(node, from, [height!, width!])!, ...ends };
    }
    case 'ConvTranspose': {
      const [, , height, width] = shapes.of(node.inputs[1]!) as number[];
      // Seen from its output, a transposed convolution is a convolution from `to` to `from`.
      return {
        kind: 'enlarge',
        window: enlargement(node, from, [height!, width!])!.window,
        ...ends,
      };
    }
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return { kind: 'window', window: { ...unit, kernel: from }, ...ends };
    case 'Pad':
    case 'Slice': {
      if ([0, 1].some((at) => stepOf(shapes, node, axes[at]!) !== 1)) {
        throw new RoadgazeError(
          'MODEL_OPERATOR_UNSUPPORTED',
          `VisualBackProp cannot go back through ${describeNode(model, node)}: it leaves out rows or columns.`,
          'VisualBackProp follows convolutions, poolings and activations; check that the sidecar names the right output.',
        );
      }
      const first = [0, 1].map((at) => leading(shapes, node, axes[at]!));
      return {
        kind: 'border',
        border: [first[0]!, first[1]!, to[0] - from[0] - first[0]!, to[1] - from[1] - first[1]!],
        ...ends,
      };
    }
    case 'Resize':
    case 'Upsample':
    case 'DepthToSpace':
    case 'SpaceToDepth':
      return { kind: 'resize', ...ends };
    default: {
      const window = windowOf(node, from);
      if (!window)
        throw new RoadgazeError(
          'MODEL_OPERATOR_UNSUPPORTED',
          `VisualBackProp cannot go back through ${describeNode(model, node)}.`,
          'Only windows over height and width can be followed.',
        );
      return { kind: 'window', window, ...ends };
    }
  }
}

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

export function isConvolution(node: Node): boolean {
  return node.domain === '' && (node.op === 'Conv' || node.op === 'ConvTranspose');
}
