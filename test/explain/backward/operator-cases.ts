import { attributes, type PlainAttribute } from '../../../server/onnx/attributes.ts';
import type { Attribute } from '../../../server/onnx/graph.ts';
import { DataType, floatTensor, int64Tensor } from '../../../server/onnx/tensor.ts';
import type { Network } from '../../support/network.ts';
import type { OperatorCase } from './operator-case.ts';
import { sequenceCases } from './sequence-cases.ts';

type Plain = Readonly<Record<string, PlainAttribute>>;
const ALL = [7, 9, 11, 13, 17, 21];
const from = (first: number) => ALL.filter((opset) => opset >= first);

const float = (value: number) => ({ float: value });
const constant = (network: Network, value: number) => network.constant(floatTensor([], [value]));
const raise = (network: Network, x: string, low: number) =>
  network.node('Add', [network.node('Abs', [x]), constant(network, low)]);
const floatsAttribute = (name: string, values: readonly number[]): ReadonlyMap<string, Attribute> =>
  new Map([[name, { kind: 'floats', value: values }]]);

function simple(
  op: string,
  opsets: readonly number[],
  plain: Plain = {},
  suffix = '',
): OperatorCase {
  return {
    title: `${op}${suffix}`,
    covers: [op],
    opsets,
    build: (network, x) => network.node(op, [x], plain),
  };
}

/** An operator with parameters as inputs behind x. */
function withInts(
  op: string,
  opsets: readonly number[],
  inputs: readonly (readonly number[] | null)[],
  plain: Plain = {},
  suffix = '',
): OperatorCase {
  return {
    title: `${op}${suffix}`,
    covers: [op],
    opsets,
    build: (network, x) =>
      network.node(op, [x, ...inputs.map((list) => (list ? network.ints(...list) : ''))], plain),
  };
}

/** y and what x is squeezed to beforehand, so that both factors depend on the picture. */
const two = (
  op: string,
  opsets: readonly number[],
  second: (network: Network, x: string) => string,
  suffix = '',
  turned = false,
): OperatorCase => ({
  title: `${op}${suffix}`,
  covers: [op],
  opsets,
  build: (network, x) =>
    network.node(op, turned ? [second(network, x), x] : [x, second(network, x)]),
});

const perChannel = (network: Network, x: string) => network.node('GlobalAveragePool', [x]);
const channels = (network: Network) => network.floats([4, 1, 1], 0.5, 1.5);

const activations: readonly OperatorCase[] = [
  ...[
    'Relu',
    'Sigmoid',
    'Tanh',
    'Elu',
    'LeakyRelu',
    'Selu',
    'Softplus',
    'Softsign',
    'Abs',
    'Neg',
    'Identity',
    'Dropout',
    'HardSigmoid',
  ].map((op) => simple(op, [7, 13, 21])),
  simple('Elu', [13], { alpha: float(0.4) }, ' with another alpha'),
  simple('LeakyRelu', [13], { alpha: float(0.3) }, ' with another alpha'),
  simple('Selu', [13], { alpha: float(1.2), gamma: float(0.8) }, ' with other constants'),
  simple('HardSigmoid', [13], { alpha: float(0.6), beta: float(0.4) }, ' with another slope'),
  simple('Celu', [13, 21], { alpha: float(0.7) }),
  simple('ThresholdedRelu', [11, 21], { alpha: float(0.2) }),
  simple('HardSwish', [17, 21]),
  simple('Erf', [9, 13]),
  {
    title: 'HardSwish at its ends',
    covers: ['HardSwish'],
    opsets: [17],
    build: (network, x) =>
      network.node('HardSwish', [network.node('Mul', [x, constant(network, 6)])]),
  },
  simple('Mish', [21]),
  simple('Gelu', [21]),
  simple('Gelu', [21], { approximate: 'tanh' }, ' by tanh'),
  simple('Exp', [7, 13]),
  ...['Log', 'Sqrt', 'Reciprocal'].map((op): OperatorCase => ({
    title: op,
    covers: [op],
    opsets: [7, 13],
    build: (network, x) => network.node(op, [raise(network, x, 0.4)]),
  })),
  {
    title: 'Clip by attributes',
    covers: ['Clip'],
    opsets: [7, 9],
    build: (network, x) => network.node('Clip', [x], { min: float(-0.3), max: float(0.4) }),
  },
  {
    title: 'Clip by inputs',
    covers: ['Clip'],
    opsets: from(11),
    build: (network, x) =>
      network.node('Clip', [x, constant(network, -0.3), constant(network, 0.4)]),
  },
  {
    title: 'Clip from above only',
    covers: ['Clip'],
    opsets: [13],
    build: (network, x) => network.node('Clip', [x, '', constant(network, 0.2)]),
  },
  {
    title: 'PRelu',
    covers: ['PRelu'],
    opsets: [7, 9, 17],
    build: (network, x) => network.node('PRelu', [x, channels(network)]),
  },
  simple('Softmax', ALL),
  simple('LogSoftmax', ALL),
  simple('Softmax', ALL, { axis: 1 }, ' over axis 1'),
  simple('LogSoftmax', [9, 13], { axis: 2 }, ' over axis 2'),
  simple('Softmax', [11, 13], { axis: -1 }, ' over the last axis'),
];

