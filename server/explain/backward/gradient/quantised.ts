import { intAttribute } from '../../../onnx/attributes.ts';
import { DataType } from '../../../onnx/tensor.ts';
import { axisFromFront } from '../axes.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';
import { floatValue } from '../values.ts';

/** The scale, one number or one for each entry of an axis, shaped to meet the value. */
function scaleOf(step: BackwardStep): string {
  const { builder, node, shapes } = step;
  const [value, scale] = node.inputs as [string, string];
  if (step.wanted(1)) throw unsupported(step, 'its scale depends on the picture');
  const { length } = shapes.of(scale);
  if (length > 1 || intAttribute(node, 'block_size', 0) > 0)
    throw unsupported(step, 'it has a scale for each block');
  const rank = shapes.of(value).length;
  const axis = axisFromFront(intAttribute(node, 'axis', 1), rank);
  const numbers = floatValue(step, scale);
  return length === 0 || shapes.of(scale)[0] === 1
    ? builder.reshape(numbers, [])
    : builder.reshape(numbers, [-1, ...new Array<number>(rank - 1 - axis).fill(1)]);
}

/**
 * Rounding to whole numbers is passed as if it were none (Bengio et al. 2013, the straight-through
 * estimator), except where the value is cut off.
 */
export const quantize: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const y = node.outputs[0]!;
  const limits = {
    [DataType.uint8]: [0, 255],
    [DataType.int8]: [-128, 127],
    [DataType.uint16]: [0, 65535],
    [DataType.int16]: [-32768, 32767],
  }[shapes.type(y)];
  if (!limits) throw unsupported(step, 'the type that it rounds to has no known limits');
  const rounded = builder.node('Cast', [y], { to: DataType.float });
  const inside = builder.node(
    'Cast',
    [
      builder.node('Equal', [
        builder.node('Cast', [rounded], { to: DataType.int32 }),
        builder.node('Cast', [builder.clip(rounded, limits[0]! + 1, limits[1]! - 1)], {
          to: DataType.int32,
        }),
      ]),
    ],
    { to: DataType.float },
  );
  return [builder.node('Div', [builder.node('Mul', [step.arriving(0)!, inside]), scaleOf(step)])];
};

export const dequantize: BackwardRule = (step) => [
  step.builder.node('Mul', [step.arriving(0)!, scaleOf(step)]),
];
