import type { BackwardRule, Composite } from '../rule.ts';
import { activationRules } from './activations.ts';
import { arithmeticRules } from './arithmetic.ts';
import { averagePoolingRules } from './average-pooling.ts';
import { layoutRules } from './layout.ts';
import { linearRules } from './linear.ts';

/** Rules of the chain rule of calculus, by operator. */
export const gradientRules: Readonly<Record<string, BackwardRule>> = {
  ...linearRules, ...activationRules, ...layoutRules, ...arithmeticRules, ...averagePoolingRules,
};

export function ruleOf(rules: Readonly<Record<string, BackwardRule>>, operator: string): BackwardRule | null {
  return Object.hasOwn(rules, operator) ? rules[operator]! : null;
}

export const gradientComposite: Composite = (node) => (node.domain === '' ? ruleOf(gradientRules, node.op) : null);
