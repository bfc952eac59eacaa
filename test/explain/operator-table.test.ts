import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainedOperators } from '../../server/explain/operators/explained-operators.ts';
import { operators, type OperatorName } from '../../server/onnx/operators/operators.ts';

const names = Object.keys(operators) as OperatorName[];

/** Cells that hold nothing, with the reason, by column. Whatever else is empty is forgotten. */
const EMPTY: Readonly<Record<string, Readonly<Record<string, readonly OperatorName[]>>>> = {
  gradient: {
    'what it gives does not depend on what the picture shows': [
      'Constant',
      'ConstantOfShape',
      'Range',
      'Shape',
      'Size',
    ],
  },
  relevance: {
    'what it gives does not depend on what the picture shows': [
      'Constant',
      'ConstantOfShape',
      'Range',
      'Shape',
      'Size',
    ],
  },
  fold: {
    'shape inference tells it without computing': ['Constant', 'Shape', 'Size'],
    'ONNX Runtime multiplies whole numbers where it stands in front of a layer': [
      'DequantizeLinear',
    ],
    'a network computes it of its picture, not of constants': [
      'ArgMax',
      'ArgMin',
      'Attention',
      'AveragePool',
      'BatchNormalization',
      'Celu',
      'Clip',
      'Conv',
      'ConvTranspose',
      'CumSum',
      'DepthToSpace',
      'Dropout',
      'Einsum',
      'Elu',
      'Erf',
      'GatherElements',
      'GridSample',
      'IsInf',
      'GRU',
      'Gelu',
      'Gemm',
      'GlobalAveragePool',
      'GlobalMaxPool',
      'GroupNormalization',
      'HardSigmoid',
      'HardSwish',
      'InstanceNormalization',
      'LRN',
      'LSTM',
      'LayerNormalization',
      'LeakyRelu',
      'LogSoftmax',
      'LpNormalization',
      'LpPool',
      'MatMul',
      'MaxPool',
      'Mean',
      'Mish',
      'PRelu',
      'OneHot',
      'QuantizeLinear',
      'RNN',
      'RMSNormalization',
      'ReduceL1',
      'ReduceL2',
      'ReduceLogSum',
      'ReduceLogSumExp',
      'ReduceMean',
      'ReduceSumSquare',
      'Resize',
      'ScatterElements',
      'Selu',
      'Shrink',
      'Sigmoid',
      'Softmax',
      'Softplus',
      'Softsign',
      'SpaceToDepth',
      'Swish',
      'Tanh',
      'ThresholdedRelu',
      'TopK',
      'Upsample',
    ],
  },
};

describe('the table of operators', () => {
  it('has the same rows for explanations as for shapes', () => {
    assert.deepEqual(Object.keys(explainedOperators).sort(), [...names].sort());
  });

  const columns = {
    gradient: (name: OperatorName) => explainedOperators[name].gradient,
    relevance: (name: OperatorName) => explainedOperators[name].relevance,
    fold: (name: OperatorName) => operators[name].fold,
  };
  for (const [column, cell] of Object.entries(columns)) {
    it(`has no empty cell in the column "${column}" but those with a reason`, () => {
      assert.deepEqual(
        names.filter((name) => cell(name) === null).sort(),
        Object.values(EMPTY[column]!).flat().sort(),
      );
    });
  }

  it('says of what keeps the plane how, or that it keeps each place, or that it does not', () => {
    const silent = names.filter((name) => {
      const { elementwise, step, mixesPositions, merges, parts, gradient } =
        explainedOperators[name];
      return !elementwise && !step && !mixesPositions && !merges && !parts && gradient !== null;
    });
    // VisualBackProp compares the sizes in front of these and behind.
    assert.deepEqual(silent.sort(), [
      'BatchNormalization',
      'Expand',
      'Gather',
      'GatherElements',
      'GroupNormalization',
      'InstanceNormalization',
      'LRN',
      'LayerNormalization',
      'LogSoftmax',
      'LpNormalization',
      'RMSNormalization',
      'Softmax',
      'Squeeze',
      'Tile',
      'Transpose',
      'Unsqueeze',
    ]);
  });

  it('passes relevance in a way that goes with how the operator is made', () => {
    for (const name of names) {
      const { elementwise, relevance, rectifies, gradient } = explainedOperators[name];
      if (rectifies) assert.equal(elementwise, 'activation', name);
      if (elementwise === 'activation') assert.equal(relevance, 'activation', name);
      if (relevance !== null) assert.ok(gradient, name);
    }
  });
});
