import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inferShapes, knownOperators } from '../../server/onnx/infer-shapes.ts';
import type { Attribute } from '../../server/onnx/graph.ts';
import { DataType, floatTensor, int64Tensor } from '../../server/onnx/tensor.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';
import { assertShapesAsInRuntime } from './inferred-shapes.ts';

const activations: readonly (readonly [op: string, opset: number])[] = [
  ['Relu', 7],
  ['Elu', 7],
  ['LeakyRelu', 7],
  ['Sigmoid', 7],
  ['Tanh', 7],
  ['Softmax', 7],
  ['Softmax', 13],
  ['LogSoftmax', 13],
  ['Selu', 7],
  ['Softplus', 7],
  ['Softsign', 7],
  ['HardSigmoid', 7],
  ['HardSwish', 14],
  ['Gelu', 20],
  ['Mish', 18],
  ['Celu', 12],
  ['ThresholdedRelu', 10],
  ['Exp', 7],
  ['Log', 7],
  ['Sqrt', 7],
  ['Abs', 7],
  ['Neg', 7],
  ['Reciprocal', 7],
  ['Erf', 9],
  ['Floor', 7],
  ['Ceil', 7],
  ['Round', 11],
  ['Sign', 9],
  ['Identity', 7],
  ['Identity', 14],
  ['LpNormalization', 7],
  ['Dropout', 7],
  ['Dropout', 10],
  ['Dropout', 12],
  ['Dropout', 13],
];

for (const [op, opset] of activations) {
  test(`${op} keeps type and shape (operator set ${opset})`, async () => {
    const network = new Network({ opset });
    network.node(op, [network.input('image', ['N', 3, 4, 5])]);
    network.node(op, [network.input('row', ['N', 7])]);
    await assertShapesAsInRuntime(network);
  });
}

test('Clip keeps type and shape with limits as attributes (operator sets 7 and 10) and as inputs (11 and up)', async () => {
  for (const opset of [7, 10]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4, 5]);
    network.node('Clip', [image], { min: { float: 0 }, max: { float: 6 } });
    network.node('Clip', [image]);
    await assertShapesAsInRuntime(network);
  }
  for (const opset of [11, 12, 13, 21]) {
    const network = new Network({ opset });
    const [image, low, high] = [
      network.input('image', ['N', 3, 4, 5]),
      network.constant(floatTensor([], [0])),
      network.constant(floatTensor([], [6])),
    ];
    for (const inputs of [[image, low, high], [image, '', high], [image, low], [image]])
      network.node('Clip', inputs);
    await assertShapesAsInRuntime(network);
  }
});

test('PRelu keeps the shape of its input for slopes per channel and shared', async () => {
  for (const opset of [7, 9, 16]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4, 5]);
    for (const dims of [[3, 1, 1], [1], [1, 1, 1]])
      network.node('PRelu', [image, network.floats(dims)]);
    await assertShapesAsInRuntime(network);
  }
});

test('normalisations keep type and shape', async () => {
  for (const opset of [7, 9, 14, 15]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4, 5]);
    network.batchNormalization(image, 3);
    network.batchNormalization(network.input('row', ['N', 6]), 6);
    network.node('InstanceNormalization', [image, network.floats([3]), network.floats([3])]);
    network.node('LRN', [image], { size: 3 });
    await assertShapesAsInRuntime(network);
  }
});

test('LayerNormalization gives its mean and deviation along the axis', async () => {
  const network = new Network({ opset: 17 });
  const image = network.input('image', ['N', 3, 4, 5]);
  network.node('LayerNormalization', [image, network.floats([5]), network.floats([5])]);
  network.nodeOf(
    'LayerNormalization',
    [image, network.floats([4, 5])],
    new Map([['axis', { kind: 'int', value: -2n }]]),
    ['normal', 'mean', 'deviation'],
  );
  await assertShapesAsInRuntime(network);
});

test('the mask of a Dropout is a second value of the same shape', async () => {
  for (const opset of [7, 10, 12, 13]) {
    const network = new Network({ opset });
    network.nodeOf('Dropout', [network.input('image', ['N', 3, 4])], new Map(), ['kept', 'mask']);
    await assertShapesAsInRuntime(network);
  }
});

