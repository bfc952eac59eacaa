import { floatAttribute, intAttribute, stringAttribute } from '../../../onnx/attributes.ts';
import { DataType } from '../../../onnx/tensor.ts';
import { axisFromFront } from '../axes.ts';
import type { BackwardRule, BackwardStep } from '../rule.ts';
import { constant, floatValue } from '../values.ts';
import { isPositive, pointwise } from './activations.ts';

/**
 * Where a derivative runs to infinity (√, ln, 1/x and their powers at 0, eˣ far out), it is held at
 * this: finite, and far steeper than what a network does on purpose.
 */
export const STEEPEST = 1e9;

type Appending = Pick<BackwardStep, 'builder'>;

const times = ({ builder }: Appending, a: string, b: string) => builder.node('Mul', [a, b]);
const plus = (step: Appending, a: string, shift: number) =>
  step.builder.node('Add', [a, constant(step, shift)]);
const oneMinus = (step: Appending, a: string) => step.builder.node('Sub', [constant(step, 1), a]);
const square = (step: Appending, a: string) => times(step, a, a);
const held = (step: Appending, a: string) => step.builder.clip(a, -STEEPEST, STEEPEST);

/** 1 where the value lies on that side of the limit, else 0. */
export function isBeyond(
  { builder }: Appending,
  value: string,
  side: 'Greater' | 'Less',
  limit: number,
): string {
  return builder.node('Cast', [builder.node(side, [value, constant({ builder }, limit)])], {
    to: DataType.float,
  });
}

/** −1, 0 or 1. */
export function signOf(step: Appending, value: string): string {
  return step.builder.node('Sub', [
    isBeyond(step, value, 'Greater', 0),
    isBeyond(step, value, 'Less', 0),
  ]);
}

/** f′ from x, or from y = f(x), as float32. */
const ofInput = (derivative: (step: BackwardStep, x: string) => string) =>
  pointwise((step, x) => derivative(step, floatValue(step, x)));
const ofOutput = (derivative: (step: BackwardStep, y: string) => string) =>
  pointwise((step, _, y) => derivative(step, floatValue(step, y)));

/** f′ = `above` where x > 0, else what `below` gives. */
const broken = (
  above: (step: BackwardStep) => number,
  below: (step: BackwardStep, y: string) => string,
) =>
  pointwise((step, x, y) => {
    const positive = isPositive(step, floatValue(step, x));
    return step.builder.node('Add', [
      step.builder.scale(positive, above(step)),
      times(step, oneMinus(step, positive), below(step, floatValue(step, y))),
    ]);
  });

const SELU_ALPHA = 1.6732632423543772;
const SELU_GAMMA = 1.0507009873554805;
const gammaOf = ({ node }: BackwardStep) => floatAttribute(node, 'gamma', SELU_GAMMA);

/** y = γ·α·(eˣ − 1) where x ≤ 0, so that f′ = y + γ·α there. */
export const selu = broken(gammaOf, (step, y) =>
  plus(step, y, gammaOf(step) * floatAttribute(step.node, 'alpha', SELU_ALPHA)),
);

/** y = α·(e^(x/α) − 1) where x ≤ 0, so that f′ = y/α + 1 there. */
export const celu = broken(
  () => 1,
  (step, y) => plus(step, step.builder.scale(y, 1 / floatAttribute(step.node, 'alpha', 1)), 1),
);

export const softplus = ofInput((step, x) => step.builder.node('Sigmoid', [x]));

export const softsign = ofInput((step, x) =>
  step.builder.node('Reciprocal', [square(step, plus(step, step.builder.node('Abs', [x]), 1))]),
);

/** f′ = α strictly between the limits 0 and 1, as in PyTorch. */
export const hardSigmoid = ofOutput((step, y) =>
  step.builder.scale(
    times(step, isBeyond(step, y, 'Greater', 0), isBeyond(step, y, 'Less', 1)),
    floatAttribute(step.node, 'alpha', 0.2),
  ),
);

/** y = x·h with h = clip(x/6 + ½, 0, 1), so that f′ = h + x/6 strictly within ±3. */
export const hardSwish = ofInput((step, x) => {
  const { builder } = step;
  const within = times(step, isBeyond(step, x, 'Greater', -3), isBeyond(step, x, 'Less', 3));
  return builder.node('Add', [
    builder.clip(plus(step, builder.scale(x, 1 / 6), 0.5), 0, 1),
    times(step, builder.scale(builder.clip(x, -3, 3), 1 / 6), within),
  ]);
});

