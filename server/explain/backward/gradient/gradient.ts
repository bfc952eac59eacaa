import type { BackwardRule, Composite } from '../rule.ts';
import { activationRules } from './activations.ts';
import { arithmeticRules } from './arithmetic.ts';
import { averagePoolingRules } from './average-pooling.ts';
import { comparisonRules } from './comparison.ts';
import { furtherActivationRules } from './further-activations.ts';
import { layoutRules } from './layout.ts';
import { linearRules } from './linear.ts';
import { maxPoolingRules } from './max-pooling.ts';
import { normalisationRules } from './normalisation.ts';
import { reductionRules } from './reductions.ts';
import { resizeRules } from './resize.ts';
import { selectionRules } from './selection.ts';

/** Rules of the chain rule of calculus, by operator. */
export const gradientRules: Readonly<Record<string, BackwardRule>> = {
  ...linearRules,
  ...activationRules,
  ...layoutRules,
  ...arithmeticRules,
  ...averagePoolingRules,
  ...furtherActivationRules,
  ...comparisonRules,
  ...maxPoolingRules,
  ...selectionRules,
  ...reductionRules,
  ...normalisationRules,
  ...resizeRules,
};

export function ruleOf(
  rules: Readonly<Record<string, BackwardRule>>,
  operator: string,
): BackwardRule | null {
  return Object.hasOwn(rules, operator) ? rules[operator]! : null;
}

export const gradientComposite: Composite = (node) =>
  node.domain === '' ? ruleOf(gradientRules, node.op) : null;
