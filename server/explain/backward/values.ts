import { DataType, floatTensor, scalar, type Tensor } from '../../onnx/tensor.ts';
import type { BackwardStep } from './rule.ts';

/** A value of the network as float32, which every signal is. */
export function floatValue(
  { builder, shapes }: Pick<BackwardStep, 'builder' | 'shapes'>,
  value: string,
): string {
  return shapes.type(value) === DataType.float
    ? value
    : builder.node('Cast', [value], { to: DataType.float });
}

/** Zeros shaped like a value, float32, whatever the value holds. */
export function zerosLike(
  { builder, shapes }: Pick<BackwardStep, 'builder' | 'shapes'>,
  value: string,
): string {
  if (builder.opset >= 9)
    return builder.node('ConstantOfShape', [builder.node('Shape', [value])], {
      value: floatTensor([1], [0]),
    });
  // The value times 0 has its shape; what is not finite would survive that, and is cut away first.
  return builder.scale(builder.clip(floatValue({ builder, shapes }, value), -1, 1), 0);
}

export function constant(step: Pick<BackwardStep, 'builder'>, value: number): string {
  return step.builder.constant(scalar(value));
}

/**
 * Sizes of a value without the first axis, which is the batch. Throws MODEL_SHAPE's cause
 * elsewhere: shapes of prepared networks are known.
 */
export function sizesOf(
  { shapes }: Pick<BackwardStep, 'shapes'>,
  value: string,
): readonly number[] {
  return shapes.of(value).slice(1).map(Number);
}

/**
 * A signal that was broadcast on the way forward, summed back to the shape of `value`. `wide` is
 * the value whose shape the signal has.
 */
export function summedTo(
  step: Pick<BackwardStep, 'builder' | 'shapes'>,
  signal: string,
  wide: string,
  value: string,
): string {
  const from = step.shapes.of(wide);
  const to = step.shapes.of(value);
  const ahead = from.length - to.length;
  const axes = from.flatMap((dim, axis) =>
    axis < ahead || (to[axis - ahead] === 1 && dim !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return signal;
  const sum = step.builder.reduce('ReduceSum', signal, axes);
  return ahead === 0
    ? sum
    : step.builder.node('Reshape', [sum, step.builder.node('Shape', [value])]);
}

/** The numbers of a float, float16, bfloat16 or double tensor as float32. */
export function floatsOf(tensor: Tensor): Float32Array {
  if (tensor.type === DataType.float) return tensor.data as Float32Array;
  if (tensor.type === DataType.float16)
    return Float32Array.from(tensor.data as Uint16Array, halfToNumber);
  if (tensor.type === DataType.bfloat16)
    return new Float32Array(
      Uint32Array.from(tensor.data as Uint16Array, (bits) => bits << 16).buffer,
    );
  return Float32Array.from(tensor.data as ArrayLike<number>, Number);
}

/** IEEE 754 half precision: 1 bit sign, 5 bits exponent, 10 bits fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function floatConstant(
  step: Pick<BackwardStep, 'builder'>,
  dims: readonly number[],
  values: ArrayLike<number>,
  hint = 'constant',
): string {
  return step.builder.constant(floatTensor(dims, values), hint);
}
