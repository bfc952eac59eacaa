import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inferShapes } from '../../server/onnx/infer-shapes.ts';
import { attributes } from '../../server/onnx/attributes.ts';
import type { Attribute } from '../../server/onnx/graph.ts';
import { DataType, int64Tensor } from '../../server/onnx/tensor.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';
import { assertShapesAsInRuntime } from './inferred-shapes.ts';

/** A list as an attribute up to the operator set before `since`, as an input from there on. */
function withList(
  network: Network,
  op: string,
  value: string,
  name: string,
  list: readonly number[],
  since: number,
  more: Record<string, number> = {},
): string {
  return network.opset < since
    ? network.node(op, [value], { ...more, [name]: list })
    : network.node(op, [value, network.ints(...list)], more);
}

test('Flatten splits at every axis, counted from either end', async () => {
  for (const opset of [9, 11, 13, 21]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4, 5]);
    for (const axis of opset < 11 ? [0, 1, 2, 3, 4] : [-4, -3, -2, -1, 0, 1, 2, 3, 4])
      network.node('Flatten', [image], { axis });
    network.node('Flatten', [image]);
    await assertShapesAsInRuntime(network);
  }
});

test('Reshape copies, infers and multiplies sizes', async () => {
  for (const opset of [7, 13, 14, 21]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 6, 4, 5]);
    for (const target of [
      [0, -1],
      [-1, 120],
      [0, 3, 2, 20],
      [0, 0, -1],
      [-1, 6, 20],
      [-1],
      [0, 120],
      [-1, 2, 3, 4, 5],
    ])
      network.node('Reshape', [image, network.ints(...target)]);
    const flat = network.node('Flatten', [image], { axis: 2 });
    network.node('Reshape', [flat, network.ints(-1, 6, 4, 5)]);
    await assertShapesAsInRuntime(network);
  }
});

test('Reshape in the runtime and before agree where zero is a size', async () => {
  const network = new Network({ opset: 14 });
  const empty = network.node('Slice', [
    network.input('image', ['N', 6]),
    network.ints(0),
    network.ints(0),
    network.ints(1),
  ]);
  network.node('Reshape', [empty, network.ints(5, 0)], { allowzero: 1 });
  await assertShapesAsInRuntime(network);
});

for (const opset of [7, 10, 11, 13, 17, 21]) {
  test(`flattening by the picture's own shape, as exporters write it, keeps the batch free (operator set ${opset})`, async () => {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 6, 4, 5]);
    const whole = network.node('Shape', [image]);
    const batch = network.node('Gather', [whole, network.constant(int64Tensor([0], []))], {
      axis: 0,
    });
    const one = withList(network, 'Unsqueeze', batch, 'axes', [0], 13);
    const rest = withList(
      network,
      'Unsqueeze',
      network.node('Constant', [], { value: int64Tensor([-1], []) }),
      'axes',
      [0],
      13,
    );
    network.node('Reshape', [image, network.node('Concat', [one, rest], { axis: 0 })], {}, 'flat');
    // The same with the product written out.
    const features = [1, 2, 3].map((axis) =>
      network.node('Gather', [whole, network.constant(int64Tensor([axis], []))], { axis: 0 }),
    );
    const count = features.reduce((product, size) => network.node('Mul', [product, size]));
    network.node(
      'Reshape',
      [
        image,
        network.node('Concat', [one, withList(network, 'Unsqueeze', count, 'axes', [0], 13)], {
          axis: 0,
        }),
      ],
      {},
      'counted',
    );
    // Keras: the first entry of the shape by a slice, halves by a division.
    const first =
      opset < 10
        ? network.node('Slice', [whole], { starts: [0], ends: [1], axes: [0] })
        : network.node('Slice', [whole, network.ints(0), network.ints(1), network.ints(0)]);
    const half = network.node('Div', [
      network.node('Gather', [whole, network.ints(1)], { axis: 0 }),
      network.ints(2),
    ]);
    network.node(
      'Reshape',
      [image, network.node('Concat', [first, half, network.ints(-1)], { axis: 0 })],
      {},
      'halves',
    );
    network.node(
      'Reshape',
      [
        image,
        network.node('Cast', [network.node('Concat', [first, network.ints(-1)], { axis: 0 })], {
          to: DataType.int64,
        }),
      ],
      {},
      'cast',
    );
    await assertShapesAsInRuntime(network);
    const shapes = inferShapes(network.model(['flat']));
    assert.deepEqual(
      [shapes.of('flat'), shapes.of('counted'), shapes.of('halves')],
      [
        ['N', 120],
        ['N', 120],
        ['N', 3, 40],
      ],
    );
  });
}

