import { equationOf } from '../../../onnx/einsum.ts';
import { sizeAt } from '../axes.ts';
import { unsupported, type BackwardRule } from '../rule.ts';
import { floatValue } from '../values.ts';

/**
 * y = Σ a·b·…: ∂a is the sum of the signal times the other factors, over what a has not; along what
 * only a has, it is the same everywhere.
 */
export const einsum: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const equation = equationOf(node);
  if (!equation) throw unsupported(step, 'its equation is not known');
  const { inputs, output } = equation;
  return node.inputs.map((input, index) => {
    if (!step.wanted(index)) return null;
    const letters = inputs[index]!;
    const others = inputs.flatMap((axes, at) => (at === index ? [] : [{ axes, at }]));
    const known = output + others.map(({ axes }) => axes).join('');
    const alone = [...letters].filter((letter) => !known.includes(letter));
    const shape = shapes.of(input);
    const ones = alone.map((letter) =>
      builder.ones([sizeAt(step, shape, letters.indexOf(letter))]),
    );
    return builder.node(
      'Einsum',
      [step.arriving(0)!, ...others.map(({ at }) => floatValue(step, node.inputs[at]!)), ...ones],
      {
        equation: `${[output, ...others.map(({ axes }) => axes), ...alone].join(',')}->${letters}`,
      },
    );
  });
};