const arithmetic: readonly OperatorCase[] = [
  ...['Add', 'Sub', 'Mul'].flatMap((op) => [
    two(op, [7, 21], (network, x) => network.node('Tanh', [x])),
    two(op, [7, 13], perChannel, ' with one number per channel'),
    two(op, [7, 13], perChannel, ' with one number per channel in front', true),
    two(op, [7, 13], channels, ' with a constant'),
    two(op, [13], channels, ' of a constant', true),
  ]),
  two('Div', [7, 21], (network, x) => raise(network, x, 1)),
  two(
    'Div',
    [7, 13],
    (network, x) => raise(network, perChannel(network, x), 1),
    ' by one number per channel',
  ),
  {
    title: 'Mul of a value with itself',
    covers: ['Mul'],
    opsets: [7, 13],
    build: (network, x) => network.node('Mul', [x, x]),
  },
  {
    title: 'Pow by a constant',
    covers: ['Pow'],
    opsets: [7, 13],
    build: (network, x) => network.node('Pow', [raise(network, x, 0.3), constant(network, 2.5)]),
  },
  {
    title: 'Pow to the square of negative numbers',
    covers: ['Pow'],
    opsets: [7, 13],
    build: (network, x) => network.node('Pow', [x, constant(network, 2)]),
  },
  {
    title: 'Pow by a whole number of another type',
    covers: ['Pow'],
    opsets: [13],
    build: (network, x) => network.node('Pow', [x, network.constant(int64Tensor([3], []))]),
  },
  {
    title: 'Pow by a value of the picture',
    covers: ['Pow'],
    opsets: [7, 13],
    build: (network, x) => network.node('Pow', [raise(network, x, 0.5), perChannel(network, x)]),
  },
  ...['Max', 'Min'].flatMap((op) => [
    two(op, [9, 13], (network) => constant(network, 0.1), ' with a constant'),
    two(op, [9, 21], perChannel, ' with one number per channel'),
    {
      title: `${op} of three values`,
      covers: [op],
      opsets: [7, 13],
      build: (network: Network, x: string) =>
        network.node(op, [
          network.node('Tanh', [x]),
          network.node('Neg', [x]),
          network.node('Mul', [x, constant(network, 0.3)]),
        ]),
    },
  ]),
  ...['Sum', 'Mean'].map((op): OperatorCase => ({
    title: `${op} of three values`,
    covers: [op],
    opsets: [9, 13],
    build: (network, x) => network.node(op, [x, perChannel(network, x), network.node('Tanh', [x])]),
  })),
  {
    title: 'Where',
    covers: ['Where', 'Greater', 'Not'],
    opsets: from(9),
    build: (network, x) =>
      network.node('Where', [
        network.node('Not', [network.node('Greater', [x, constant(network, 0)])]),
        network.node('Mul', [x, constant(network, 0.2)]),
        network.node('Tanh', [x]),
      ]),
  },
  {
    title: 'Where with one number per channel',
    covers: ['Where', 'Less', 'Or', 'And', 'Equal'],
    opsets: [13],
    build: (network, x) => {
      const near = network.node('And', [
        network.node('Less', [x, constant(network, 0.3)]),
        network.node('Greater', [x, constant(network, -0.3)]),
      ]);
      const odd = network.node('Or', [near, network.node('Equal', [x, constant(network, 17)])]);
      return network.node('Where', [odd, perChannel(network, x), channels(network)]);
    },
  },
  {
    title: 'LessOrEqual and GreaterOrEqual, cast to numbers',
    covers: ['LessOrEqual', 'GreaterOrEqual', 'Cast'],
    opsets: [13],
    build: (network, x) => {
      const both = network.node('And', [
        network.node('LessOrEqual', [x, constant(network, 0.5)]),
        network.node('GreaterOrEqual', [x, constant(network, -0.5)]),
      ]);
      return network.node('Mul', [x, network.node('Cast', [both], { to: DataType.float })]);
    },
  },
  ...['Floor', 'Ceil', 'Round', 'Sign'].map((op): OperatorCase => ({
    title: `${op} beside a path with a gradient`,
    covers: [op],
    opsets: [op === 'Round' ? 11 : 9, 13],
    build: (network, x) =>
      network.node('Add', [
        x,
        network.node(op, [network.node('Mul', [x, constant(network, 0.7)])]),
      ]),
  })),
];

