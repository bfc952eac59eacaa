import { floatAttribute } from '../../../onnx/attributes.ts';
import type { BackwardStep } from '../rule.ts';
import { constant, floatValue } from '../values.ts';
import { pointwise } from './activations.ts';
import { isBeyond, STEEPEST } from './further-activations.ts';

const ofInput = (derivative: (step: BackwardStep, x: string) => string) =>
  pointwise((step, x) => derivative(step, floatValue(step, x)));

const square = ({ builder }: BackwardStep, x: string) => builder.node('Mul', [x, x]);
/** a·x² + b */
const parabola = (step: BackwardStep, x: string, a: number, b: number) =>
  step.builder.node('Add', [step.builder.scale(square(step, x), a), constant(step, b)]);
/** 1/value, held where it runs to infinity. */
const over = ({ builder }: BackwardStep, value: string) =>
  builder.node('Reciprocal', [builder.clip(value, 1 / STEEPEST, Number.MAX_SAFE_INTEGER)]);
const overRoot = (step: BackwardStep, value: string) =>
  over(step, step.builder.node('Sqrt', [step.builder.clip(value, 0, Number.MAX_SAFE_INTEGER)]));
const held = ({ builder }: BackwardStep, value: string) => builder.clip(value, -STEEPEST, STEEPEST);

export const sine = ofInput((step, x) => step.builder.node('Cos', [x]));
export const cosine = ofInput((step, x) =>
  step.builder.node('Neg', [step.builder.node('Sin', [x])]),
);
/** f′ = 1 + tan² x. */
export const tangent = ofInput((step, x) =>
  held(step, parabola(step, held(step, step.builder.node('Tan', [x])), 1, 1)),
);
/** f′ = 1/√(1 − x²). */
export const arcSine = ofInput((step, x) => overRoot(step, parabola(step, x, -1, 1)));
export const arcCosine = ofInput((step, x) =>
  step.builder.node('Neg', [overRoot(step, parabola(step, x, -1, 1))]),
);
/** f′ = 1/(1 + x²). */
export const arcTangent = ofInput((step, x) => over(step, parabola(step, x, 1, 1)));

/** sinh and cosh as half the sum or difference of eˣ and e⁻ˣ: they exist since operator set 9. */
const hyperbolic = (sign: 1 | -1) =>
  ofInput((step, x) => {
    const { builder } = step;
    const [up, down] = [x, builder.node('Neg', [x])].map((each) => builder.node('Exp', [each]));
    return held(step, builder.scale(builder.node('Add', [up!, builder.scale(down!, sign)]), 0.5));
  });
export const hyperbolicSine = hyperbolic(1);
export const hyperbolicCosine = hyperbolic(-1);
/** f′ = 1/√(x² + 1). */
export const areaSine = ofInput((step, x) => overRoot(step, parabola(step, x, 1, 1)));
/** f′ = 1/√(x² − 1). */
export const areaCosine = ofInput((step, x) => overRoot(step, parabola(step, x, 1, -1)));
/** f′ = 1/(1 − x²). */
export const areaTangent = ofInput((step, x) => over(step, parabola(step, x, -1, 1)));

/** y = x·σ(αx), so that f′ = σ + αx·σ·(1 − σ). */
export const swish = ofInput((step, x) => {
  const { builder, node } = step;
  const scaled = builder.scale(x, floatAttribute(node, 'alpha', 1));
  const share = builder.node('Sigmoid', [scaled]);
  const slope = builder.node('Mul', [share, builder.node('Sub', [constant(step, 1), share])]);
  const near = builder.clip(scaled, -1000, 1000);
  return builder.node('Add', [share, builder.node('Mul', [near, slope])]);
});

/** y = x ∓ bias beyond ±λ, else 0. */
export const shrink = ofInput((step, x) => {
  const lambd = floatAttribute(step.node, 'lambd', 0.5);
  return step.builder.node('Add', [
    isBeyond(step, x, 'Less', -lambd),
    isBeyond(step, x, 'Greater', lambd),
  ]);
});
