import type { GraphBuilder } from '../../onnx/builder.ts';
import { areLarge } from '../../onnx/large-weights.ts';
import { DataType } from '../../onnx/tensor.ts';

/** Of weights that a node gives of others, those others. */
const positivePartOf = new WeakMap<Float32Array, Float32Array>();

export function positivePart(values: Float32Array): Float32Array {
  const positive = values.map((value) => Math.max(value, 0));
  positivePartOf.set(positive, values);
  return positive;
}

/**
 * A constant of weights. Large ones that are part of others come out of them by a node, which ONNX
 * Runtime computes once.
 */
export function weightsValue(
  builder: GraphBuilder,
  dims: readonly number[],
  values: Float32Array,
): string {
  const whole = areLarge(values) ? positivePartOf.get(values) : undefined;
  if (!whole) return builder.constant({ type: DataType.float, dims, data: values }, 'weights');
  return builder.node('Relu', [weightsValue(builder, dims, whole)]);
}
