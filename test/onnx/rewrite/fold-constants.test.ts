import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlainAttribute } from '../../../server/onnx/attributes.ts';
import type { Dimension } from '../../../server/onnx/graph.ts';
import { inferShapes } from '../../../server/onnx/infer-shapes.ts';
import { operators, type OperatorName } from '../../../server/onnx/operators/operators.ts';
import { foldConstants } from '../../../server/onnx/rewrite/fold-constants.ts';
import { DataType, floatTensor, int64Tensor, type Tensor } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';
import { rewrittenExactly } from './same-outputs.ts';

const numbers = (...values: number[]) => floatTensor([values.length], values);
const whole = (...values: number[]) => int64Tensor(values);
const truth = (...values: number[]): Tensor => ({
  type: DataType.bool,
  dims: [values.length],
  data: Uint8Array.from(values),
});
const grid = int64Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 2]);
const plane = floatTensor([2, 3], [0.5, -1.5, 2.5, 0.25, 3.5, -4.75]);
const column = floatTensor([2, 1], [2, -3]);

interface Case {
  readonly op: OperatorName;
  readonly inputs: readonly (Tensor | null)[];
  readonly plain?: Readonly<Record<string, PlainAttribute>>;
  readonly outputs?: number;
  readonly opset?: number;
}

/** Every operator that is folded, in its forms, on constants. */
const cases: readonly Case[] = [
  ...(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum'] as const).map((op) => ({
    op,
    inputs: [plane, column],
  })),
  ...(['Add', 'Sub', 'Mul', 'Div'] as const).map((op) => ({
    op,
    inputs: [grid, whole(-3, 2)],
  })),
  { op: 'Max', inputs: [plane, column, numbers(0.4, 0.3, 9)] },
  { op: 'Pow', inputs: [numbers(1.5, 2, -3), numbers(2, 0.5, 3)] },
  { op: 'Pow', inputs: [numbers(1.5, 2, -3), whole(2, 3, 3)] },
  ...(
    [
      'Abs',
      'Neg',
      'Floor',
      'Ceil',
      'Round',
      'Sign',
      'Relu',
      'Exp',
      'Reciprocal',
      'Identity',
    ] as const
  ).map((op) => ({ op, inputs: [plane] })),
  ...(['Sqrt', 'Log'] as const).map((op) => ({ op, inputs: [numbers(0.3, 4, 1e6)] })),
  { op: 'Cast', inputs: [plane], plain: { to: DataType.int64 } },
  { op: 'Cast', inputs: [plane], plain: { to: DataType.bool } },
  { op: 'Cast', inputs: [grid], plain: { to: DataType.float } },
  ...(['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'] as const).map((op) => ({
    op,
    inputs: [whole(1, 2, 3), whole(2)],
  })),
  ...(['And', 'Or', 'Xor'] as const).map((op) => ({
    op,
    inputs: [truth(0, 0, 1, 1), truth(0, 1, 0, 1)],
  })),
  { op: 'Not', inputs: [truth(0, 1)] },
  { op: 'IsNaN', inputs: [numbers(1, NaN, Infinity)] },
  { op: 'Trilu', inputs: [plane], opset: 14 },
  { op: 'Trilu', inputs: [plane, int64Tensor([-1], [])], plain: { upper: 0 }, opset: 14 },
  { op: 'Trilu', inputs: [grid, int64Tensor([1], [])], opset: 14 },
  { op: 'Where', inputs: [truth(1, 0, 1), plane, column] },
  { op: 'Reshape', inputs: [grid, whole(0, -1)] },
  { op: 'Flatten', inputs: [grid], plain: { axis: 2 } },
  { op: 'Squeeze', inputs: [column, whole(1)] },
  { op: 'Unsqueeze', inputs: [column, whole(-1, 0)] },
  { op: 'Transpose', inputs: [grid] },
  { op: 'Transpose', inputs: [grid], plain: { perm: [1, 0, 2] } },
  { op: 'Concat', inputs: [plane, column, plane], plain: { axis: -1 } },
  { op: 'Split', inputs: [grid, whole(1, 2)], plain: { axis: 1 }, outputs: 2 },
  { op: 'Slice', inputs: [grid, whole(-1, 0), whole(-100, 2), whole(1, 0), whole(-2, 1)] },
  { op: 'Slice', inputs: [grid, whole(1), whole(2 ** 40)] },
  { op: 'Slice', inputs: [grid], plain: { starts: [1], ends: [-1], axes: [1] }, opset: 9 },
  { op: 'Gather', inputs: [grid, int64Tensor([1, -1, 0, 2], [2, 2])], plain: { axis: 1 } },
  { op: 'Expand', inputs: [column, whole(3, 1, 4)] },
  { op: 'Pad', inputs: [plane, whole(1, 0, 0, 2)] },
  { op: 'Pad', inputs: [plane, whole(0, -1, 1, 2), floatTensor([], [7])] },
  { op: 'Pad', inputs: [plane, whole(1, 2), null, whole(-1)], opset: 18 },
  { op: 'ConstantOfShape', inputs: [whole(2, 3)], plain: { value: numbers(1.5) } },
  { op: 'ConstantOfShape', inputs: [whole(0)] },
  { op: 'ReduceSum', inputs: [grid, whole(-1)], plain: { keepdims: 0 } },
  { op: 'ReduceSum', inputs: [grid], plain: { axes: [0, 2] }, opset: 11 },
  { op: 'ReduceMax', inputs: [plane], plain: { axes: [1] } },
  { op: 'ReduceMin', inputs: [plane] },
  { op: 'ReduceProd', inputs: [plane], plain: { axes: [0] } },
  ...(['Sin', 'Cos', 'Tan', 'Atan', 'Sinh', 'Cosh', 'Asinh'] as const).map((op) => ({
    op,
    inputs: [plane],
  })),
  ...(['Asin', 'Acos', 'Atanh'] as const).map((op) => ({ op, inputs: [numbers(-0.7, 0, 0.3)] })),
  { op: 'Acosh', inputs: [numbers(1, 1.5, 30)] },
  { op: 'Mod', inputs: [whole(-7, 7, 5), whole(3, -3, 4)] },
  { op: 'Mod', inputs: [numbers(-7.5, 7.25, 5), numbers(3, -3, 4)], plain: { fmod: 1 } },
  { op: 'CastLike', inputs: [plane, whole(1)], opset: 15 },
  { op: 'Tile', inputs: [grid, whole(2, 1, 3)] },
  { op: 'Range', inputs: [int64Tensor([10], []), int64Tensor([1], []), int64Tensor([-4], [])] },
  {
    op: 'Range',
    inputs: [floatTensor([], [0]), floatTensor([], [1]), floatTensor([], [0.3])],
  },
  {
    op: 'ScatterND',
    inputs: [grid, int64Tensor([1, 2, 0, -3], [2, 2]), int64Tensor([9, 8, 7, 6], [2, 2])],
  },
];

