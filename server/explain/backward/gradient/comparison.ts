import { DataType } from '../../../onnx/tensor.ts';
import type { BackwardRule, BackwardStep } from '../rule.ts';
import { constant, floatConstant, floatValue, summedTo } from '../values.ts';
import { isBeyond, STEEPEST } from './further-activations.ts';

/**
 * 1 where `value` is not beaten by `best`, else 0. `operator` tells how a beaten value compares
 * with the best.
 */
export function isBest(
  { builder }: Pick<BackwardStep, 'builder'>,
  value: string,
  best: string,
  operator: 'Less' | 'Greater',
): string {
  // Equal takes no floats before operator set 11.
  return builder.node('Cast', [builder.node('Not', [builder.node(operator, [value, best])])], {
    to: DataType.float,
  });
}

/**
 * The signal goes to the input that was chosen; equal ones share it evenly, as torch.maximum has
 * it.
 */
export const chosen =
  (operator: 'Max' | 'Min', beaten: 'Less' | 'Greater'): BackwardRule =>
  (step) => {
    const { builder, node, shapes } = step;
    if (node.inputs.length === 1) return [step.arriving(0)];
    const values = node.inputs.map((input) => floatValue(step, input));
    // ONNX Runtime may read values in more digits than it rounds their maximum to, and then none
    // would be equal to it.
    const best =
      shapes.type(node.outputs[0]!) === DataType.float
        ? node.outputs[0]!
        : builder.node(operator, values);
    const isChosen = values.map((value) => isBest(step, value, best, beaten));
    const share = builder.node('Div', [
      step.arriving(0)!,
      isChosen.reduce((sum, each) => builder.node('Add', [sum, each])),
    ]);
    return node.inputs.map((input, index) =>
      step.wanted(index)
        ? summedTo(step, builder.node('Mul', [share, isChosen[index]!]), node.outputs[0]!, input)
        : null,
    );
  };

/** Every input gets the signal, of a mean its share. */
export const added =
  (share: (inputs: number) => number): BackwardRule =>
  (step) => {
    const { builder, node } = step;
    const factor = share(node.inputs.length);
    const signal = factor === 1 ? step.arriving(0)! : builder.scale(step.arriving(0)!, factor);
    return node.inputs.map((input, index) =>
      step.wanted(index) ? summedTo(step, signal, node.outputs[0]!, input) : null,
    );
  };

/** y = xᵖ: ∂x = p·xᵖ⁻¹·∂y, ∂p = y·ln x·∂y where x > 0, else 0. */
export const power: BackwardRule = (step) => {
  const { builder, node } = step;
  const signal = step.arriving(0)!;
  const [x, exponent] = [floatValue(step, node.inputs[0]!), floatValue(step, node.inputs[1]!)];
  const ofBase = () => {
    const lower = builder.node('Pow', [x, builder.node('Sub', [exponent, constant(step, 1)])]);
    return builder.node('Mul', [builder.clip(lower, -STEEPEST, STEEPEST), exponent]);
  };
  const ofExponent = () => {
    const logarithm = builder.node('Log', [builder.clip(x, 1 / STEEPEST, STEEPEST)]);
    const y = builder.clip(floatValue(step, node.outputs[0]!), -STEEPEST, STEEPEST);
    return builder.node('Mul', [
      builder.node('Mul', [y, logarithm]),
      isBeyond(step, x, 'Greater', 0),
    ]);
  };
  return [ofBase, ofExponent].map((derivative, index) =>
    step.wanted(index)
      ? summedTo(
          step,
          builder.node('Mul', [signal, derivative()]),
          node.outputs[0]!,
          node.inputs[index]!,
        )
      : null,
  );
};

/** The signal goes where the value came from; the condition gets nothing. */
export const where: BackwardRule = (step) => {
  const { builder, node } = step;
  const [condition, first, second] = node.inputs as [string, string, string];
  const zero = floatConstant(step, [], [0]);
  const signal = step.arriving(0)!;
  return [
    null,
    step.wanted(1)
      ? summedTo(step, builder.node('Where', [condition, signal, zero]), node.outputs[0]!, first)
      : null,
    step.wanted(2)
      ? summedTo(step, builder.node('Where', [condition, zero, signal]), node.outputs[0]!, second)
      : null,
  ];
};

/** y = a − b·n with a whole n: ∂a = ∂y, ∂b = −n·∂y, n = (a − y) ÷ b. */
export const remainder: BackwardRule = (step) => {
  const { builder, node } = step;
  const [a, b] = node.inputs.map((input) => floatValue(step, input)) as [string, string];
  const signal = step.arriving(0)!;
  const times = () =>
    builder.node('Div', [builder.node('Sub', [floatValue(step, node.outputs[0]!), a]), b]);
  return [
    step.wanted(0) ? summedTo(step, signal, node.outputs[0]!, node.inputs[0]!) : null,
    step.wanted(1)
      ? summedTo(step, builder.node('Mul', [signal, times()]), node.outputs[0]!, node.inputs[1]!)
      : null,
  ];
};