test('Shape gives a part of the shape between start and end', async () => {
  const network = new Network({ opset: 15 });
  const image = network.input('image', ['N', 6, 4, 5]);
  const batch = network.node('Shape', [image], { start: 0, end: 1 });
  network.node('Shape', [image], { start: -2 });
  network.node('Shape', [image], { start: -9, end: 99 });
  network.node('Shape', [image], { start: 3, end: 1 });
  network.node('Reshape', [image, network.node('Concat', [batch, network.ints(-1)], { axis: 0 })]);
  await assertShapesAsInRuntime(network);
});

test('Transpose reorders axes, and reverses them where no order is given', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 3, 4, 5]);
  for (const perm of [
    [0, 2, 3, 1],
    [0, 3, 1, 2],
    [3, 1, 0, 2],
  ])
    network.node('Transpose', [image], { perm });
  network.node('Transpose', [image]);
  await assertShapesAsInRuntime(network);
});

test('Concat adds up sizes along an axis counted from either end', async () => {
  for (const opset of [7, 11, 13]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4, 5]);
    const wide = network.node('Concat', [image, image, image], { axis: 3 });
    network.node('Concat', [image, wide], { axis: opset < 11 ? 3 : -1 });
    network.node('Concat', [image, image], { axis: 1 });
    network.node('Concat', [image, image], { axis: 0 });
    await assertShapesAsInRuntime(network);
  }
});

test('Split cuts evenly, by a list and by a number of parts', async () => {
  for (const opset of [7, 11, 13, 18, 21]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 6, 5, 8]);
    const parts = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${prefix}${index}`);
    const axis = (value: number): [string, Attribute] => [
      'axis',
      { kind: 'int', value: BigInt(value) },
    ];
    if (opset < 13)
      network.nodeOf(
        'Split',
        [image],
        new Map([axis(1), ['split', { kind: 'ints', value: [1n, 2n, 3n] }]]),
        parts('listed', 3),
      );
    else
      network.nodeOf(
        'Split',
        [image, network.ints(1, 2, 3)],
        new Map([axis(1)]),
        parts('listed', 3),
      );
    if (opset < 18)
      network.nodeOf('Split', [image], new Map([axis(opset < 11 ? 3 : -1)]), parts('even', 4));
    else {
      network.nodeOf(
        'Split',
        [image],
        new Map([axis(-1), ['num_outputs', { kind: 'int', value: 4n }]]),
        parts('even', 4),
      );
      network.nodeOf(
        'Split',
        [image],
        new Map([axis(2), ['num_outputs', { kind: 'int', value: 3n }]]),
        parts('uneven', 3),
      );
    }
    await assertShapesAsInRuntime(network);
  }
});

test('Squeeze and Unsqueeze take their axes as attribute (up to operator set 12) and as input (13 and up)', async () => {
  for (const opset of [7, 11, 12, 13, 21]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 1, 4, 1]);
    withList(network, 'Squeeze', image, 'axes', [1], 13);
    withList(network, 'Squeeze', image, 'axes', [1, 3], 13);
    if (opset >= 11) withList(network, 'Squeeze', image, 'axes', [-1], 13);
    withList(network, 'Unsqueeze', image, 'axes', [1], 13);
    withList(network, 'Unsqueeze', image, 'axes', [4, 0], 13);
    if (opset >= 11) withList(network, 'Unsqueeze', image, 'axes', [-1, 2], 13);
    await assertShapesAsInRuntime(network);
  }
});

test('Squeeze without axes removes every axis of one entry', async () => {
  for (const opset of [7, 13]) {
    const network = new Network({ opset });
    network.node('Squeeze', [network.input('image', [3, 1, 4, 1])]);
    await assertShapesAsInRuntime(network);
  }
});

const reductions: readonly (readonly [op: string, axesAsInputSince: number])[] = [
  ['ReduceMean', 18],
  ['ReduceMax', 18],
  ['ReduceMin', 18],
  ['ReduceSum', 13],
];

for (const opset of [7, 11, 13, 18, 21]) {
  test(`reductions give the runtime's shape (operator set ${opset})`, async () => {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4, 5]);
    for (const [op, since] of reductions) {
      for (const axes of [[2, 3], [1], ...(opset >= 11 ? [[-1], [-1, -3]] : [])]) {
        withList(network, op, image, 'axes', axes, since);
        withList(network, op, image, 'axes', axes, since, { keepdims: 0 });
      }
      network.node(op, [image]);
      network.node(op, [image], { keepdims: 0 });
      if (opset >= since) {
        network.node(op, [image, network.ints()], { noop_with_empty_axes: 1 });
        network.node(op, [image, network.ints()]);
      }
    }
    await assertShapesAsInRuntime(network);
  });
}

