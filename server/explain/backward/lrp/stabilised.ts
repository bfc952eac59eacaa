import { consumers, onceFor, type Node } from '../../../onnx/graph.ts';
import { explainedOperatorOf } from '../../operators/explained-operators.ts';
import type { BackwardStep } from '../rule.ts';
import { constant, floatValue } from '../values.ts';

/** Far above 1 ÷ any activation that is not rounding: turns the size of a number into its sign. */
const HUGE = 1e30;

/** st(z) = z + ε·sign(z) with sign(0) = +1: a divisor that is never 0. */
export function stabilised(
  { builder }: Pick<BackwardStep, 'builder'>,
  z: string,
  epsilon: number,
): string {
  const sign = builder.node('Add', [builder.scale(z, HUGE), constant({ builder }, epsilon)]);
  return builder.node('Add', [z, builder.clip(sign, -epsilon, epsilon)]);
}

/** What is ≥ 0 needs no sign. */
export function stabilisedPositive(
  step: Pick<BackwardStep, 'builder'>,
  p: string,
  epsilon: number,
): string {
  return step.builder.node('Add', [p, constant(step, epsilon)]);
}

/**
 * Relevance of the node's output ÷ st of that output. Where all that reads the output is one
 * rectifier, no relevance arrives at what it cut away, and its result serves as the divisor.
 */
export function perOutput(step: BackwardStep, epsilon: number): string {
  const { builder, node } = step;
  const rectified = rectifierOf(step);
  const divisor =
    rectified === null
      ? stabilised(step, floatValue(step, node.outputs[0]!), epsilon)
      : stabilisedPositive(step, floatValue(step, rectified), epsilon);
  return builder.node('Div', [step.arriving(0)!, divisor]);
}

/**
 * The output of the Relu that alone reads the node's output, where what it cut away gets no
 * relevance; null where there is none.
 */
export function rectifierOf({ model, node }: Pick<BackwardStep, 'model' | 'node'>): string | null {
  const output = node.outputs[0]!;
  const { read, zerosGetNothing } = readersOf(model);
  const [reader, ...more] = read.get(output) ?? [];
  const isAlone = more.length === 0 && !model.outputs.some(({ name }) => name === output);
  if (!isAlone || reader?.op !== 'Relu' || reader.domain !== '') return null;
  return zerosGetNothing.has(reader.outputs[0]!) ? reader.outputs[0]! : null;
}

interface Readers {
  readonly read: ReadonlyMap<string, readonly Node[]>;
  /**
   * Values to which no relevance arrives wherever they are 0. A Sigmoid, for one, makes ½ of a 0,
   * which is given relevance.
   */
  readonly zerosGetNothing: ReadonlySet<string>;
}

/**
 * Found once for a model. Nodes stand in the order in which they are computed, so that those that
 * read a value come behind the one that makes it.
 */
const readersOf = onceFor((model): Readers => {
  const read = consumers(model);
  const zerosGetNothing = new Set<string>();
  // A reader that shares relevance out in proportion to what it reads gives nothing to a 0; nor
  // does one of which every result that comes from a 0 is a 0 that is given nothing itself.
  const givesNothing = (node: Node) => {
    const row = explainedOperatorOf(node);
    return (
      row !== null &&
      (row.relevance === 'layer' ||
        row.relevance === 'sum' ||
        (row.keepsZeros && node.outputs.every((output) => zerosGetNothing.has(output))))
    );
  };
  for (const { outputs } of [...model.nodes].reverse()) {
    for (const output of outputs)
      if ((read.get(output) ?? []).every(givesNothing)) zerosGetNothing.add(output);
  }
  return { read, zerosGetNothing };
});
