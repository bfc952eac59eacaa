import type { Model, Node, Shape } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';
import type { Size, SpatialStep } from './spatial-step.ts';

/** Whether the node changes the plane of the picture, or may. */
export function isSpatial(node: Node): boolean {
  return (explainedOperatorOf(node)?.step ?? null) !== null;
}

/**
 * The step that a spatial node takes. `axes` says at which axes of the node's values height and
 * width lie. Throws MODEL_OPERATOR_UNSUPPORTED where its form has no window over height and width.
 */
export function spatialStep(model: Model, shapes: Shapes, node: Node, axes: Size): SpatialStep {
  const size = (shape: Shape): Size => [Number(shape[axes[0]]), Number(shape[axes[1]])];
  const from = size(shapes.of(node.inputs[0]!));
  const to = size(shapes.of(node.outputs[0]!));
  return explainedOperatorOf(node)!.step!({ model, shapes, node, axes, from, to });
}

export function isConvolution(node: Node): boolean {
  return node.domain === '' && (node.op === 'Conv' || node.op === 'ConvTranspose');
}
