import { intAttribute } from '../attributes.ts';
import type { Dimension } from '../graph.ts';
import { DataType } from '../tensor.ts';
import { broadcast, type ShapeContext, type ShapeRule } from './context.ts';

const unary: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  return context.node.outputs.map((_, index) => ({ type: index === 0 ? type : DataType.bool, shape }));
};

const cast: ShapeRule = (context: ShapeContext) => {
  const sizes = context.sizes(0);
  return [{ type: intAttribute(context.node, 'to', DataType.float), shape: context.input(0).shape, ...(sizes ? { sizes } : {}) }];
};

const combine = (result?: number): ShapeRule => (context) => {
  const facts = context.node.inputs.map((_, index) => context.input(index));
  const sizes = sizeArithmetic(context);
  return [{ type: result ?? facts[0]!.type, shape: broadcast(context, facts.map((fact) => fact.shape)), ...(sizes ? { sizes } : {}) }];
};

/** Exporters compute flattened sizes as products of entries of `Shape`. */
function sizeArithmetic(context: ShapeContext): Dimension[] | null {
  const compute = { Add: (a: number, b: number) => a + b, Sub: (a: number, b: number) => a - b, Mul: (a: number, b: number) => a * b, Div: (a: number, b: number) => Math.trunc(a / b) }[context.node.op];
  const a = compute && context.sizes(0);
  const b = a && context.sizes(1);
  if (!compute || !a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return null;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => {
    const left = a[a.length === 1 ? 0 : index]!;
    const right = b[b.length === 1 ? 0 : index]!;
    if (typeof left === 'number' && typeof right === 'number') return compute(left, right);
    return `${context.node.op}(${left},${right})`;
  });
}

const where: ShapeRule = (context: ShapeContext) => [{
  type: context.input(1).type,
  shape: broadcast(context, [context.input(0).shape, context.input(1).shape, context.input(2).shape]),
}];

const table = (operators: string, rule: ShapeRule) => Object.fromEntries(operators.split(' ').map((operator) => [operator, rule]));

export const elementwiseRules: Readonly<Record<string, ShapeRule>> = {
  ...table(
    'Relu Elu LeakyRelu PRelu Sigmoid Tanh Clip BatchNormalization Dropout Identity Softmax LogSoftmax Selu Softplus Softsign HardSigmoid HardSwish ' +
      'Gelu Mish Celu ThresholdedRelu Exp Log Sqrt Abs Neg Reciprocal Erf Floor Ceil Round Sign InstanceNormalization LayerNormalization LRN LpNormalization',
    unary,
  ),
  ...table('Add Sub Mul Div Pow Min Max Sum Mean', combine()),
  ...table('Equal Less Greater LessOrEqual GreaterOrEqual And Or', combine(DataType.bool)),
  Not: unary, Cast: cast, Where: where,
};
