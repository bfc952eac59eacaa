import { explainedOperatorOf } from '../../operators/explained-operators.ts';
import { productGradients } from '../gradient/linear.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';
import { floatValue, summedTo } from '../values.ts';
import { perOutput, stabilised } from './stabilised.ts';

/**
 * In proportion: R_k = x_k · (∂y/∂x_k)ᵀ (R / st(y)), which for y linear in its inputs shares R out
 * to what they added. Where that are products of several inputs, each input gets an equal part
 * (`amongFactors`).
 */
export const inProportion =
  (
    epsilon: number,
    amongFactors = false,
    chainRule: 'gradient' | 'fixedNorm' = 'gradient',
  ): BackwardRule =>
  (step) => {
    const gradient = explainedOperatorOf(step.node)?.[chainRule];
    if (!gradient) throw unsupported(step, 'its result cannot be shared out');
    const factors = step.node.inputs.filter((_, index) => step.wanted(index)).length;
    const whole = perOutput(step, epsilon);
    const signal = amongFactors && factors > 1 ? step.builder.scale(whole, 1 / factors) : whole;
    return gradient({ ...step, arriving: (index) => (index === 0 ? signal : null) }).map(
      (part, index) =>
        typeof part === 'string' && step.wanted(index)
          ? step.builder.node('Mul', [floatValue(step, step.node.inputs[index]!), part])
          : null,
    );
  };

/** As the gradient routes it: for operators that choose, order or copy values. */
export const routed: BackwardRule = (step) => {
  const gradient = explainedOperatorOf(step.node)?.gradient;
  if (!gradient) throw unsupported(step, 'it has no gradient');
  return gradient(step);
};

/** What only says where, or how many, is given nothing. */
export const stopped: BackwardRule = () => [];

/** An activation, or another map of one value to one value, keeps its relevance. */
export const keptByFirst: BackwardRule = (step) =>
  step.node.inputs.map((input, index) =>
    step.wanted(index) && index === firstWanted(step)
      ? summedTo(step, step.arriving(0)!, step.node.outputs[0]!, input)
      : null,
  );

function firstWanted(step: BackwardStep): number {
  return step.node.inputs.findIndex((_, index) => step.wanted(index));
}

/**
 * A matrix product of two values of the picture: each gets half, shared out by ε within (AttnLRP,
 * Achtibat et al. 2024, proposition 3.3).
 */
export const bilinear = (step: BackwardStep, epsilon: number): readonly (string | null)[] => {
  const { builder } = step;
  const signal = builder.scale(
    builder.node('Div', [
      step.arriving(0)!,
      stabilised(step, floatValue(step, step.node.outputs[0]!), epsilon),
    ]),
    0.5,
  );
  return productGradients({ ...step, arriving: () => signal }).map((part, index) =>
    typeof part === 'string'
      ? builder.node('Mul', [floatValue(step, step.node.inputs[index]!), part])
      : null,
  );
};
