import { intAttribute } from '../attributes.ts';
import { equationOf } from '../einsum.ts';
import type { Dimension } from '../graph.ts';
import { broadcast, type ShapeContext, type ShapeRule } from './context.ts';

export const gemm: ShapeRule = (context: ShapeContext) => {
  const { type, shape: a } = context.input(0);
  const b = context.input(1).shape;
  if (a.length !== 2 || b.length !== 2)
    context.fail('it multiplies other things than two matrices');
  const [rows, inner] = intAttribute(context.node, 'transA', 0) ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [innerB, columns] = intAttribute(context.node, 'transB', 0)
    ? [b[1]!, b[0]!]
    : [b[0]!, b[1]!];
  if (typeof inner === 'number' && typeof innerB === 'number' && inner !== innerB)
    context.fail(`${inner} values meet ${innerB} weights`);
  return [{ type, shape: [rows, columns] }];
};

export const matMul: ShapeRule = (context: ShapeContext) => {
  const { type, shape: left } = context.input(0);
  const right = context.input(1).shape;
  const a = left.length === 1 ? [1, ...left] : left;
  const b = right.length === 1 ? [...right, 1] : right;
  const inner = a.at(-1)!;
  const innerB = b.at(-2)!;
  if (typeof inner === 'number' && typeof innerB === 'number' && inner !== innerB)
    context.fail(`${inner} values meet ${innerB} weights`);
  const shape: Dimension[] = [...broadcast(context, [a.slice(0, -2), b.slice(0, -2)])];
  if (left.length > 1) shape.push(a.at(-2)!);
  if (right.length > 1) shape.push(b.at(-1)!);
  return [{ type, shape }];
};

export const einsum: ShapeRule = (context: ShapeContext) => {
  const equation =
    equationOf(context.node) ??
    context.fail('its equation is not one of letters, each once for a value');
  const sizes = new Map<string, Dimension>();
  equation.inputs.forEach((letters, index) => {
    const { shape } = context.input(index);
    if (shape.length !== letters.length)
      context.fail(`"${letters}" does not name ${shape.length} axes`);
    [...letters].forEach((letter, axis) => {
      const [before, dim] = [sizes.get(letter) ?? 1, shape[axis]!];
      if (typeof before === 'number' && typeof dim === 'number' && before !== dim && before !== 1)
        context.fail(`axis "${letter}" has ${before} and ${dim} entries`);
      if (typeof before === 'number') sizes.set(letter, dim);
    });
  });
  return [
    {
      type: context.input(0).type,
      shape: [...equation.output].map((letter) => sizes.get(letter)!),
    },
  ];
};
