import { linearMap } from '../linear-map.ts';
import { unsupported, type BackwardRule } from '../rule.ts';
import { floatValue, summedTo } from '../values.ts';

/** y = W·x: the gradient of x is Wᵀ times that of y. */
export const linear: BackwardRule = (step) => {
  const map = linearMap(step);
  if (map)
    return step.node.inputs.map((_, index) =>
      step.wanted(index) ? map.backward({ signal: step.arriving(0)!, weights: map.weights }) : null,
    );
  if (step.node.op !== 'MatMul') throw unsupported(step, 'its weights depend on the picture');
  return productGradients(step);
};

/** y = a·b, both of the picture: ∂a = ∂y·bᵀ, ∂b = aᵀ·∂y. */
export const productGradients: BackwardRule = (step) => {
  const { builder, shapes, node } = step;
  const [a, b] = node.inputs as [string, string];
  const signal = step.arriving(0)!;
  if (shapes.of(a).length < 2 || shapes.of(b).length < 2)
    throw unsupported(step, 'it multiplies vectors');
  const turned = (value: string) => {
    const rank = shapes.of(value).length;
    const order = Array.from({ length: rank }, (_, axis) => axis);
    return builder.transpose(floatValue(step, value), [...order.slice(0, -2), rank - 1, rank - 2]);
  };
  if (shapes.of(a).length !== shapes.of(b).length)
    throw unsupported(step, 'its factors have different numbers of axes');
  const left = builder.node('MatMul', [signal, turned(b)]);
  const right = builder.node('MatMul', [turned(a), signal]);
  return [summedTo(step, left, a, a), summedTo(step, right, b, b)];
};
