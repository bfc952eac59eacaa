import { backward } from './backward/backward.ts';
import { explainedOperatorOf, gradientComposite } from './operators/explained-operators.ts';
import { isPositive } from './backward/gradient/activations.ts';
import type { BackwardRule, Composite } from './backward/rule.ts';
import { gradientSeed } from './backward/seed.ts';
import { floatValue } from './backward/values.ts';
import type { CompiledMethod, ExplanationContext } from './compiled-method.ts';

/** The signal of the target at the picture, shaped like it. */
function atPicture(context: ExplanationContext, method: string, composite: Composite): string {
  const { image } = context;
  return backward(context, { method, ...gradientSeed(context), to: [image.name], composite }).get(
    image.name,
  )!;
}

/** The composite with other rules for rectifiers, and the gradient's for all else. */
function withRectifiers(rule: BackwardRule): Composite {
  return (node, place) =>
    explainedOperatorOf(node)?.rectifies ? rule : gradientComposite(node, place);
}

/**
 * Deconvnet (Zeiler & Fergus 2013): only what is positive in the signal passes, whatever the
 * rectifier did on the way forward.
 */
const deconvnetRectifier: BackwardRule = (step) => [step.builder.node('Relu', [step.arriving(0)!])];

/**
 * Guided backpropagation (Springenberg et al. 2014): the positive part of the signal passes where
 * the rectifier's input was positive.
 */
const guidedRectifier: BackwardRule = (step) => {
  const { builder, node } = step;
  const open = isPositive(step, floatValue(step, node.inputs[0]!));
  return [builder.node('Mul', [builder.node('Relu', [step.arriving(0)!]), open])];
};

export function guidedBackpropagation(context: ExplanationContext, method: string): string {
  return atPicture(context, method, withRectifiers(guidedRectifier));
}

export const gradientMethods: readonly CompiledMethod[] = [
  {
    id: 'gradient',
    options: [],
    append: (context) => ({
      kind: 'attribution',
      values: atPicture(context, 'Gradient', gradientComposite),
    }),
  },
  {
    id: 'saliency',
    options: [],
    append: (context) => ({
      kind: 'attribution',
      values: context.builder.node('Abs', [atPicture(context, 'Saliency', gradientComposite)]),
    }),
  },
  {
    id: 'inputxgradient',
    options: [],
    append(context) {
      const gradient = atPicture(context, 'Input × gradient', gradientComposite);
      return {
        kind: 'attribution',
        values: context.builder.node('Mul', [floatValue(context, context.image.name), gradient]),
      };
    },
  },
  {
    id: 'guidedbackprop',
    options: [],
    append: (context) => ({
      kind: 'attribution',
      values: guidedBackpropagation(context, 'Guided backpropagation'),
    }),
  },
  {
    id: 'deconvnet',
    options: [],
    append: (context) => ({
      kind: 'attribution',
      values: atPicture(context, 'Deconvnet', withRectifiers(deconvnetRectifier)),
    }),
  },
];
