import { producers } from '../../onnx/graph.ts';
import type { ExplanationContext } from '../methods.ts';
import { floatConstant, floatValue, zerosLike } from './values.ts';

export interface Seed {
  /** The value where the backward pass starts, and the signal there. */
  readonly from: string;
  readonly signal: string;
}

/** Activations that turn scores into shares of 1: what is explained is the score in front of them. */
const shares = new Set(['Softmax', 'LogSoftmax']);
/** Relevance is shared out from the value in front of these too, which is what the layers added up. */
const squashing = new Set([...shares, 'Sigmoid']);

/** Gradients start as ±1 at the explained element: +1 for the target +, −1 for −, the sign of the element for abs. */
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

/** Relevance starts as the explained element's own value, turned round for the target −, its size for abs; all others get none. */
export function relevanceSeed(context: ExplanationContext): Seed {
  const { builder, target, output } = context;
  const from = startingValue(context, squashing);
  let signal = floatValue(context, from);
  if (target === '-') signal = builder.node('Neg', [signal]);
  if (target === 'abs') signal = builder.node('Abs', [signal]);
  if (output.elements > 1) signal = builder.node('Mul', [signal, oneHot(context, from)]);
  return { from, signal };
}

function startingValue({ model, output }: ExplanationContext, skipped: ReadonlySet<string>): string {
  const last = producers(model.nodes).get(output.tensor);
  return last && last.domain === '' && skipped.has(last.op) ? last.inputs[0]! : output.tensor;
}

/** [1, …] with 1 at the explained element; a scalar per picture where the output is a plain [N]. */
function oneHot(context: ExplanationContext, value: string): string {
  const { shapes, output } = context;
  const dims = shapes.of(value).slice(1).map(Number);
  const values = new Float32Array(output.elements);
  values[output.index] = 1;
  return floatConstant(context, [1, ...dims], values, 'seed');
}

function spread({ builder, shapes }: ExplanationContext, chosen: string, value: string): string {
  const [batch] = shapes.of(value);
  if (batch === 1) return chosen;
  if (builder.opset >= 8) return builder.node('Expand', [chosen, builder.node('Shape', [value])]);
  return builder.node('Add', [zerosLike({ builder, shapes }, value), chosen]);
}