test('arithmetic broadcasts as the runtime does', async () => {
  for (const opset of [7, 13, 14]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4, 5]);
    const others = [
      [],
      [1],
      [5],
      [4, 1],
      [3, 1, 1],
      [1, 3, 1, 1],
      [1, 3, 4, 5],
      [2, 1, 1, 1, 1],
    ].map((dims) => network.floats(dims, 1, 2));
    others.push(
      image,
      network.node('ReduceMean', [image], { axes: [2, 3] }),
      network.node('ReduceMean', [image], { axes: [0] }),
    );
    for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Pow'])
      for (const other of others) network.node(op, [image, other]);
    for (const op of ['Sub', 'Div']) network.node(op, [others[3]!, image]);
    if (opset >= 8)
      for (const op of ['Max', 'Min', 'Sum', 'Mean'])
        network.node(op, [image, others[2]!, others[5]!]);
    for (const op of ['Max', 'Min', 'Sum', 'Mean']) network.node(op, [image, image]);
    await assertShapesAsInRuntime(network);
  }
});

test('comparisons give truth values, and Where the type of its branches', async () => {
  const network = new Network({ opset: 13 });
  const image = network.input('image', ['N', 3, 4]);
  const limit = network.floats([3, 1]);
  const tests = ['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'].map((op) =>
    network.node(op, [image, limit]),
  );
  network.node('And', [tests[0]!, network.node('Not', [tests[1]!])]);
  network.node('Or', [tests[0]!, tests[2]!]);
  network.node('Where', [tests[3]!, image, limit]);
  network.node('Where', [
    tests[3]!,
    network.constant(int64Tensor([1])),
    network.constant(int64Tensor([1, 2, 3, 4])),
  ]);
  await assertShapesAsInRuntime(network);
});

test('Cast gives the type that it names', async () => {
  for (const opset of [7, 13, 19]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4]);
    for (const to of [
      DataType.int64,
      DataType.int32,
      DataType.uint8,
      DataType.bool,
      DataType.double,
      DataType.float16,
    ])
      network.node('Cast', [image], { to });
    await assertShapesAsInRuntime(network);
  }
});

test('constants of every form have their type and shape', async () => {
  const network = new Network({ opset: 13 });
  network.node('Relu', [network.input('image', ['N', 2])]);
  network.node('Constant', [], { value: floatTensor([2, 3], [1, 2, 3, 4, 5, 6]) });
  const forms: Record<string, Attribute> = {
    value_float: { kind: 'float', value: 1.5 },
    value_floats: { kind: 'floats', value: [1, 2, 3] },
    value_int: { kind: 'int', value: 4n },
    value_ints: { kind: 'ints', value: [4n, 5n] },
  };
  for (const [name, attribute] of Object.entries(forms))
    network.nodeOf('Constant', [], new Map([[name, attribute]]), [name]);
  network.node('ConstantOfShape', [network.ints(2, 3)], { value: int64Tensor([7]) });
  network.node('ConstantOfShape', ['value_ints']);
  await assertShapesAsInRuntime(network);
  const shapes = inferShapes(network.model(['value_ints']));
  assert.deepEqual(
    Object.keys(forms).map((name) =>
      Array.from(shapes.constant(name)!.data as ArrayLike<number | bigint>, Number),
    ),
    [[1.5], [1, 2, 3], [4], [4, 5]],
  );
});

test('sizes that cannot be combined are an error that names operator, node and model', () => {
  const network = new Network();
  network.node('Add', [network.input('image', ['N', 3, 4]), network.floats([2, 1])], {}, 'sum');
  assert.throws(
    () => inferShapes(network.model(['sum'])),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'MODEL_SHAPE' &&
      error.message.includes(`Add "${network.nodes[0]!.name}" in test.onnx`),
  );
});

test('an unknown operator is an error that names operator, node and model', () => {
  for (const [op, domain, written] of [
    ['Det', '', 'Det'],
    ['Conv', 'com.example', 'com.example.Conv'],
    ['toString', '', 'toString'],
    ['constructor', '', 'constructor'],
  ] as const) {
    const network = new Network({ name: 'strange.onnx' });
    network.nodeOf(op, [network.input('image', ['N', 3])], new Map(), ['out'], domain);
    assert.throws(
      () => inferShapes(network.model(['out'])),
      (error) =>
        error instanceof RoadgazeError &&
        error.code === 'MODEL_OPERATOR_UNSUPPORTED' &&
        error.message.includes(`${written} "${network.nodes[0]!.name}" in strange.onnx`),
    );
  }
});

test('the operators that steering networks use are known', () => {
  const asked = (
    'Conv Relu Elu LeakyRelu PRelu Sigmoid Tanh Clip BatchNormalization MaxPool AveragePool GlobalAveragePool Gemm MatMul Add Sub Mul Div Flatten Reshape ' +
    'Transpose Concat Dropout Identity Pad Resize ReduceMean Squeeze Unsqueeze Constant Cast Softmax ConvTranspose'
  ).split(' ');
  assert.deepEqual(
    asked.filter((op) => !knownOperators.includes(op)),
    [],
  );
});
