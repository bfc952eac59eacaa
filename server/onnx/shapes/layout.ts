import { intAttribute, intsAttribute, tensorAttribute } from '../attributes.ts';
import { constantOf } from '../constant-node.ts';
import type { Dimension, Shape } from '../graph.ts';
import { DataType } from '../tensor.ts';
import { axisOf, product, type ShapeContext, type ShapeRule, type ValueFacts } from './context.ts';

/**
 * Axes of an operator that took them as an attribute up to some version and takes them as an input
 * since.
 */
function axesOf(context: ShapeContext, rank: number): readonly number[] | null {
  const axes =
    intsAttribute(context.node, 'axes') ??
    (context.optionalInput(1)
      ? (context.sizes(1)?.map(Number) ?? context.fail('the axes are not constant'))
      : null);
  const positive = axes?.map((axis) => axisOf(context, axis, rank)) ?? null;
  if (positive && new Set(positive).size < positive.length) context.fail('an axis is named twice');
  return positive;
}

export const flatten: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const axis = intAttribute(context.node, 'axis', 1);
  const split = axis === shape.length ? axis : axisOf(context, axis, shape.length);
  return [{ type, shape: [product(shape.slice(0, split)), product(shape.slice(split))] }];
};

export const reshape: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const target = context.sizes(1);
  if (!target) context.fail('the new shape is not a constant');
  const allowZero = intAttribute(context.node, 'allowzero', 0) === 1;
  const out: Dimension[] = target.map((size, axis) =>
    size === 0 && !allowZero
      ? (shape[axis] ?? context.fail('it copies an axis that is not there'))
      : size,
  );
  const open = out.indexOf(-1);
  if (open !== out.lastIndexOf(-1) || out.some((size) => typeof size === 'number' && size < -1))
    context.fail(`[${target.join(', ')}] is no shape`);
  if (open >= 0)
    out[open] = quotient(
      context,
      shape,
      out.filter((_, axis) => axis !== open),
    );
  // Exporters that know the batch as 1 write it into the shape: the element count then contradicts
  // a free batch, and ONNX Runtime will say so.
  return [{ type, shape: out }];
};

/**
 * The size that makes `rest` times it equal to `whole`: equal free sizes cancel, known ones divide.
 */
function quotient(context: ShapeContext, whole: Shape, rest: readonly Dimension[]): Dimension {
  const names = (dims: Shape) =>
    dims
      .flatMap((dim) => (typeof dim === 'string' ? dim.split('*') : []))
      .filter((name) => !/^\d+$/.test(name));
  const known = (dims: Shape) =>
    dims.reduce<number>(
      (total, dim) =>
        total *
        (typeof dim === 'number'
          ? dim
          : dim.split('*').reduce((p, f) => p * (/^\d+$/.test(f) ? Number(f) : 1), 1)),
      1,
    );
  const free = names(whole);
  for (const name of names(rest)) {
    const at = free.indexOf(name);
    if (at >= 0) free.splice(at, 1);
    else context.fail('the new shape has an open size that the old one lacks');
  }
  const size = known(whole) / known(rest);
  if (!Number.isInteger(size) && free.length === 0)
    context.fail(`${known(whole)} values do not fill rows of ${known(rest)}`);
  return free.length === 0 ? size : product([size, ...free]);
}

export const transpose: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const order =
    intsAttribute(context.node, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
  if (order.length !== shape.length || !shape.every((_, axis) => order.includes(axis)))
    context.fail(`[${order.join(', ')}] is no order of ${shape.length} axes`);
  return [{ type, shape: order.map((axis) => shape[axis]!) }];
};

export const concat: ShapeRule = (context: ShapeContext) => {
  const facts = context.node.inputs.map((_, index) => context.input(index));
  const first = facts[0]!;
  const axis = axisOf(context, intAttribute(context.node, 'axis', 1), first.shape.length);
  const unequal = facts.find(
    ({ shape }) =>
      shape.length !== first.shape.length ||
      shape.some((dim, at) => at !== axis && !couldBeEqual(dim, first.shape[at]!)),
  );
  if (unequal)
    context.fail(`[${first.shape.join(', ')}] and [${unequal.shape.join(', ')}] cannot be joined`);
  const joined = facts.map((fact) => fact.shape[axis]!);
  const total = joined.every((dim) => typeof dim === 'number')
    ? joined.reduce<number>((sum, dim) => sum + dim, 0)
    : joined.join('+');
  return [{ type: first.type, shape: first.shape.map((dim, at) => (at === axis ? total : dim)) }];
};

function couldBeEqual(a: Dimension, b: Dimension): boolean {
  return a === b || typeof a === 'string' || typeof b === 'string';
}

export const split: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const axis = axisOf(context, intAttribute(context.node, 'axis', 0), shape.length);
  const { length } = context.node.outputs;
  const dim = shape[axis];
  const parts =
    intsAttribute(context.node, 'split') ??
    context.sizes(1)?.map(Number) ??
    (typeof dim === 'number'
      ? Array.from({ length }, (_, index) =>
          Math.min(Math.ceil(dim / length), dim - index * Math.ceil(dim / length)),
        )
      : null);
  if (!parts) context.fail('it splits an axis of open size');
  const total = parts.reduce((sum, part) => sum + part, 0);
  if (
    parts.length !== length ||
    parts.some((part) => !(part >= 0)) ||
    (typeof dim === 'number' && total !== dim)
  )
    context.fail(`parts of ${parts.join(', ')} do not make up ${dim}`);
  return parts.map((part) => ({
    type,
    shape: shape.map((size, at) => (at === axis ? part : size)),
  }));
};

