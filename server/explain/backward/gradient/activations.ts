import { floatAttribute } from '../../../onnx/attributes.ts';
import { DataType, LARGEST_FLOAT, scalar, tensorNumbers } from '../../../onnx/tensor.ts';
import { floatConstant, floatValue, constant, floatsOf, summedTo } from '../values.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';

/** A rule for y = f(x), element by element: the signal times f′, which `derivative` appends. */
export function pointwise(
  derivative: (step: BackwardStep, x: string, y: string) => string,
): BackwardRule {
  return (step) => {
    const { builder, node } = step;
    const factor = derivative(step, node.inputs[0]!, node.outputs[0]!);
    return [builder.node('Mul', [step.arriving(0)!, factor])];
  };
}

/** 1 where the value is above zero, else 0. */
export function isPositive(step: Pick<BackwardStep, 'builder' | 'shapes'>, value: string): string {
  // To truth values and back is the fastest way in ONNX Runtime for what is never negative; others
  // are compared.
  return step.builder.node('Cast', [step.builder.node('Greater', [value, constant(step, 0)])], {
    to: DataType.float,
  });
}

/** f′ = 1 where x > 0, else `below`. */
function broken(step: BackwardStep, x: string, below: number): string {
  const positive = isPositive(step, floatValue(step, x));
  return step.builder.node('Add', [step.builder.scale(positive, 1 - below), constant(step, below)]);
}

export const relu = pointwise((step, _, y) =>
  step.builder.node('Cast', [step.builder.node('Cast', [y], { to: DataType.bool })], {
    to: DataType.float,
  }),
);

/** f′ = 1 where x > 0, else α·eˣ. */
export const elu = pointwise((step, x) => {
  const { builder, node } = step;
  const alpha = floatAttribute(node, 'alpha', 1);
  const below = builder.node('Exp', [builder.clip(floatValue(step, x), -LARGEST_FLOAT, 0)]);
  if (alpha === 1) return below;
  const positive = isPositive(step, floatValue(step, x));
  return builder.node('Add', [
    positive,
    builder.node('Mul', [
      builder.scale(below, alpha),
      builder.node('Sub', [constant(step, 1), positive]),
    ]),
  ]);
});

export const leakyRelu = pointwise((step, x) =>
  broken(step, x, floatAttribute(step.node, 'alpha', 0.01)),
);

/** f′ = 1 where x > 0, else the slope, which may differ per channel. */
export const prelu: BackwardRule = (step) => {
  const { builder, model, shapes, node } = step;
  const slopes = model.initializers.get(node.inputs[1]!);
  if (!slopes) throw unsupported(step, 'its slope is not constant');
  const positive = isPositive(step, floatValue(step, node.inputs[0]!));
  const slope = floatConstant(step, slopes.dims, floatsOf(slopes), 'slope');
  const factor = builder.node('Add', [
    positive,
    builder.node('Mul', [slope, builder.node('Sub', [constant(step, 1), positive])]),
  ]);
  return [
    summedTo(
      { builder, shapes },
      builder.node('Mul', [step.arriving(0)!, factor]),
      node.outputs[0]!,
      node.inputs[0]!,
    ),
  ];
};

/** f′ = y·(1 − y). */
export const sigmoid = pointwise((step, _, y) => {
  const value = floatValue(step, y);
  return step.builder.node('Mul', [value, step.builder.node('Sub', [constant(step, 1), value])]);
});

/** f′ = 1 − y². */
export const tanh = pointwise((step, _, y) => {
  const value = floatValue(step, y);
  return step.builder.node('Sub', [constant(step, 1), step.builder.node('Mul', [value, value])]);
});

/** f′ = 1 between the limits and on them, else 0. */
export const clip: BackwardRule = (step) => {
  const { builder, node } = step;
  const x = floatValue(step, node.inputs[0]!);
  const { low, high } = clipLimits(step);
  // 0 where x lies outside: whatever the limits cut away.
  const inside = [
    low > -Infinity ? (['Less', low] as const) : null,
    high < Infinity ? (['Greater', high] as const) : null,
  ].flatMap((limit) => {
    if (!limit) return [];
    const outside = builder.node(limit[0], [x, builder.constant(scalar(limit[1]))]);
    return [builder.node('Cast', [builder.node('Not', [outside])], { to: DataType.float })];
  });
  return [
    inside.reduce((signal, factor) => builder.node('Mul', [signal, factor]), step.arriving(0)!),
  ];
};

/** Limits of a Clip: attributes up to operator set 10, constants since. */
export function clipLimits(step: BackwardStep): { low: number; high: number } {
  const { node } = step;
  const limit = (index: number, name: string, none: number) => {
    const value = node.inputs[index];
    if (!value) return floatAttribute(node, name, none);
    const tensor = step.shapes.constant(value);
    if (!tensor) throw unsupported(step, 'its limits are not constant');
    return tensor.type === DataType.float16 ? floatsOf(tensor)[0]! : tensorNumbers(tensor)[0]!;
  };
  return { low: limit(1, 'min', -Infinity), high: limit(2, 'max', Infinity) };
}
