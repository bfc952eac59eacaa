import { LARGEST_FLOAT } from '../../../onnx/tensor.ts';
import { sharedAxes } from '../gradient/further-activations.ts';
import type { BackwardRule } from '../rule.ts';
import { floatValue } from '../values.ts';
import { inProportion } from './shared-out.ts';

/**
 * Softmax by its first-order Taylor expansion at the scores themselves (AttnLRP, Achtibat et al.
 * 2024, proposition 3.1): R_i = x_i·(R_i − s_i·Σ R). What the expansion's constant term is given
 * goes no further.
 */
export const softmaxRule: BackwardRule = (step) => {
  const { builder, node } = step;
  const relevance = step.arriving(0)!;
  const shares = floatValue(step, node.outputs[0]!);
  const total = builder.reduce('ReduceSum', relevance, sharedAxes(step));
  // Scores of what is masked out are −∞, and have no share.
  const scores = builder.clip(floatValue(step, node.inputs[0]!), -LARGEST_FLOAT, LARGEST_FLOAT);
  return [
    builder.node('Mul', [
      scores,
      builder.node('Sub', [relevance, builder.node('Mul', [shares, total])]),
    ]),
  ];
};

/**
 * Norms over features (AttnLRP, proposition 3.4): what the value is divided by only scales it, and
 * is given nothing; what is left adds up in a straight line, and is shared by ε.
 */
export const normRule = (epsilon: number): BackwardRule =>
  inProportion(epsilon, false, 'fixedNorm');