const layout: readonly OperatorCase[] = [
  withInts('Reshape', [7, 13, 21], [[0, 8, -1]]),
  withInts('Reshape', [13], [[-1, 2, 96]], {}, ' with an open batch'),
  simple('Flatten', [7, 9, 21]),
  {
    title: 'Flatten to rows of channels',
    covers: ['Flatten'],
    opsets: [7, 13],
    build: (network, x) =>
      network.node('Reshape', [
        network.node('Tanh', [network.node('Flatten', [x], { axis: 2 })]),
        network.ints(-1, 192),
      ]),
  },
  simple('Transpose', [7, 21], { perm: [0, 2, 3, 1] }),
  simple('Transpose', [13], { perm: [0, 3, 1, 2] }, ' the other way'),
  {
    title: 'Concat',
    covers: ['Concat'],
    opsets: [7, 13],
    build: (network, x) =>
      network.node('Concat', [x, network.node('Tanh', [x]), network.node('Neg', [x])], { axis: 1 }),
  },
  {
    title: 'Concat on the last axis, from behind',
    covers: ['Concat'],
    opsets: [11, 13],
    build: (network, x) => network.node('Concat', [x, network.node('Relu', [x])], { axis: -1 }),
  },
  {
    title: 'Squeeze and Unsqueeze by attribute',
    covers: ['Squeeze', 'Unsqueeze'],
    opsets: [7, 9, 11],
    build: (network, x) =>
      network.node(
        'Unsqueeze',
        [network.node('Squeeze', [perChannel(network, x)], { axes: [2, 3] })],
        { axes: [1] },
      ),
  },
  {
    title: 'Squeeze and Unsqueeze by input',
    covers: ['Squeeze', 'Unsqueeze'],
    opsets: from(13),
    build: (network, x) =>
      network.node('Unsqueeze', [
        network.node('Squeeze', [perChannel(network, x), network.ints(-1, -2)]),
        network.ints(-1),
      ]),
  },
  {
    title: 'Slice by attributes',
    covers: ['Slice'],
    opsets: [7, 9],
    build: (network, x) =>
      network.node('Slice', [x], { starts: [1, -5], ends: [4, 2 ** 31 - 1], axes: [2, 3] }),
  },
  withInts(
    'Slice',
    [11, 13, 21],
    [
      [1, -5],
      [4, 2 ** 40],
      [2, 3],
    ],
  ),
  withInts(
    'Slice',
    [11, 21],
    [
      [-1, 6],
      [-100, 0],
      [3, 2],
      [-2, -3],
    ],
    {},
    ' backwards by steps',
  ),
  withInts(
    'Slice',
    [13],
    [
      [0, 1],
      [2 ** 40, 7],
      [0, -1],
      [1, 3],
    ],
    {},
    ' by steps, the batch whole',
  ),
  withInts('Gather', [7, 13], [[2, 0, 2, 2]], { axis: 1 }),
  withInts('Gather', [11, 13], [[-1, 3]], { axis: -1 }, ' from behind'),
  {
    title: 'Gather of one entry',
    covers: ['Gather'],
    opsets: [7, 13],
    build: (network, x) =>
      network.node('Gather', [x, network.constant(int64Tensor([1], []))], { axis: 2 }),
  },
  {
    title: 'Gather by a matrix',
    covers: ['Gather'],
    opsets: [13],
    build: (network, x) =>
      network.node('Gather', [x, network.constant(int64Tensor([0, 1, 1, 5, 4, 0], [2, 3]))], {
        axis: 2,
      }),
  },
  {
    title: 'Split by attribute',
    covers: ['Split'],
    opsets: [7, 9, 11],
    build: (network, x) =>
      network.node(
        'Concat',
        network
          .nodeOf('Split', [x], attributes({ axis: 1, split: [1, 2, 1] }), ['a', 'b', 'c'])
          .slice()
          .reverse(),
        { axis: 1 },
      ),
  },
  {
    title: 'Split by input',
    covers: ['Split'],
    opsets: from(13),
    build: (network, x) =>
      network.node(
        'Concat',
        network
          .nodeOf('Split', [x, network.ints(1, 2, 1)], attributes({ axis: 1 }), ['a', 'b', 'c'])
          .slice()
          .reverse(),
        { axis: 1 },
      ),
  },
  {
    title: 'Split of which one part is used',
    covers: ['Split'],
    opsets: [9, 13],
    build: (network, x) => network.nodeOf('Split', [x], attributes({ axis: -1 }), ['a', 'b'])[1]!,
  },
  {
    title: 'Split of which the outer parts are used',
    covers: ['Split'],
    opsets: [13],
    build: (network, x) => {
      const parts = network.nodeOf('Split', [x, network.ints(2, 1, 3)], attributes({ axis: 2 }), [
        'a',
        'b',
        'c',
      ]);
      return network.node('Concat', [parts[2]!, parts[0]!], { axis: 2 });
    },
  },
  {
    title: 'Expand',
    covers: ['Expand'],
    opsets: [9, 13],
    build: (network, x) =>
      network.node('Mul', [
        network.node('Expand', [perChannel(network, x), network.ints(1, 1, 3, 2)]),
        network.floats([3, 2]),
      ]),
  },
  {
    title: 'Expand as the picture, by its shape',
    covers: ['Expand', 'Shape', 'Size', 'ConstantOfShape', 'Constant'],
    opsets: [9, 13],
    build: (network, x) => {
      const size = network.node('Shape', [x]);
      const filled = network.nodeOf(
        'ConstantOfShape',
        [size],
        attributes({ value: floatTensor([1], [0.5]) }),
        ['filled'],
      )[0]!;
      const half = network.nodeOf('Constant', [], attributes({ value: floatTensor([], [0.5]) }), [
        'half',
      ])[0]!;
      const rank = network.node('Cast', [network.node('Size', [size])], { to: DataType.float });
      return network.node('Mul', [
        network.node('Mul', [
          network.node('Expand', [perChannel(network, network.node('Div', [x, rank])), size]),
          network.node('Add', [filled, half]),
        ]),
        network.node('Tanh', [x]),
      ]);
    },
  },
  simple('DepthToSpace', [7, 11, 13], { blocksize: 2 }),
  simple('DepthToSpace', [11, 13], { blocksize: 2, mode: 'CRD' }, ', columns first'),
  simple('SpaceToDepth', [7, 13], { blocksize: 2 }),
  {
    title: 'Pad by attributes',
    covers: ['Pad'],
    opsets: [7, 9],
    build: (network, x) => network.node('Pad', [x], { pads: [0, 0, 1, 2, 0, 1, 0, 3] }),
  },
  {
    title: 'Pad that cuts',
    covers: ['Pad'],
    opsets: [7, 13],
    build: (network, x) =>
      network.opset < 11
        ? network.node('Pad', [x], { pads: [0, 0, -1, 2, 0, 0, 1, -3] })
        : network.node('Pad', [x, network.ints(0, 0, -1, 2, 0, 0, 1, -3)]),
  },
  ...['constant', 'reflect', 'edge'].map((mode) =>
    withInts('Pad', from(11), [[0, 0, 1, 2, 0, 0, 3, 2]], { mode }, ` ${mode}`),
  ),
  ...['reflect', 'edge'].map((mode): OperatorCase => ({
    title: `Pad ${mode} by attributes`,
    covers: ['Pad'],
    opsets: [7, 9],
    build: (network, x) => network.node('Pad', [x], { pads: [0, 0, 1, 2, 0, 0, 3, 2], mode }),
  })),
  withInts('Pad', [21], [[0, 0, 1, 2, 0, 0, 3, 2]], { mode: 'wrap' }, ' wrap'),
  withInts('Pad', [21], [[2, 1, 0, 3], null, [-1, 1]], { mode: 'reflect' }, ' of some axes'),
];

