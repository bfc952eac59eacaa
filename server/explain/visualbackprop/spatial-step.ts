import { RoadgazeError } from '../../../shared/errors.ts';
import { intsAttribute } from '../../onnx/attributes.ts';
import { describeNode, type Model, type Node, type Shape } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { tensorNumbers } from '../../onnx/tensor.ts';
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

export function changesSize(step: SpatialStep): boolean {
  if (step.kind === 'border') return false;
  return step.kind !== 'window' || step.window.strides.some((stride) => stride > 1) || step.to.every((size) => size === 1);
}

const spatialOperators = new Set([
  'Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'LpPool', 'GlobalAveragePool', 'GlobalMaxPool', 'Pad', 'Slice', 'Resize', 'Upsample', 'DepthToSpace', 'SpaceToDepth',
]);

export function isSpatial(node: Node): boolean {
  return node.domain === '' && spatialOperators.has(node.op);
}

/**
 * The step that a spatial node takes. `axes` says at which axes of the node's values height and width lie.
 * Throws MODEL_OPERATOR_UNSUPPORTED where its form has no window over height and width.
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
      return { kind: 'enlarge', window: enlargement(node, from, [height!, width!])!.window, ...ends };
    }
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return { kind: 'window', window: { ...unit, kernel: from }, ...ends };
    case 'Pad':
    case 'Slice': {
      const first = [0, 1].map((at) => leading(shapes, node, axes[at]!));
      return { kind: 'border', border: [first[0]!, first[1]!, to[0] - from[0] - first[0]!, to[1] - from[1] - first[1]!], ...ends };
    }
    case 'Resize':
    case 'Upsample':
    case 'DepthToSpace':
    case 'SpaceToDepth':
      return { kind: 'resize', ...ends };
    default: {
      const window = windowOf(node, from);
      if (!window) throw new RoadgazeError('MODEL_OPERATOR_UNSUPPORTED', `VisualBackProp cannot go back through ${describeNode(model, node)}.`, 'Only windows over height and width can be followed.');
      return { kind: 'window', window, ...ends };
    }
  }
}

/** Rows (or columns) that Pad adds, or Slice cuts (negative), in front along an axis. */
function leading(shapes: Shapes, node: Node, axis: number): number {
  const list = (name: string, input: number) => {
    const tensor = shapes.constant(node.inputs[input] ?? '');
    return intsAttribute(node, name) ?? (tensor ? tensorNumbers(tensor) : null);
  };
  const rank = shapes.of(node.inputs[0]!).length;
  const axes = (list('axes', 3) ?? Array.from({ length: rank }, (_, index) => index)).map((at) => (at < 0 ? at + rank : at));
  const position = axes.indexOf(axis);
  if (position < 0) return 0;
  if (node.op === 'Pad') return list('pads', 1)?.[position] ?? 0;
  const start = list('starts', 1)?.[position] ?? 0;
  return -(start < 0 ? start + Number(shapes.of(node.inputs[0]!)[axis]) : start);
}

export function isConvolution(node: Node): boolean {
  return node.domain === '' && (node.op === 'Conv' || node.op === 'ConvTranspose');
}