test('Slice cuts by attribute (operator set 7) and by input (10 and up), with steps, from either end', async () => {
  const old = new Network({ opset: 7 });
  const image = old.input('image', ['N', 3, 8, 9]);
  old.node('Slice', [image], { starts: [1, 2], ends: [7, 100], axes: [2, 3] });
  old.node('Slice', [image], { starts: [0, 0, -3], ends: [2147483647, 2, -1] });
  await assertShapesAsInRuntime(old);
  for (const opset of [10, 13, 21]) {
    const network = new Network({ opset });
    const picture = network.input('image', ['N', 3, 8, 9]);
    for (const [starts, ends, axes, steps] of [
      [
        [1, 2],
        [7, 100],
        [2, 3],
        [1, 1],
      ],
      [[-5], [-1], [-2], [1]],
      [[0], [9], [3], [2]],
      [[1], [9], [3], [4]],
      [[-1], [-100], [2], [-1]],
      [[100], [-100], [2], [-1]],
      [[8], [100], [2], [1]],
      [[6], [1], [3], [-2]],
      [[-100], [3], [2], [1]],
    ] as const) {
      network.node('Slice', [
        picture,
        ...[starts, ends, axes, steps].map((list) => network.ints(...list)),
      ]);
    }
    network.node('Slice', [picture, network.ints(0, 1), network.ints(2 ** 62, 2)]);
    await assertShapesAsInRuntime(network);
  }
});

const gates = { LSTM: 4, GRU: 3, RNN: 1 } as const;

test("LSTM, GRU and RNN give the runtime's shapes, pictures on the second axis", async () => {
  const network = new Network({ opset: 14 });
  const rows = network.input('rows', [5, 'N', 6]);
  for (const [op, count] of Object.entries(gates))
    for (const direction of ['forward', 'bidirectional']) {
      const directions = direction === 'forward' ? 1 : 2;
      const weights = [
        network.floats([directions, 2 * count, 6]),
        network.floats([directions, 2 * count, 2]),
      ];
      const outputs = ['all', 'last', ...(op === 'LSTM' ? ['cell'] : [])];
      network.nodeOf(
        op,
        [rows, ...weights],
        attributes({ hidden_size: 2, direction }),
        outputs.map((name) => `${op} ${direction} ${name}`),
      );
    }
  await assertShapesAsInRuntime(network);
});

test('of a layout that the runtime does not know pictures lie on the first axis', () => {
  const network = new Network({ opset: 14 });
  const rows = network.input('rows', ['N', 5, 6]);
  const weights = [network.floats([2, 6, 6]), network.floats([2, 6, 2])];
  const plain = { hidden_size: 2, direction: 'bidirectional', layout: 1 };
  network.nodeOf('GRU', [rows, ...weights], attributes(plain), ['all', 'last']);
  const shapes = inferShapes(network.model(['all', 'last']));
  assert.deepEqual(
    [shapes.of('all'), shapes.of('last')],
    [
      ['N', 5, 2, 2],
      ['N', 2, 2],
    ],
  );
});

test("Gather and Expand give the runtime's shape", async () => {
  for (const opset of [8, 11, 13]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 3, 4, 5]);
    network.node('Gather', [image, network.constant(int64Tensor([2], []))], { axis: 1 });
    network.node('Gather', [image, network.constant(int64Tensor([0, 1, 1, 0], [2, 2]))], {
      axis: 2,
    });
    if (opset >= 11) network.node('Gather', [image, network.ints(-1, 0)], { axis: -1 });
    const row = network.node('ReduceMean', [image], { axes: [1, 2, 3] });
    network.node('Expand', [row, network.ints(1, 3, 4, 5)]);
    network.node('Expand', [row, network.node('Shape', [image])]);
    network.node('Expand', [image, network.ints(2, 1, 1, 1, 1)]);
    await assertShapesAsInRuntime(network);
  }
});