const reductions: readonly OperatorCase[] = [
  'ReduceMean',
  'ReduceSum',
  'ReduceMax',
  'ReduceMin',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSumExp',
].flatMap((op): OperatorCase[] => {
  const changed = op === 'ReduceSum' ? 13 : 18;
  const old = ALL.filter((opset) => opset < changed);
  return [
    simple(op, [old[0]!, old.at(-1)!], { axes: [2, 3] }, ' by attribute'),
    simple(op, [old.at(-1)!], { axes: [1], keepdims: 0 }, ' by attribute, its axis left out'),
    ...(old.includes(11)
      ? [simple(op, [11], { axes: [-1], keepdims: 0 }, ' from behind, its axis left out')]
      : []),
    withInts(op, [21], [[-2, 3]], {}, ' by input'),
    withInts(op, [21], [[1, -1]], { keepdims: 0 }, ' by input, its axes left out'),
    simple(op, [21], { noop_with_empty_axes: 1 }, ' of nothing'),
  ];
});

/** Away from 0 without a kink, of both signs. */
const apartFromZero = (network: Network, x: string) =>
  network.node('Mul', [
    network.node('Add', [network.node('Tanh', [x]), constant(network, 1.6)]),
    network.constant(floatTensor([4, 1, 1], [0.1, -0.1, -0.05, 0.2])),
  ]);

const ofPositive: readonly OperatorCase[] = ['ReduceProd', 'ReduceLogSum', 'ReduceL1'].flatMap(
  (op) => {
    const build = (plain: Plain, axes: readonly number[] | null) => (network: Network, x: string) =>
      network.node(
        op,
        [
          op === 'ReduceL1' ? apartFromZero(network, x) : raise(network, x, 0.4),
          ...(axes ? [network.ints(...axes)] : []),
        ],
        plain,
      );
    return [
      { title: `${op} by attribute`, opsets: [7, 13], build: build({ axes: [2] }, null) },
      {
        title: `${op} by attribute, its axes left out`,
        opsets: [13],
        build: build({ axes: [1, -1], keepdims: 0 }, null),
      },
      { title: `${op} by input`, opsets: [18, 21], build: build({}, [1, 2]) },
    ].map((form): OperatorCase => ({ ...form, covers: [op] }));
  },
);

const products: readonly OperatorCase[] = [
  {
    title: 'ReduceProd of values of which some are 0',
    covers: ['ReduceProd'],
    opsets: [13],
    build: (network, x) =>
      network.node('ReduceProd', [network.node('Relu', [x])], { axes: [1], keepdims: 1 }),
  },
];