/** Constants in, and a value behind that depends on the input: the input is one number. */
function folding({ op, inputs, plain = {}, outputs = 1, opset = 13 }: Case) {
  const network = new Network({ opset, name: op });
  const image = network.input('image', [1]);
  const names = inputs.map((tensor) => (tensor ? network.constant(tensor) : ''));
  const made =
    outputs === 1
      ? [network.node(op, names, plain)]
      : network.nodeOf(
          op,
          names,
          new Map([['axis', { kind: 'int', value: BigInt(plain['axis'] as number) }]]),
          Array.from({ length: outputs }, (_, index) => `part${index}`),
        );
  made.forEach((value, index) =>
    network.node(
      'Add',
      [network.node('Cast', [value], { to: DataType.float }), image],
      {},
      `out${index}`,
    ),
  );
  return network.model(made.map((_, index) => `out${index}`));
}

describe('constants are computed beforehand', () => {
  for (const each of cases) {
    it(`${each.op} of ${each.inputs.map((tensor) => `[${tensor?.dims.join() ?? ''}]`).join(' ')} ${JSON.stringify(each.plain ?? {}, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))} as ONNX Runtime computes it`, async () => {
      const left = await rewrittenExactly(folding(each), foldConstants);
      assert.deepEqual(
        left,
        Array.from({ length: each.outputs ?? 1 }, () => 'Add'),
      );
    });
  }

  it('for every operator whose row says how', () => {
    const covered = new Set<string>(cases.map(({ op }) => op));
    assert.deepEqual(
      (Object.keys(operators) as OperatorName[]).filter(
        (name) => operators[name].fold !== null && !covered.has(name),
      ),
      [],
    );
  });

  it('but not what the network gives out, nor more numbers than it is worth', async () => {
    const network = new Network();
    const image = network.input('image', [1]);
    network.node('Add', [network.floats([2]), network.floats([2])], {}, 'given');
    network.node('Mul', ['given', image], {}, 'out');
    const large = network.node('ConstantOfShape', [network.ints(3000, 2000)]);
    network.node('ReduceSum', [large], {}, 'sum');
    network.node('Add', ['sum', image], {}, 'second');
    assert.deepEqual(
      await rewrittenExactly(network.model(['given', 'out', 'second']), foldConstants),
      ['Add', 'Mul', 'ConstantOfShape', 'ReduceSum', 'Add'],
    );
  });

  it('and gives the same model where there is nothing to compute', () => {
    const network = new Network();
    network.steering(network.input('image', ['N', 3, 4, 5]), 60);
    const model = network.model(['steering']);
    assert.equal(foldConstants(model), model);
    const folded = foldConstants(folding(cases[0]!));
    assert.equal(foldConstants(folded), folded);
  });
});