test("Gemm gives the runtime's shape with either factor transposed", async () => {
  for (const opset of [7, 11, 13]) {
    const network = new Network({ opset });
    const row = network.input('row', ['N', 6]);
    const column = network.node('Transpose', [row]);
    network.node('Gemm', [row, network.floats([6, 4]), network.floats([4])]);
    network.node('Gemm', [row, network.floats([4, 6]), network.floats([1, 4])], { transB: 1 });
    network.node('Gemm', [column, network.floats([6, 4]), network.floats([1])], {
      transA: 1,
      alpha: { float: 0.5 },
    });
    network.node('Gemm', [column, network.floats([4, 6]), network.floats([4])], {
      transA: 1,
      transB: 1,
    });
    if (opset >= 11) network.node('Gemm', [row, network.floats([6, 1])]);
    await assertShapesAsInRuntime(network);
  }
});

test("MatMul gives the runtime's shape for vectors, matrices and stacks of them", async () => {
  const network = new Network();
  const [row, image] = [network.input('row', ['N', 6]), network.input('image', ['N', 3, 4, 6])];
  for (const value of [row, image])
    for (const dims of [[6], [6, 2], [3, 6, 2], [1, 3, 6, 2]])
      if (value === image || dims.length < 4) network.node('MatMul', [value, network.floats(dims)]);
  network.node('MatMul', [network.floats([4]), image]);
  network.node('MatMul', [network.floats([5, 4]), image]);
  await assertShapesAsInRuntime(network);
});

test('layouts that cannot be are errors that name operator, node and model', () => {
  const wrong: readonly ((network: Network, image: string) => void)[] = [
    (network, image) => network.node('Transpose', [image], { perm: [0, 2, 1] }),
    (network, image) => network.node('Transpose', [image], { perm: [0, 1, 2, 9] }),
    (network, image) => network.node('Transpose', [image], { perm: [0, 1, 2, 2] }),
    (network, image) => network.node('Reshape', [image, network.ints(0, 7, -1)]),
    (network, image) => network.node('Reshape', [image, network.ints(-1, -1)]),
    (network, image) => network.node('Reshape', [image, network.ints(0, -5)]),
    (network, image) => network.node('Reshape', [image, network.ints(0, 0, 0, 0, 0)]),
    (network, image) => network.node('Reshape', [image, image]),
    (network, image) => network.node('Concat', [image, network.floats([1, 3, 9])], { axis: 1 }),
    (network, image) => network.node('Concat', [image, image], { axis: 7 }),
    (network, image) => network.node('Flatten', [image], { axis: 9 }),
    (network, image) => network.node('Squeeze', [image, network.ints(9)]),
    (network, image) => network.node('Squeeze', [image, network.ints(1)]),
    (network, image) => network.node('Unsqueeze', [image, network.ints(0, 0)]),
    (network, image) => network.node('Unsqueeze', [image]),
    (network, image) => network.node('Split', [image, network.ints(1, 1)], { axis: 1 }),
    (network, image) => network.node('ReduceSum', [image, network.ints(4)]),
    (network, image) =>
      network.node('Slice', [
        image,
        network.ints(0),
        network.ints(1),
        network.ints(1),
        network.ints(0),
      ]),
    (network, image) => network.node('Slice', [image, network.ints(0), network.ints(1, 2)]),
    (network, image) => network.node('Gemm', [image, network.floats([3, 3])]),
    (network, image) => network.node('MatMul', [image, network.floats([3, 3])]),
    (network) => network.node('Relu', []),
    (network, image) => network.node('Expand', [image, network.ints(1, 2, 4, 5)]),
  ];
  for (const [index, add] of wrong.entries()) {
    const network = new Network({ name: 'wrong.onnx' });
    add(network, network.input('image', ['N', 3, 4, 5]));
    const { op, name, outputs } = network.nodes[0]!;
    assert.throws(
      () => inferShapes(network.model(outputs)),
      (error) =>
        error instanceof RoadgazeError &&
        error.code === 'MODEL_SHAPE' &&
        error.message.includes(`${op} "${name}" in wrong.onnx`),
      `case ${index}: ${op}`,
    );
  }
  const network = new Network({ name: 'wrong.onnx' });
  network.node(
    'Gather',
    [network.node('Shape', [network.input('image', ['N', 3])]), network.ints(2)],
    { axis: 0 },
    'beyond',
  );
  assert.throws(
    () => inferShapes(network.model(['beyond'])),
    (error) => error instanceof RoadgazeError && error.code === 'MODEL_SHAPE',
  );
});