const pools: readonly OperatorCase[] = [
  ...['MaxPool', 'AveragePool', 'LpPool'].flatMap((op) => [
    simple(op, ALL, { kernel_shape: [2, 2], strides: [2, 2] }, ' side by side'),
    simple(
      op,
      [7, 9, 11, 13, 17],
      { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] },
      ' overlapping, padded',
    ),
    simple(
      op,
      [7, 13, 17],
      { kernel_shape: [3, 3], strides: [2, 3], auto_pad: 'SAME_LOWER' },
      ' SAME_LOWER',
    ),
    simple(
      op,
      [13, 17],
      { kernel_shape: [3, 3], strides: [2, 3], auto_pad: 'SAME_UPPER' },
      ' SAME_UPPER',
    ),
    simple(op, [13, 17], { kernel_shape: [2, 3], strides: [3, 4] }, ' with gaps between windows'),
    simple(op, [7, 17], { kernel_shape: [6, 8] }, ' over the whole picture'),
  ]),
  ...['MaxPool', 'AveragePool'].map((op) =>
    simple(
      op,
      op === 'MaxPool' ? [11, 13, 17] : [11, 21],
      { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
      ' with ceil_mode',
    ),
  ),
  simple(
    'AveragePool',
    [11, 21],
    {
      kernel_shape: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 1, 1],
      ceil_mode: 1,
      count_include_pad: 1,
    },
    ' with ceil_mode that counts the padding',
  ),
  simple(
    'AveragePool',
    [7, 13],
    { kernel_shape: [3, 3], strides: [1, 2], pads: [1, 1, 1, 1], count_include_pad: 1 },
    ' that counts the padding',
  ),
  simple(
    'AveragePool',
    [21],
    { kernel_shape: [2, 3], dilations: [2, 2], pads: [1, 1, 1, 1] },
    ' dilated',
  ),
  simple(
    'MaxPool',
    [11, 13, 17],
    { kernel_shape: [2, 3], dilations: [2, 2], pads: [1, 1, 1, 1] },
    ' dilated',
  ),
  simple(
    'MaxPool',
    [11, 17],
    { kernel_shape: [2, 2], dilations: [2, 3], strides: [3, 4] },
    ' dilated, side by side',
  ),
  simple('LpPool', [7, 13], { kernel_shape: [3, 3], strides: [2, 2], p: 3 }, ' with p = 3'),
  simple('LpPool', [7, 13], { kernel_shape: [2, 2], p: 1 }, ' with p = 1'),
  simple('GlobalAveragePool', [7, 21]),
  simple('GlobalMaxPool', [7, 13, 21]),
];

const normalisations: readonly OperatorCase[] = [
  {
    title: 'BatchNormalization',
    covers: ['BatchNormalization'],
    opsets: [7, 9, 17, 21],
    build: (network, x) => network.batchNormalization(network.node('Tanh', [x]), 4),
  },
  {
    title: 'BatchNormalization of rows',
    covers: ['BatchNormalization'],
    opsets: [13],
    build: (network, x) =>
      network.batchNormalization(network.node('Tanh', [network.node('Flatten', [x])]), 192),
  },
  {
    title: 'InstanceNormalization',
    covers: ['InstanceNormalization'],
    opsets: [7, 21],
    build: (network, x) =>
      network.node(
        'InstanceNormalization',
        [x, network.floats([4], 0.5, 1.5), network.floats([4])],
        { epsilon: float(1e-2) },
      ),
  },
  {
    title: 'LayerNormalization',
    covers: ['LayerNormalization'],
    opsets: [17, 21],
    build: (network, x) =>
      network.node('LayerNormalization', [x, network.floats([8], 0.5, 1.5), network.floats([8])]),
  },
  {
    title: 'LayerNormalization over several axes',
    covers: ['LayerNormalization'],
    opsets: [17],
    build: (network, x) =>
      network.node('LayerNormalization', [x, network.floats([4, 6, 8], 0.5, 1.5)], {
        axis: 1,
        epsilon: float(0.1),
      }),
  },
  {
    title: 'GroupNormalization by a scale for each group',
    covers: ['GroupNormalization'],
    opsets: [18],
    build: (network, x) =>
      network.node('GroupNormalization', [x, network.floats([2], 0.5, 1.5), network.floats([2])], {
        num_groups: 2,
        epsilon: float(1e-2),
      }),
  },
  {
    title: 'GroupNormalization by a scale for each channel',
    covers: ['GroupNormalization'],
    opsets: [21],
    build: (network, x) =>
      network.node('GroupNormalization', [x, network.floats([4], 0.5, 1.5), network.floats([4])], {
        num_groups: 2,
        epsilon: float(1e-2),
      }),
  },
  {
    title: 'RMSNormalization',
    covers: ['RMSNormalization'],
    opsets: [23],
    build: (network, x) =>
      network.node('RMSNormalization', [x, network.floats([6, 8], 0.5, 1.5)], { axis: 2 }),
  },
  simple('LRN', [7, 13], { size: 3, alpha: float(0.5), beta: float(0.75), bias: float(1) }),
  simple(
    'LRN',
    [13],
    { size: 5, alpha: float(2), beta: float(0.6), bias: float(0.8) },
    ' over more channels than there are',
  ),
  simple('LpNormalization', [7, 13], { axis: 1 }),
  simple('LpNormalization', [7, 13], { axis: -1, p: 1 }, ' with p = 1'),
];