export const squeeze: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const axes = axesOf(context, shape.length);
  if (axes?.some((axis) => !couldBeEqual(shape[axis]!, 1)))
    context.fail(`axes ${axes.join(', ')} of [${shape.join(', ')}] are not all 1`);
  const left = shape.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1));
  // An open size is 1 at times, and then goes too. Of one axis alone that leaves the same values.
  const open = axes ? undefined : left.find((dim) => typeof dim === 'string');
  if (open !== undefined && left.length > 1)
    context.fail(
      `it names no axes, and so leaves out "${open}" of [${shape.join(', ')}] where that is 1`,
    );
  return [{ type, shape: left }];
};

export const unsqueeze: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const count = intsAttribute(context.node, 'axes')?.length ?? context.sizes(1)?.length;
  const axes = count === undefined ? null : axesOf(context, shape.length + count);
  if (!axes) context.fail('the axes are not constant');
  const rank = shape.length + axes.length;
  const rest = [...shape];
  return [
    {
      type,
      shape: Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!)),
    },
  ];
};

export const reduce: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const given = axesOf(context, shape.length);
  const axes =
    given && given.length > 0
      ? given
      : intAttribute(context.node, 'noop_with_empty_axes', 0)
        ? []
        : shape.map((_, axis) => axis);
  const keep = intAttribute(context.node, 'keepdims', 1) === 1;
  return [
    { type, shape: shape.flatMap((dim, axis) => (!axes.includes(axis) ? [dim] : keep ? [1] : [])) },
  ];
};

export const shapeOf: ShapeRule = (context: ShapeContext) => {
  const { shape } = context.input(0);
  const at = (name: string, fallback: number) => {
    const value = intAttribute(context.node, name, fallback);
    return value < 0 ? value + shape.length : value;
  };
  const sizes = shape.slice(at('start', 0), at('end', shape.length));
  return [{ type: DataType.int64, shape: [sizes.length], sizes }];
};

/** The number of elements, which may be a product with free sizes. */
export const sizeOf: ShapeRule = (context: ShapeContext) => [
  { type: DataType.int64, shape: [], sizes: [product(context.input(0).shape)] },
];

export const gather: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const indices = context.input(1).shape;
  const axis = axisOf(context, intAttribute(context.node, 'axis', 0), shape.length);
  const size = shape[axis]!;
  const beyond =
    typeof size === 'number'
      ? context.sizes(1)?.find((at) => typeof at === 'number' && (at < -size || at >= size))
      : undefined;
  if (beyond !== undefined) context.fail(`there is no number ${beyond} of ${size}`);
  return [
    {
      type,
      shape: [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)],
    },
  ];
};

export const slice: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const list = (name: string, index: number) =>
    intsAttribute(context.node, name) ?? context.sizes(index)?.map(Number) ?? null;
  const starts = list('starts', 1);
  const ends = list('ends', 2);
  if (!starts || !ends) context.fail('the range is not constant');
  const axes = list('axes', 3) ?? starts.map((_, axis) => axis);
  const steps = list('steps', 4) ?? starts.map(() => 1);
  if (![ends, axes, steps].every((each) => each.length === starts.length) || steps.includes(0))
    context.fail('the range makes no sense');
  const out = [...shape];
  axes.forEach((given, position) => {
    const axis = axisOf(context, given, shape.length);
    const dim = shape[axis];
    const [start, end, step] = [starts[position]!, ends[position]!, steps[position]!];
    if (typeof dim !== 'number') {
      if (start !== 0 || end < 2 ** 31 - 1 || step !== 1)
        context.fail('it cuts an axis of open size');
      return;
    }
    const clamp = (value: number, low: number, high: number) =>
      Math.max(low, Math.min(high, value < 0 ? value + dim : value));
    const from = step > 0 ? clamp(start, 0, dim) : clamp(start, 0, dim - 1);
    const to = step > 0 ? clamp(end, 0, dim) : end < -dim ? -1 : clamp(end, -1, dim - 1);
    out[axis] = Math.max(0, Math.ceil((to - from) / step));
  });
  return [{ type, shape: out }];
};

export const expand: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const target = context.sizes(1);
  if (!target) context.fail('the new shape is not a constant');
  const rank = Math.max(target.length, shape.length);
  return [
    {
      type,
      shape: Array.from({ length: rank }, (_, axis) => {
        const from = shape[shape.length - rank + axis] ?? 1;
        const to = target[target.length - rank + axis] ?? 1;
        if (to !== 1 && from !== 1 && !couldBeEqual(from, to))
          context.fail(`[${shape.join(', ')}] cannot be repeated to [${target.join(', ')}]`);
        return to === 1 ? from : to;
      }),
    },
  ];
};

export const constant: ShapeRule = (context: ShapeContext) => {
  const value =
    constantOf(context.node) ??
    context.fail('the constant is of a kind that Roadgaze does not read');
  return [{ type: value.type, shape: value.dims }];
};

export const constantOfShape: ShapeRule = (context: ShapeContext): ValueFacts[] => {
  const shape = context.sizes(0);
  if (!shape) context.fail('the shape is not a constant');
  const value = tensorAttribute(context.node, 'value');
  return [{ type: value?.type ?? DataType.float, shape }];
};
