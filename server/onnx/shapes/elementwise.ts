import { intAttribute } from '../attributes.ts';
import type { Dimension } from '../graph.ts';
import { DataType } from '../tensor.ts';
import { axisOf, broadcast, type ShapeContext, type ShapeRule } from './context.ts';

const unary: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  return [{ type, shape }];
};

/**
 * The mask of what was kept is a second output; numbers before operator set 10, truth values since.
 */
const dropout: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  return [
    { type, shape },
    { type: context.opset < 10 ? type : DataType.bool, shape },
  ];
};

/**
 * Mean and inverse deviation are further outputs, with 1 for every axis that they were taken over.
 */
const layerNormalization: ShapeRule = (context: ShapeContext) => {
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
const batchNormalization: ShapeRule = (context: ShapeContext) => {
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

const cast: ShapeRule = (context: ShapeContext) => {
  const sizes = context.sizes(0);
  return [
    {
      type: intAttribute(context.node, 'to', DataType.float),
      shape: context.input(0).shape,
      ...(sizes ? { sizes } : {}),
    },
  ];
};

const combine =
  (result?: number): ShapeRule =>
  (context) => {
    const facts = context.node.inputs.map((_, index) => context.input(index));
    const whole = facts.every(
      (fact) => fact.type === DataType.int64 || fact.type === DataType.int32,
    );
    const sizes = whole ? sizeArithmetic(context) : null;
    return [
      {
        type: result ?? facts[0]!.type,
        shape: broadcast(
          context,
          facts.map((fact) => fact.shape),
        ),
        ...(sizes ? { sizes } : {}),
      },
    ];
  };

/** Exporters compute flattened sizes as products of entries of `Shape`. */
function sizeArithmetic(context: ShapeContext): Dimension[] | null {
  const compute = {
    Add: (a: number, b: number) => a + b,
    Sub: (a: number, b: number) => a - b,
    Mul: (a: number, b: number) => a * b,
    Div: (a: number, b: number) => Math.trunc(a / b),
  }[context.node.op];
  const a = compute && context.sizes(0);
  const b = a && context.sizes(1);
  if (!compute || !a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1))
    return null;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => {
    const left = a[a.length === 1 ? 0 : index]!;
    const right = b[b.length === 1 ? 0 : index]!;
    if (typeof left === 'number' && typeof right === 'number') return compute(left, right);
    return `${context.node.op}(${left},${right})`;
  });
}

const where: ShapeRule = (context: ShapeContext) => [
  {
    type: context.input(1).type,
    shape: broadcast(context, [
      context.input(0).shape,
      context.input(1).shape,
      context.input(2).shape,
    ]),
  },
];

const table = (operators: string, rule: ShapeRule) =>
  Object.fromEntries(operators.split(' ').map((operator) => [operator, rule]));

export const elementwiseRules: Readonly<Record<string, ShapeRule>> = {
  ...table(
    'Relu Elu LeakyRelu PRelu Sigmoid Tanh Clip Identity Softmax LogSoftmax Selu Softplus Softsign HardSigmoid HardSwish ' +
      'Gelu Mish Celu ThresholdedRelu Exp Log Sqrt Abs Neg Reciprocal Erf Floor Ceil Round Sign InstanceNormalization LRN LpNormalization',
    unary,
  ),
  ...table('Add Sub Mul Div Pow Min Max Sum Mean', combine()),
  ...table('Equal Less Greater LessOrEqual GreaterOrEqual And Or', combine(DataType.bool)),
  Not: unary,
  Cast: cast,
  Where: where,
  Dropout: dropout,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
};