const layers: readonly OperatorCase[] = [
  {
    title: 'Conv in groups, dilated, asymmetric',
    covers: ['Conv'],
    opsets: [7, 21],
    build: (network, x) =>
      network.convolution(
        x,
        { from: 4, to: 6 },
        { kernel: [2, 3], group: 2, strides: [2, 1], dilations: [1, 2], pads: [1, 0, 2, 3] },
      ),
  },
  {
    title: 'Conv SAME_UPPER',
    covers: ['Conv'],
    opsets: [13],
    build: (network, x) =>
      network.convolution(
        x,
        { from: 4, to: 3 },
        { kernel: [3, 4], strides: [2, 3], autoPad: 'SAME_UPPER' },
      ),
  },
  {
    title: 'Conv per channel',
    covers: ['Conv'],
    opsets: [13],
    build: (network, x) =>
      network.convolution(x, { from: 4, to: 4 }, { kernel: [3, 3], group: 4, strides: [2, 3] }),
  },
  {
    title: 'ConvTranspose',
    covers: ['ConvTranspose'],
    opsets: [7, 21],
    build: (network, x) =>
      network.node('ConvTranspose', [x, network.floats([4, 3, 3, 2]), network.floats([3])], {
        strides: [2, 2],
        pads: [1, 0, 0, 1],
      }),
  },
  {
    title: 'ConvTranspose in groups, dilated, padded',
    covers: ['ConvTranspose'],
    opsets: [13],
    build: (network, x) =>
      network.node('ConvTranspose', [x, network.floats([4, 2, 2, 3])], {
        strides: [3, 2],
        dilations: [2, 1],
        group: 2,
        pads: [1, 2, 0, 1],
        output_padding: [2, 1],
      }),
  },
  {
    title: 'ConvTranspose to a given size',
    covers: ['ConvTranspose'],
    opsets: [13],
    build: (network, x) =>
      network.node('ConvTranspose', [x, network.floats([4, 2, 3, 3])], {
        strides: [2, 2],
        output_shape: [12, 16],
      }),
  },
  {
    title: 'Gemm turned, scaled',
    covers: ['Gemm'],
    opsets: [7, 13],
    build: (network, x) =>
      network.node(
        'Gemm',
        [network.node('Flatten', [x]), network.floats([5, 192]), network.floats([5])],
        { transB: 1, alpha: float(0.5), beta: float(2) },
      ),
  },
  {
    title: 'MatMul with weights',
    covers: ['MatMul'],
    opsets: [7, 13],
    build: (network, x) => network.node('MatMul', [x, network.floats([8, 5])]),
  },
  {
    title: 'MatMul with weights in front',
    covers: ['MatMul'],
    opsets: [13],
    build: (network, x) => network.node('MatMul', [network.floats([3, 6]), x]),
  },
  {
    title: 'MatMul of two values',
    covers: ['MatMul'],
    opsets: [13],
    build: (network, x) =>
      network.node('MatMul', [
        x,
        network.node('Transpose', [network.node('Tanh', [x])], { perm: [0, 1, 3, 2] }),
      ]),
  },
];

const within = (network: Network, x: string, size: number) =>
  network.node('Mul', [network.node('Tanh', [x]), constant(network, size)]);

const angles: readonly OperatorCase[] = [
  ...['Sin', 'Cos', 'Atan'].map((op) => simple(op, [7, 13])),
  ...['Sinh', 'Cosh', 'Asinh'].map((op) => simple(op, [9, 13])),
  ...['Tan', 'Asin', 'Acos', 'Atanh'].map((op): OperatorCase => ({
    title: op,
    covers: [op],
    opsets: [9, 13],
    build: (network, x) => network.node(op, [within(network, x, 0.8)]),
  })),
  {
    title: 'Acosh',
    covers: ['Acosh'],
    opsets: [9, 13],
    build: (network, x) => network.node('Acosh', [raise(network, x, 1.3)]),
  },
  simple('Swish', [24]),
  simple('Swish', [24], { alpha: float(1.7) }, ' with another alpha'),
  simple('Shrink', [9, 13], { lambd: float(0.3), bias: float(0.1) }),
  {
    title: 'Mod by a constant',
    covers: ['Mod'],
    opsets: [11, 13],
    build: (network, x) => network.node('Mod', [x, constant(network, 0.9)], { fmod: 1 }),
  },
  {
    title: 'Mod by a value of the picture',
    covers: ['Mod'],
    opsets: [13],
    build: (network, x) =>
      network.node(
        'Mod',
        [
          network.node('Mul', [x, constant(network, 2)]),
          raise(network, perChannel(network, x), 0.8),
        ],
        { fmod: 1 },
      ),
  },
  {
    title: 'CastLike',
    covers: ['CastLike'],
    opsets: [15, 21],
    build: (network, x) => network.node('CastLike', [x, network.floats([1])]),
  },
];

/** Through whole numbers of 8 bits, in steps of about 0.02. */
export function quantisedBy(
  network: Network,
  x: string,
  dims: readonly number[],
  zeroPoint = 3,
): string {
  const scale = network.floats(dims, 0.02, 0.03);
  const zero = network.constant({
    type: DataType.int8,
    dims,
    data: new Int8Array(dims[0] ?? 1).fill(zeroPoint),
  });
  return network.node('DequantizeLinear', [
    network.node('QuantizeLinear', [x, scale, zero]),
    scale,
    zero,
  ]);
}

/** What passes by rounding as if there were none is held against the network without it elsewhere. */
const quantised: readonly OperatorCase[] = [
  {
    title: 'QuantizeLinear and DequantizeLinear beside a path with a gradient',
    covers: ['QuantizeLinear', 'DequantizeLinear'],
    opsets: [13, 21],
    build: (network, x) =>
      network.node('Add', [
        x,
        network.node('Mul', [
          quantisedBy(network, x, network.opset > 13 ? [4] : []),
          constant(network, 1e-4),
        ]),
      ]),
  },
];

