import { intAttribute, intsAttribute } from '../../../onnx/attributes.ts';
import { int64Tensor } from '../../../onnx/tensor.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';

/** The signal as it is. */
export const pass: BackwardRule = (step) => [step.arriving(0)];

/** The signal in the shape that the value had. */
export const reshaped: BackwardRule = (step) => {
  const { builder, shapes, node } = step;
  const input = node.inputs[0]!;
  const shape = shapes.of(input);
  const [batch, ...sizes] = shape;
  const signal = step.arriving(0)!;
  const isKnown = sizes.every((size) => typeof size === 'number');
  // Squeezed without axes, a batch of one is gone too.
  if (isKnown && node.op === 'Squeeze' && shapes.of(node.outputs[0]!).length <= 1)
    return [builder.reshape(signal, [-1, ...sizes])];
  // 0 copies the batch, which is first in what arrives too.
  if (isKnown && shapes.of(node.outputs[0]!)[0] === batch)
    return [builder.reshape(signal, [0, ...sizes])];
  if (isKnown && typeof batch === 'number') return [builder.reshape(signal, [batch, ...sizes])];
  return [builder.node('Reshape', [signal, builder.node('Shape', [input])])];
};

export const transpose: BackwardRule = (step) => {
  const rank = step.shapes.of(step.node.inputs[0]!).length;
  const order =
    intsAttribute(step.node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return [
    step.builder.transpose(
      step.arriving(0)!,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ];
};

/** Each input gets its stretch of the signal. */
export const concat: BackwardRule = (step) => {
  const { shapes, node } = step;
  const rank = shapes.of(node.outputs[0]!).length;
  const axis = (intAttribute(node, 'axis', 1) + rank) % rank;
  let start = 0;
  return node.inputs.map((input, index) => {
    const size = shapes.of(input)[axis];
    if (typeof size !== 'number') throw unsupported(step, 'it joins along an axis of open size');
    const from = start;
    start += size;
    return step.wanted(index) ? slice(step, step.arriving(0)!, axis, from, start) : null;
  });
};

/** The entries from…to of an axis. */
export function slice(
  { builder }: Pick<BackwardStep, 'builder'>,
  value: string,
  axis: number,
  from: number,
  to: number,
): string {
  if (builder.opset < 10)
    return builder.node('Slice', [value], { starts: [from], ends: [to], axes: [axis] });
  return builder.node('Slice', [
    value,
    ...[from, to, axis].map((number) => builder.constant(int64Tensor([number]))),
  ]);
}
