import { floatAttribute } from '../../../onnx/attributes.ts';
import { producers, type Node } from '../../../onnx/graph.ts';
import { tensorNumbers } from '../../../onnx/tensor.ts';
import { explainedOperatorOf } from '../../operators/explained-operators.ts';
import type { BackwardRule, BackwardStep } from '../rule.ts';
import { summedTo } from '../values.ts';

/**
 * Factors that both depend on the picture. A gate, which is between 0 and 1, says how much of the
 * other passes: that one takes all (Arras et al. 2017, "signal takes all", for the gates of LSTM and
 * GRU). So x·σ(x), written out, passes on as an activation does. Where neither is a gate, or both
 * are, each gets an equal part (AttnLRP, Achtibat et al. 2024, proposition 3.2).
 */
export const gatedProduct: BackwardRule = (step) => {
  const { builder, node } = step;
  const wanted = node.inputs.flatMap((_, index) => (step.wanted(index) ? [index] : []));
  const open = wanted.length > 1 ? wanted.filter((index) => !isGateOf(step, index)) : wanted;
  const takers = open.length === 0 ? wanted : open;
  const relevance = step.arriving(0)!;
  const signal = takers.length === 1 ? relevance : builder.scale(relevance, 1 / takers.length);
  return node.inputs.map((input, index) =>
    takers.includes(index) ? summedTo(step, signal, node.outputs[0]!, input) : null,
  );
};

function isGateOf(step: BackwardStep, index: number): boolean {
  const [value, other] = [step.node.inputs[index]!, step.node.inputs[1 - index]!];
  return isGate(step, value) || bends(step, value, other);
}

/** Whether the value is known to be between 0 and some limit, as a share of something. */
function isGate(step: BackwardStep, value: string): boolean {
  const node = producers(step.model).get(value);
  if (!node || node.domain !== '') return false;
  const [first = '', second = ''] = node.inputs;
  const constantAt = (at: number) => numberAt(step, node.inputs[at] ?? '') !== null;
  switch (node.op) {
    case 'Sigmoid':
    case 'HardSigmoid':
      return true;
    case 'Clip':
      return (limitOf(step, node, 1, 'min') ?? -1) >= 0 && limitOf(step, node, 2, 'max') !== null;
    case 'Identity':
    case 'Cast':
    case 'Dropout':
      return isGate(step, first);
    case 'Mul':
      return constantAt(1) ? isGate(step, first) : constantAt(0) && isGate(step, second);
    case 'Div':
      return constantAt(1) && isGate(step, first);
    case 'Sub':
      // What a gate leaves: 1 − z.
      return numberAt(step, first) === 1 && isGate(step, second);
    default:
      return false;
  }
}

/** Whether the value is made of nothing but the other, number by number: x·g(x). */
function bends(step: BackwardStep, value: string, other: string): boolean {
  for (let at = value; ;) {
    const node = producers(step.model).get(at);
    const row = node && explainedOperatorOf(node);
    if (!row?.elementwise) return false;
    const inputs = node!.inputs.filter(
      (input) => input !== '' && step.shapes.constant(input) === null,
    );
    const [input] = inputs;
    if (inputs.length !== 1 || input === undefined) return false;
    if (input === other) return true;
    at = input;
  }
}

/** The number that the value is; null where it is none, or more than one. */
function numberAt({ shapes }: BackwardStep, value: string): number | null {
  const tensor = shapes.constant(value);
  return tensor?.data.length === 1 ? tensorNumbers(tensor)[0]! : null;
}

function limitOf(step: BackwardStep, node: Node, index: number, attribute: string): number | null {
  if (node.inputs[index]) return numberAt(step, node.inputs[index]);
  const value = floatAttribute(node, attribute, NaN);
  return Number.isNaN(value) ? null : value;
}