const picking: readonly OperatorCase[] = [
  withInts('Tile', [7, 13], [[1, 2, 1, 3]]),
  withInts('CumSum', [11, 14], [[2]]),
  withInts('CumSum', [14], [[-1]], { exclusive: 1 }, ' of those before'),
  withInts('CumSum', [14], [[1]], { reverse: 1 }, ' from behind'),
  withInts('CumSum', [14], [[3]], { reverse: 1, exclusive: 1 }, ' of those behind'),
  {
    title: 'GatherElements',
    covers: ['GatherElements'],
    opsets: [11, 13],
    build: (network, x) => {
      const places = network.node('Expand', [
        network.constant(int64Tensor([0, 5, -1, 2, 2, 2], [1, 1, 1, 6])),
        network.node('Shape', [
          network.node('Slice', [x, network.ints(0), network.ints(6), network.ints(3)]),
        ]),
      ]);
      return network.node('GatherElements', [x, places], { axis: 3 });
    },
  },
  ...(
    [
      ['none', [11, 13], [1, -2]],
      ['add', [16, 18], [1, 1]],
    ] as const
  ).map(([reduction, opsets, into]): OperatorCase => ({
    title: `ScatterElements, ${reduction}`,
    covers: ['ScatterElements'],
    opsets,
    build: (network, x) => {
      const few = network.node('Slice', [x, network.ints(3), network.ints(5), network.ints(3)]);
      const places = network.node('Expand', [
        network.constant(int64Tensor([...into], [1, 1, 1, 2])),
        network.node('Shape', [few]),
      ]);
      const updates = network.node('Mul', [few, few]);
      return network.node(
        'ScatterElements',
        [x, places, updates],
        reduction === 'none' ? { axis: 3 } : { axis: 3, reduction },
      );
    },
  })),
  {
    title: 'OneHot of places beside a path with a gradient',
    covers: ['OneHot'],
    opsets: [9, 11],
    build: (network, x) =>
      network.node('Add', [
        x,
        network.node(
          'OneHot',
          [
            network.node('ArgMax', [x], { axis: 1, keepdims: 0 }),
            network.ints(4),
            network.constant(floatTensor([2], [0.5, -1.5])),
          ],
          { axis: 1 },
        ),
      ]),
  },
  {
    title: 'TopK',
    covers: ['TopK'],
    opsets: [10, 11, 13],
    build: (network, x) =>
      network.nodeOf('TopK', [x, network.ints(3)], attributes({ axis: -1 }), ['best', 'at'])[0]!,
  },
  {
    title: 'TopK of the smallest along another axis',
    covers: ['TopK'],
    opsets: [11],
    build: (network, x) =>
      network.nodeOf('TopK', [x, network.ints(2)], attributes({ axis: 1, largest: 0 }), [
        'best',
        'at',
      ])[0]!,
  },
  ...['ArgMax', 'ArgMin'].map((op): OperatorCase => ({
    title: `${op} beside a path with a gradient`,
    covers: [op],
    opsets: [7, 13],
    build: (network, x) =>
      network.node('Add', [
        x,
        network.node('Cast', [network.node(op, [x], { axis: 1, keepdims: 1 })], {
          to: DataType.float,
        }),
      ]),
  })),
  {
    title: 'ScatterND of rows',
    covers: ['ScatterND', 'Range'],
    opsets: [11, 13],
    build: (network, x) => {
      const rows = network.node(
        'Unsqueeze',
        [
          network.node('Range', [
            network.constant(int64Tensor([1], [])),
            network.constant(int64Tensor([7], [])),
            network.constant(int64Tensor([3], [])),
          ]),
          ...(network.opset < 13 ? [] : [network.ints(-1)]),
        ],
        network.opset < 13 ? { axes: [-1] } : {},
      );
      const turned = network.node('Transpose', [x], { perm: [3, 0, 1, 2] });
      const updates = network.node('Gather', [network.node('Tanh', [turned]), network.ints(0, 2)]);
      return network.node('Transpose', [network.node('ScatterND', [turned, rows, updates])], {
        perm: [1, 2, 3, 0],
      });
    },
  },
];

const einsum = (
  equation: string,
  others: (network: Network, x: string) => readonly string[],
  suffix: string,
): OperatorCase => ({
  title: `Einsum ${suffix}`,
  covers: ['Einsum'],
  opsets: [12, 21],
  build: (network, x) => network.node('Einsum', [x, ...others(network, x)], { equation }),
});

const contractions: readonly OperatorCase[] = [
  einsum('nchw,cd->ndhw', (network) => [network.floats([4, 5])], 'with weights'),
  einsum('nchw, nchv -> nwv', (network, x) => [network.node('Tanh', [x])], 'of two values'),
  einsum('nchw->nwc', () => [], 'that adds up rows'),
  einsum(
    'nchw,nc,h->nw',
    (network, x) => [network.node('Flatten', [perChannel(network, x)]), network.floats([6])],
    'of three values',
  ),
  einsum('nchw,ndhv->nwd', (network, x) => [network.node('Relu', [x])], 'with an axis of its own'),
];

/**
 * Resize in its form since operator set 11, by scales of [N,C,H,W] or to sizes of [H,W], joined to
 * those that stay as exporters do it.
 */
