import { consumers } from '../../../onnx/graph.ts';
import type { BackwardStep } from '../rule.ts';
import { constant, floatValue } from '../values.ts';

/** Far above 1 ÷ any activation that is not rounding: turns the size of a number into its sign. */
const HUGE = 1e30;

/** st(z) = z + ε·sign(z) with sign(0) = +1: a divisor that is never 0. */
export function stabilised({ builder }: Pick<BackwardStep, 'builder'>, z: string, epsilon: number): string {
  const sign = builder.node('Add', [builder.scale(z, HUGE), constant({ builder }, epsilon)]);
  return builder.node('Add', [z, builder.clip(sign, -epsilon, epsilon)]);
}

/** What is ≥ 0 needs no sign. */
export function stabilisedPositive(step: Pick<BackwardStep, 'builder'>, p: string, epsilon: number): string {
  return step.builder.node('Add', [p, constant(step, epsilon)]);
}

/**
 * Relevance of the node's output ÷ st of that output. Where all that reads the output is one rectifier, no relevance arrives at what
 * it cut away, and its result serves as the divisor.
 */
export function perOutput(step: BackwardStep, epsilon: number): string {
  const { builder, node } = step;
  const rectified = rectifierOf(step);
  const divisor = rectified === null ? stabilised(step, floatValue(step, node.outputs[0]!), epsilon) : stabilisedPositive(step, floatValue(step, rectified), epsilon);
  return builder.node('Div', [step.arriving(0)!, divisor]);
}

/** The output of the Relu that alone reads the node's output; null where there is none. */
export function rectifierOf({ model, node }: Pick<BackwardStep, 'model' | 'node'>): string | null {
  const output = node.outputs[0]!;
  const [reader, ...more] = consumers(model.nodes).get(output) ?? [];
  const isAlone = more.length === 0 && !model.outputs.some(({ name }) => name === output);
  return isAlone && reader?.op === 'Relu' && reader.domain === '' ? reader.outputs[0]! : null;
}