/** y = x·Φ(x), so that f′ = Φ + x·φ; with tanh in place of erf the derivative of that. */
export const gelu = ofInput((step, x) => {
  const { builder, node } = step;
  // Beyond ±20 both are 0 or 1 in float32.
  const near = builder.clip(x, -20, 20);
  if (stringAttribute(node, 'approximate', 'none') === 'tanh') {
    const inner = Math.sqrt(2 / Math.PI);
    const squared = square(step, near);
    const t = builder.node('Tanh', [
      times(step, near, plus(step, builder.scale(squared, 0.044715 * inner), inner)),
    ]);
    const slope = times(
      step,
      oneMinus(step, square(step, t)),
      plus(step, builder.scale(squared, 3 * 0.044715 * inner), inner),
    );
    return builder.node('Add', [
      builder.scale(plus(step, t, 1), 0.5),
      builder.scale(times(step, near, slope), 0.5),
    ]);
  }
  const below = builder.scale(
    plus(step, builder.node('Erf', [builder.scale(near, Math.SQRT1_2)]), 1),
    0.5,
  );
  const density = builder.scale(
    builder.node('Exp', [builder.scale(square(step, near), -0.5)]),
    1 / Math.sqrt(2 * Math.PI),
  );
  return builder.node('Add', [below, times(step, near, density)]);
});

/** y = x·t with t = tanh(ln(1 + eˣ)), so that f′ = t + x·(1 − t²)·σ(x). */
export const mish = ofInput((step, x) => {
  const { builder } = step;
  const near = builder.clip(x, -80, 80);
  const t = builder.node('Tanh', [builder.node('Softplus', [near])]);
  return builder.node('Add', [
    t,
    times(
      step,
      times(step, near, oneMinus(step, square(step, t))),
      builder.node('Sigmoid', [near]),
    ),
  ]);
});

export const thresholdedRelu = ofInput((step, x) =>
  isBeyond(step, x, 'Greater', floatAttribute(step.node, 'alpha', 1)),
);

export const exponential = ofOutput(held);

export const logarithm = ofInput((step, x) =>
  step.builder.node('Reciprocal', [step.builder.clip(x, 1 / STEEPEST, Number.MAX_SAFE_INTEGER)]),
);

export const squareRoot = ofOutput((step, y) =>
  step.builder.scale(
    step.builder.node('Reciprocal', [step.builder.clip(y, 1 / STEEPEST, Number.MAX_SAFE_INTEGER)]),
    0.5,
  ),
);

export const absolute = ofInput(signOf);

export const reciprocal = ofOutput((step, y) =>
  step.builder.node('Neg', [held(step, square(step, held(step, y)))]),
);

export const errorFunction = ofInput((step, x) =>
  step.builder.scale(
    step.builder.node('Exp', [step.builder.scale(square(step, step.builder.clip(x, -20, 20)), -1)]),
    2 / Math.sqrt(Math.PI),
  ),
);

/** Steps are flat but at their jumps: nothing is passed back. */
export const nothing: BackwardRule = () => [];

/** Axes that sum to 1: one since operator set 13, before that all from `axis` on. */
export function sharedAxes({ builder, shapes, node }: BackwardStep): readonly number[] {
  const rank = shapes.of(node.inputs[0]!).length;
  const axis = axisFromFront(intAttribute(node, 'axis', builder.opset >= 13 ? -1 : 1), rank);
  return builder.opset >= 13
    ? [axis]
    : Array.from({ length: rank - axis }, (_, offset) => axis + offset);
}

/** ∂x = y·(∂y − Σ ∂y·y). */
export const softmax: BackwardRule = (step) => {
  const { builder, node } = step;
  const y = floatValue(step, node.outputs[0]!);
  const weighted = times(step, step.arriving(0)!, y);
  return [
    builder.node('Sub', [
      weighted,
      times(step, y, builder.reduce('ReduceSum', weighted, sharedAxes(step))),
    ]),
  ];
};

/** ∂x = ∂y − eʸ·Σ ∂y. */
export const logSoftmax: BackwardRule = (step) => {
  const { builder, node } = step;
  const signal = step.arriving(0)!;
  const total = builder.reduce('ReduceSum', signal, sharedAxes(step));
  return [
    builder.node('Sub', [
      signal,
      times(step, builder.node('Exp', [floatValue(step, node.outputs[0]!)]), total),
    ]),
  ];
};