describe('the arithmetic of shapes is computed beforehand, with the batch free', () => {
  const batched = (build: (network: Network, image: string) => string) => {
    const network = new Network({ seed: 4 });
    const value = build(network, network.input('image', ['N', 3, 6, 8]));
    network.node('Identity', [value], {}, 'out');
    return network.model(['out']);
  };
  const sizeAt = (network: Network, value: string, axis: number) =>
    network.node('Gather', [
      network.node('Shape', [value]),
      network.constant(int64Tensor([axis], [])),
    ]);
  const row = (network: Network, ...values: string[]) =>
    network.node(
      'Concat',
      values.map((value) => network.node('Unsqueeze', [value, network.ints(0)])),
      { axis: 0 },
    );

  it('padding as PyTorch writes it', async () => {
    const model = batched((network, image) => {
      const given = network.ints(1, 2, 3, 0);
      const missing = network.node(
        'ConstantOfShape',
        [
          network.node('Unsqueeze', [
            network.node('Sub', [
              network.node('Mul', [
                network.node('Size', [network.node('Shape', [image])]),
                network.constant(int64Tensor([2], [])),
              ]),
              network.node('Size', [given]),
            ]),
            network.ints(0),
          ]),
        ],
        { value: int64Tensor([0]) },
      );
      const pairs = network.node('Reshape', [
        network.node('Concat', [given, missing], { axis: 0 }),
        network.ints(-1, 2),
      ]);
      const turned = network.node('Slice', [
        pairs,
        network.ints(-1),
        network.ints(-(2 ** 62)),
        network.ints(0),
        network.ints(-1),
      ]);
      const pads = network.node(
        'Cast',
        [
          network.node('Reshape', [
            network.node('Transpose', [turned], { perm: [1, 0] }),
            network.ints(-1),
          ]),
        ],
        { to: DataType.int64 },
      );
      return network.node('Pad', [image, pads]);
    });
    assert.deepEqual(inferShapes(model).of('out'), ['N', 3, 9, 11]);
    assert.deepEqual(await rewrittenExactly(model, foldConstants), ['Pad', 'Identity']);
  });

  it('a flattened batch, which is copied', async () => {
    const model = batched((network, image) =>
      network.node('Reshape', [
        image,
        row(
          network,
          sizeAt(network, image, 0),
          network.node('Mul', [sizeAt(network, image, 1), sizeAt(network, image, 2)]),
          sizeAt(network, image, 3),
        ),
      ]),
    );
    assert.deepEqual(inferShapes(model).of('out'), ['N', 18, 8]);
    assert.deepEqual(await rewrittenExactly(model, foldConstants), ['Reshape', 'Identity']);
  });

  it('a batch put together with another axis, and taken apart again', async () => {
    const model = batched((network, image) => {
      const rows = network.node('Mul', [sizeAt(network, image, 0), sizeAt(network, image, 2)]);
      const windows = network.node('Reshape', [
        network.node('Transpose', [image], { perm: [0, 2, 1, 3] }),
        row(network, rows, sizeAt(network, image, 1), sizeAt(network, image, 3)),
      ]);
      const batch = network.node('Div', [
        sizeAt(network, windows, 0),
        network.constant(int64Tensor([6], [])),
      ]);
      return network.node('Reshape', [
        network.node('Relu', [windows]),
        network.node(
          'Concat',
          [network.node('Unsqueeze', [batch, network.ints(0)]), network.ints(6, 3, 8)],
          { axis: 0 },
        ),
      ]);
    });
    const expected: Dimension[] = ['N', 6, 3, 8];
    assert.deepEqual(inferShapes(model).of('out'), expected);
    assert.deepEqual(await rewrittenExactly(model, foldConstants), [
      'Transpose',
      'Reshape',
      'Relu',
      'Reshape',
      'Identity',
    ]);
  });

  it('a value repeated for every picture, its sizes by Where', async () => {
    const model = batched((network, image) => {
      const wanted = row(
        network,
        sizeAt(network, image, 0),
        network.constant(int64Tensor([-1], [])),
        network.constant(int64Tensor([-1], [])),
        network.constant(int64Tensor([8], [])),
      );
      const ones = network.node('ConstantOfShape', [network.ints(4)], { value: int64Tensor([1]) });
      const open = network.node('Equal', [
        wanted,
        network.node('Mul', [ones, network.constant(int64Tensor([-1], []))]),
      ]);
      const token = network.node('Expand', [
        network.floats([1, 3, 1, 8]),
        network.node('Where', [open, ones, wanted]),
      ]);
      return network.node('Concat', [token, image], { axis: 2 });
    });
    assert.deepEqual(inferShapes(model).of('out'), ['N', 3, 7, 8]);
    await rewrittenExactly(model, foldConstants);
  });
});
