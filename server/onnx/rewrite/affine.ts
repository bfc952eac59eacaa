import { floatAttribute } from '../attributes.ts';
import type { Model, Node } from '../graph.ts';
import type { Shapes } from '../infer-shapes.ts';
import { DataType, tensorNumbers } from '../tensor.ts';

/**
 * A map x → x·scale + shift with one pair of numbers per index of `axis`, or one pair for all (axis
 * null).
 */
export interface Affine {
  readonly input: string;
  readonly axis: number | null;
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** The node as an affine map along one axis, by numbers of such types; null if it is not one. */
export function affineOf(
  model: Model,
  shapes: Shapes,
  node: Node,
  types: readonly number[] = [DataType.float],
): Affine | null {
  if (node.domain !== '') return null;
  if (node.op === 'BatchNormalization' && node.outputs.length === 1)
    return batchNormalization(model, node);
  if (node.op === 'Add' || node.op === 'Sub' || node.op === 'Mul' || node.op === 'Div')
    return arithmetic(model, shapes, node, types);
  return null;
}

/**
 * y = γ·(x − μ)/√(σ² + ε) + β per channel (Ioffe & Szegedy 2015), with the running mean and
 * variance.
 */
function batchNormalization(model: Model, node: Node): Affine | null {
  const [input, ...parameters] = node.inputs;
  const values = parameters.map((name) => model.initializers.get(name));
  if (!input || values.length !== 4 || values.some((value) => value?.type !== DataType.float))
    return null;
  const [gamma, beta, mean, variance] = values.map((value) => tensorNumbers(value!)) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const scale = gamma.map((value, channel) => value / Math.sqrt(variance[channel]! + epsilon));
  return {
    input,
    axis: 1,
    scale,
    shift: beta.map((value, channel) => value - mean[channel]! * scale[channel]!),
  };
}

function arithmetic(
  model: Model,
  shapes: Shapes,
  node: Node,
  types: readonly number[],
): Affine | null {
  const at = node.inputs.findIndex((name) => model.initializers.has(name));
  const constant = model.initializers.get(node.inputs[at] ?? '');
  const input = node.inputs[1 - at];
  if (!constant || !input || model.initializers.has(input) || !types.includes(constant.type))
    return null;
  const shape = shapes.known(input);
  if (!shape) return null;
  const axis = singleAxis(constant.dims, shape.length);
  // A constant that is longer than the axis it meets would widen the value, which no layer's
  // weights can express.
  if (axis === undefined || (axis !== null && shape[axis] !== constant.data.length)) return null;
  const values = tensorNumbers(constant);
  const ones = values.map(() => 1);
  const zeros = values.map(() => 0);
  const along = (scale: number[], shift: number[]): Affine => ({ input, axis, scale, shift });
  switch (node.op) {
    case 'Add':
      return along(ones, values);
    case 'Mul':
      return along(values, zeros);
    case 'Sub':
      return at === 1
        ? along(
            ones,
            values.map((value) => -value),
          )
        : along(
            ones.map(() => -1),
            values,
          );
    default:
      return at === 1 && values.every((value) => value !== 0)
        ? along(
            values.map((value) => 1 / value),
            zeros,
          )
        : null;
  }
}

/**
 * The axis (of `rank`) along which a broadcast constant changes: null for a scalar, undefined when
 * there are several.
 */
function singleAxis(dims: readonly number[], rank: number): number | null | undefined {
  if (dims.length > rank) return undefined;
  const long = dims
    .map((dim, index) => ({ dim, axis: rank - dims.length + index }))
    .filter(({ dim }) => dim !== 1);
  if (long.length > 1) return undefined;
  return long[0]?.axis ?? null;
}
