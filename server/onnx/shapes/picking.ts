import { intAttribute } from '../attributes.ts';
import { DataType, tensorNumbers } from '../tensor.ts';
import { axisOf, product, type ShapeContext, type ShapeRule } from './context.ts';

/** The place of the largest or smallest along an axis. */
export const argExtreme: ShapeRule = (context: ShapeContext) => {
  const { shape } = context.input(0);
  const axis = axisOf(context, intAttribute(context.node, 'axis', 0), shape.length);
  const keep = intAttribute(context.node, 'keepdims', 1) === 1;
  return [
    {
      type: DataType.int64,
      shape: shape.flatMap((dim, at) => (at !== axis ? [dim] : keep ? [1] : [])),
    },
  ];
};

/** Values of a picture at the points of a grid [N, height, width, 2]. */
export const gridSample: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const grid = context.input(1).shape;
  if (grid.length !== shape.length || grid.at(-1) !== shape.length - 2)
    context.fail(`a grid of the shape [${grid.join(', ')}] meets values of ${shape.length} axes`);
  return [{ type, shape: [...shape.slice(0, 2), ...grid.slice(1, -1)] }];
};

/** The largest or smallest values along an axis, and their places. */
export const topK: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const axis = axisOf(context, intAttribute(context.node, 'axis', -1), shape.length);
  const k = context.node.attributes.has('k')
    ? intAttribute(context.node, 'k', 0)
    : context.sizes(1)?.[0];
  const size = shape[axis]!;
  if (typeof k !== 'number') context.fail('how many it takes is not a constant');
  if (k < 0 || (typeof size === 'number' && k > size)) context.fail(`it takes ${k} of ${size}`);
  const taken = shape.map((dim, at) => (at === axis ? k : dim));
  return [
    { type, shape: taken },
    { type: DataType.int64, shape: taken },
  ];
};

/** A number for each whole one up to `depth`, along an axis of their own. */
export const oneHot: ShapeRule = (context: ShapeContext) => {
  const { shape } = context.input(0);
  const [depth] = context.sizes(1) ?? [];
  if (depth === undefined) context.fail('how many it tells apart is not a constant');
  const axis = axisOf(context, intAttribute(context.node, 'axis', -1), shape.length + 1);
  return [
    { type: context.input(2).type, shape: [...shape.slice(0, axis), depth, ...shape.slice(axis)] },
  ];
};

export const gatherElements: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const indices = context.input(1).shape;
  axisOf(context, intAttribute(context.node, 'axis', 0), shape.length);
  if (indices.length !== shape.length)
    context.fail(`indices of ${indices.length} axes meet values of ${shape.length}`);
  return [{ type, shape: indices }];
};

export const tile: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const repeats = context.sizes(1);
  if (repeats?.length !== shape.length)
    context.fail('how often it repeats is not a constant with a number per axis');
  return [
    {
      type,
      shape: shape.map((dim, axis) => {
        const count = repeats[axis]!;
        if (typeof count === 'number' && count < 0) context.fail('it repeats less than nothing');
        return product([dim, count]);
      }),
    },
  ];
};

/** start, start + delta, … in front of limit. */
export const range: ShapeRule = (context: ShapeContext) => {
  const [start, limit, delta] = [0, 1, 2].map((index) => {
    const tensor = context.constant(index);
    return tensor ? tensorNumbers(tensor)[0] : context.sizes(index)?.[0];
  });
  if (typeof start !== 'number' || typeof limit !== 'number' || typeof delta !== 'number')
    context.fail('its ends are not constants');
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isFinite(length)) context.fail('it has no end');
  return [{ type: context.input(0).type, shape: [length] }];
};

/** The first input in the type of the second. */
export const castLike: ShapeRule = (context: ShapeContext) => [
  { type: context.input(1).type, shape: context.input(0).shape },
];

/** Numbers for whole ones: in the type of the scale. */
export const dequantize: ShapeRule = (context: ShapeContext) => [
  { type: context.input(1).type, shape: context.input(0).shape },
];

/** Whole numbers: of the type of the zero point, or as an attribute says. */
export const quantize: ShapeRule = (context: ShapeContext) => {
  const given = intAttribute(context.node, 'output_dtype', 0);
  const zero = context.optionalInput(2);
  return [
    {
      type: zero?.type ?? (given === 0 ? DataType.uint8 : given),
      shape: context.input(0).shape,
    },
  ];
};
