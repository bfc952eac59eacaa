import { intAttribute } from '../attributes.ts';
import { DataType } from '../tensor.ts';
import { axisOf, broadcast, type ShapeContext, type ShapeRule } from './context.ts';

export const unary: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  return [{ type, shape }];
};

/** Something that is asked of each number. */
export const asked: ShapeRule = (context: ShapeContext) => [
  { type: DataType.bool, shape: context.input(0).shape },
];

/**
 * The mask of what was kept is a second output; numbers before operator set 10, truth values since.
 */
export const dropout: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  return [
    { type, shape },
    { type: context.opset < 10 ? type : DataType.bool, shape },
  ];
};

/**
 * Mean and inverse deviation are further outputs, with 1 for every axis that they were taken over.
 */
export const layerNormalization: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const first = axisOf(context, intAttribute(context.node, 'axis', -1), shape.length);
  const statistic = {
    type: DataType.float,
    shape: shape.map((dim, axis) => (axis < first ? dim : 1)),
  };
  return [{ type, shape }, statistic, statistic];
};

/**
 * As a training step writes it, the operator also gives its running mean and variance, one per
 * channel.
 */
export const batchNormalization: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const channels = shape[1] ?? context.fail('there is no axis of channels');
  for (const index of [1, 2, 3, 4]) {
    const { shape: parameters } = context.input(index);
    if (parameters.length !== 1 || (typeof channels === 'number' && parameters[0] !== channels))
      context.fail(`${channels} channels meet parameters of the shape [${parameters.join(', ')}]`);
  }
  const statistic = { type, shape: [channels] };
  return [{ type, shape }, ...context.node.outputs.slice(1).map(() => statistic)];
};

export const cast: ShapeRule = (context: ShapeContext) => {
  return [
    { type: intAttribute(context.node, 'to', DataType.float), shape: context.input(0).shape },
  ];
};

export const combine =
  (result?: number): ShapeRule =>
  (context) => {
    const facts = context.node.inputs.map((_, index) => context.input(index));
    return [
      {
        type: result ?? facts[0]!.type,
        shape: broadcast(
          context,
          facts.map((fact) => fact.shape),
        ),
      },
    ];
  };

export const where: ShapeRule = (context: ShapeContext) => [
  {
    type: context.input(1).type,
    shape: broadcast(context, [
      context.input(0).shape,
      context.input(1).shape,
      context.input(2).shape,
    ]),
  },
];
