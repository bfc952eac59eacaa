import { producers } from '../../onnx/graph.ts';
import { rowOf } from '../../inference/explained-output.ts';
import type { ExplanationContext } from '../compiled-method.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';
import { floatConstant, floatValue } from './values.ts';

export interface Seed {
  /** The value where the backward pass starts, and the signal there. */
  readonly from: string;
  readonly signal: string;
}

/**
 * Where scores are turned into shares of 1, the score in front of that is explained. Relevance is
 * shared out from the value in front of a squashing activation too, which is what the layers added
 * up.
 */
const shares = ['shares'] as const;
const squashing = ['shares', 'squashes'] as const;

/**
 * Gradients start as ±1 at the explained element: +1 for the target +, −1 for −, the sign of the
 * element for abs.
 */
export function gradientSeed(context: ExplanationContext): Seed {
  const { builder, target } = context;
  const from = startingValue(context, shares);
  const chosen = oneHot(context, from);
  const start = spread(context, chosen, from);
  if (target === '+') return { from, signal: start };
  if (target === '-') return { from, signal: builder.node('Neg', [start]) };
  const value = floatValue(context, from);
  const sign = builder.clip(builder.scale(value, 1e30), -1, 1);
  return { from, signal: builder.node('Mul', [sign, chosen]) };
}

/**
 * Relevance starts as the explained element's own value, turned round for the target −, its size
 * for abs; all others get none.
 */
export function relevanceSeed(context: ExplanationContext): Seed {
  const { builder, target, output } = context;
  const from = startingValue(context, squashing);
  let signal = floatValue(context, from);
  if (target === '-') signal = builder.node('Neg', [signal]);
  if (target === 'abs') signal = builder.node('Abs', [signal]);
  if (output.elements > 1) signal = builder.node('Mul', [signal, oneHot(context, from)]);
  return { from, signal };
}

function startingValue(
  { model, output }: ExplanationContext,
  skipped: readonly (string | null)[],
): string {
  const last = producers(model).get(output.tensor);
  const head = last && explainedOperatorOf(last)?.head;
  return last && head && skipped.includes(head) ? last.inputs[0]! : output.tensor;
}

/** Shaped as the value of one picture, with 1 at the explained element. */
function oneHot(context: ExplanationContext, value: string): string {
  const { shapes, image, output } = context;
  const { row, hasBatch } = rowOf(shapes.of(value), shapes.of(image.name)[0]!);
  const values = new Float32Array(output.elements);
  values[output.index] = 1;
  return floatConstant(context, [...(hasBatch ? [1] : []), ...row.map(Number)], values, 'seed');
}

/**
 * For every picture of the batch. Clipped so, the value is 1, whatever it is; ONNX Runtime then
 * knows that the signal has its shape, and what can be added without rearranging it.
 */
function spread(context: ExplanationContext, chosen: string, value: string): string {
  const { builder, image, output } = context;
  if (image.batch === 1) return chosen;
  const ones = builder.clip(floatValue(context, value), 1, 1);
  return output.elements > 1 ? builder.node('Mul', [ones, chosen]) : ones;
}
