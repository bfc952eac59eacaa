import { floatValue, summedTo } from '../values.ts';
import type { BackwardRule, BackwardStep } from '../rule.ts';

/**
 * Per input the signal that its rule gives, summed back over what was broadcast; nothing for inputs
 * that need none.
 */
function perInput(give: (step: BackwardStep, index: number) => string): BackwardRule {
  return (step) =>
    step.node.inputs.map((input, index) =>
      step.wanted(index) ? summedTo(step, give(step, index), step.node.outputs[0]!, input) : null,
    );
}

export const add = perInput((step) => step.arriving(0)!);

export const subtract = perInput((step, index) =>
  index === 0 ? step.arriving(0)! : step.builder.node('Neg', [step.arriving(0)!]),
);

export const multiply = perInput((step, index) =>
  step.builder.node('Mul', [step.arriving(0)!, floatValue(step, step.node.inputs[1 - index]!)]),
);

/** y = a ÷ b: ∂a = ∂y ÷ b, ∂b = −∂y·y ÷ b. Divisors of exactly 0 are the network's own to avoid. */
export const divide = perInput((step, index) => {
  const { builder, node } = step;
  const quotient = builder.node('Div', [step.arriving(0)!, floatValue(step, node.inputs[1]!)]);
  return index === 0
    ? quotient
    : builder.node('Neg', [builder.node('Mul', [quotient, floatValue(step, node.outputs[0]!)])]);
});

export const negate: BackwardRule = (step) => [step.builder.node('Neg', [step.arriving(0)!])];