function resize(
  to: { readonly scales?: readonly number[]; readonly sizes?: readonly number[] },
  plain: Plain,
  opsets: readonly number[] = [13],
): OperatorCase {
  // Operator set 11 cannot leave inputs out, only empty.
  const none = (network: Network) =>
    network.opset < 13 ? network.constant(floatTensor([0], [])) : '';
  const sizes = (network: Network, x: string) =>
    network.node(
      'Concat',
      [
        network.node('Slice', [
          network.node('Shape', [x]),
          network.ints(0),
          network.ints(2),
          network.ints(0),
        ]),
        network.ints(...to.sizes!),
      ],
      { axis: 0 },
    );
  const title = `Resize ${to.scales ? `by ${to.scales.join(', ')}` : `to ${to.sizes!.join(', ')}`} ${Object.values(
    plain,
  )
    .map((value) => (typeof value === 'object' && 'float' in value ? value.float : value))
    .join(' ')}`;
  return {
    title,
    covers: ['Resize'],
    opsets,
    build: (network, x) =>
      network.node(
        'Resize',
        to.scales
          ? [x, none(network), network.constant(floatTensor([to.scales.length], to.scales))]
          : [x, none(network), none(network), sizes(network, x)],
        plain,
      ),
  };
}

const places = ['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'];
const resizes: readonly OperatorCase[] = [
  ...places.flatMap((coordinate_transformation_mode) => [
    ...['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'].flatMap((nearest_mode) => [
      resize(
        { scales: [1, 1, 2, 1.75] },
        { mode: 'nearest', coordinate_transformation_mode, nearest_mode },
      ),
      resize(
        { scales: [1, 1, 0.5, 0.6] },
        { mode: 'nearest', coordinate_transformation_mode, nearest_mode },
      ),
    ]),
    ...['linear', 'cubic'].flatMap((mode) => [
      resize({ scales: [1, 1, 2, 1.75] }, { mode, coordinate_transformation_mode }, [11, 13, 21]),
      resize({ scales: [1, 1, 0.5, 0.6] }, { mode, coordinate_transformation_mode }, [13]),
      resize({ sizes: [1, 11] }, { mode, coordinate_transformation_mode }, [13]),
    ]),
  ]),
  ...['nearest', 'linear', 'cubic'].map((mode) =>
    resize(
      { scales: [1, 1, 1.7, 0.55] },
      { mode, coordinate_transformation_mode: 'half_pixel_symmetric' },
      [21],
    ),
  ),
  resize(
    { scales: [1, 1, 2, 0.5] },
    {
      mode: 'nearest',
      coordinate_transformation_mode: 'tf_half_pixel_for_nn',
      nearest_mode: 'floor',
    },
    [11],
  ),
  resize({ scales: [1, 1, 2, 1.5] }, { mode: 'cubic', cubic_coeff_a: float(-0.5) }),
  resize({ scales: [1, 1, 2, 1.5] }, { mode: 'cubic', exclude_outside: 1 }),
  ...['linear', 'cubic'].flatMap((mode) => [
    resize({ scales: [1, 1, 0.5, 0.4] }, { mode, antialias: 1 }, [21]),
    resize({ scales: [1, 1, 2, 0.7] }, { mode, antialias: 1, exclude_outside: 1 }, [21]),
  ]),
  ...['not_larger', 'not_smaller'].map((keep_aspect_ratio_policy): OperatorCase => ({
    title: `Resize ${keep_aspect_ratio_policy}`,
    covers: ['Resize'],
    opsets: [21],
    build: (network, x) =>
      network.node('Resize', [x, '', '', network.ints(9, 10)], {
        mode: 'linear',
        axes: [2, 3],
        keep_aspect_ratio_policy,
      }),
  })),
  {
    title: 'Resize before it had modes, nearest',
    covers: ['Resize'],
    opsets: [10],
    build: (network, x) =>
      network.node('Resize', [x, network.constant(floatTensor([4], [1, 1, 0.6, 1.5]))]),
  },
  {
    title: 'Resize before it had modes, linear',
    covers: ['Resize'],
    opsets: [10],
    build: (network, x) =>
      network.node('Resize', [x, network.constant(floatTensor([4], [1, 1, 2, 1.5]))], {
        mode: 'linear',
      }),
  },
  ...['nearest', 'linear'].flatMap((mode): OperatorCase[] => [
    {
      title: `Upsample ${mode} by attribute`,
      covers: ['Upsample'],
      opsets: [7],
      build: (network, x) =>
        network.nodeOf(
          'Upsample',
          [x],
          new Map([...attributes({ mode }), ...floatsAttribute('scales', [1, 1, 2, 1.5])]),
          ['up'],
        )[0]!,
    },
    {
      title: `Upsample ${mode} by input`,
      covers: ['Upsample'],
      opsets: [9],
      build: (network, x) =>
        network.node('Upsample', [x, network.constant(floatTensor([4], [1, 1, 2, 3]))], { mode }),
    },
  ]),
];

export const operatorCases: readonly OperatorCase[] = [
  ...activations,
  ...angles,
  ...quantised,
  ...picking,
  ...contractions,
  ...ofPositive,
  ...products,
  ...arithmetic,
  ...layout,
  ...reductions,
  ...pools,
  ...normalisations,
  ...layers,
  ...resizes,
  ...sequenceCases,
];
