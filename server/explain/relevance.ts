import { backward } from './backward/backward.ts';
import { inputBounds } from './backward/lrp/input-bounds.ts';
import { relevanceComposite } from './backward/lrp/composites.ts';
import {
  alphaBetaRule,
  boxRule,
  epsilonRule,
  gammaRule,
  zPlusRule,
} from './backward/lrp/linear-rules.ts';
import type { Composite } from './backward/rule.ts';
import { relevanceSeed } from './backward/seed.ts';
import type { MethodOption, OptionValues } from './method-options.ts';
import type { CompiledMethod, ExplanationContext } from './compiled-method.ts';
import { METHODS } from '../../shared/methods.ts';
import { requiredAttention } from './attention/find-attention.ts';

/**
 * Layer-wise relevance propagation: each method is a choice of rules by kind of layer and depth.
 */
function relevanceMethod(
  id: string,
  options: readonly MethodOption[],
  composite: (options: OptionValues, context: ExplanationContext) => Composite,
): CompiledMethod {
  const { name } = METHODS.find((method) => method.id === id)!;
  return {
    id,
    options,
    keepsScaling: true,
    append(context, values) {
      const { name: picture } = context.image;
      const at = backward(context, {
        method: name,
        ...relevanceSeed(context),
        to: [picture],
        composite: composite(values, context),
      });
      return { kind: 'attribution', values: at.get(picture)! };
    },
  };
}

const number = (values: OptionValues, name: string): number => Number(values[name]);

const epsilonOption: MethodOption = {
  name: 'epsilon',
  about: 'keeps divisors away from 0',
  kind: 'number',
  fallback: 1e-6,
  least: 1e-12,
  most: 1e6,
};
const gammaOption: MethodOption = {
  name: 'gamma',
  about: 'how much more weight speaks what is in favour',
  kind: 'number',
  fallback: 0.25,
  least: 0,
  most: 1e6,
};

export const relevanceMethods: readonly CompiledMethod[] = [
  relevanceMethod('lrp-epsilon', [epsilonOption], (values) => {
    const epsilon = number(values, 'epsilon');
    return relevanceComposite(
      { convolution: epsilonRule(epsilon), dense: epsilonRule(epsilon) },
      epsilon,
    );
  }),
  relevanceMethod('lrp-epsilon-plus', [epsilonOption], (values) => {
    const epsilon = number(values, 'epsilon');
    return relevanceComposite(
      { convolution: zPlusRule(epsilon), dense: epsilonRule(epsilon) },
      epsilon,
    );
  }),
  relevanceMethod('lrp-alpha2-beta1', [epsilonOption], (values) => {
    const epsilon = number(values, 'epsilon');
    return relevanceComposite(
      { convolution: alphaBetaRule(2, 1, epsilon), dense: epsilonRule(epsilon) },
      epsilon,
    );
  }),
  relevanceMethod('lrp-epsilon-gamma-box', [epsilonOption, gammaOption], (values, context) => {
    const epsilon = number(values, 'epsilon');
    return relevanceComposite(
      {
        first: boxRule(epsilon, inputBounds(context)),
        convolution: gammaRule(number(values, 'gamma'), epsilon),
        dense: epsilonRule(epsilon),
      },
      epsilon,
    );
  }),
  // Achtibat et al. 2024. Softmax, norms, products and activations have its rules in every composite;
  // layers with weights have ε, or γ, which the paper takes for pictures.
  relevanceMethod(
    'attnlrp',
    [epsilonOption, { ...gammaOption, fallback: 0 }],
    (values, context) => {
      requiredAttention(
        context,
        'AttnLRP',
        'Choose lrp-epsilon, which has the same rules for all that this network is made of.',
      );
      const epsilon = number(values, 'epsilon');
      const gamma = number(values, 'gamma');
      const rule = gamma === 0 ? epsilonRule(epsilon) : gammaRule(gamma, epsilon);
      return relevanceComposite({ convolution: rule, dense: rule }, epsilon);
    },
  ),
];
