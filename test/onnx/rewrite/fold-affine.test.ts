import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../../server/onnx/graph.ts';
import { foldAffine } from '../../../server/onnx/rewrite/fold-affine.ts';
import { floatTensor } from '../../../server/onnx/tensor.ts';
import { Network, type ConvolutionForm } from '../../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';

/**
 * Folds, checks that every output is the same for batches of 1 and 3, and gives the operators that
 * are left.
 */
async function foldExactly(network: Network, outputs: readonly string[]): Promise<string[]> {
  const model = network.model(outputs);
  const untouched = structuredClone([...model.initializers]);
  const folded = foldAffine(model);
  assert.deepEqual([...model.initializers], untouched, 'the model that was given stays as it is');
  assert.deepEqual([folded.inputs, folded.outputs], [model.inputs, model.outputs]);
  for (const batch of model.inputs[0]!.shape![0] === 'N'
    ? [1, 3]
    : [Number(model.inputs[0]!.shape![0])]) {
    const feeds = Object.fromEntries(
      model.inputs.map((input, index) => [
        input.name,
        randomFloats(
          input.shape!.map((dim) => (dim === 'N' ? batch : Number(dim))),
          40 + index,
          -1,
          1,
        ),
      ]),
    );
    const run = (each: Model) => runNetwork(each, feeds, { graphOptimizationLevel: 'disabled' });
    const [before, after] = [await run(model), await run(folded)];
    for (const output of outputs) {
      const error = relativeError(after[output]!.data, before[output]!.data);
      assert.deepEqual(after[output]!.dims, before[output]!.dims);
      assert.ok(error <= 1e-5, `${output} differs by ${error}`);
    }
  }
  return folded.nodes.map((node) => node.op);
}

const forms: Readonly<Record<string, ConvolutionForm>> = {
  'an unpadded convolution': { kernel: [3, 3] },
  'an unpadded convolution without bias': { kernel: [3, 2], bias: false },
  'a padded convolution': { kernel: [3, 3], pads: [1, 1, 1, 1] },
  'an automatically padded convolution': { kernel: [3, 3], autoPad: 'SAME_UPPER' },
  'a convolution with VALID padding': { kernel: [3, 3], autoPad: 'VALID' },
  'a grouped convolution': { kernel: [3, 3], group: 2, strides: [2, 2] },
  'a depthwise convolution': { kernel: [3, 3], group: 4 },
  'a padded depthwise convolution': { kernel: [3, 3], group: 4, pads: [0, 1, 0, 1] },
};
const padded = (form: ConvolutionForm) => form.pads !== undefined || form.autoPad === 'SAME_UPPER';

for (const [name, form] of Object.entries(forms)) {
  test(`BatchNormalization behind ${name} folds into it`, async () => {
    const network = new Network();
    const image = network.input('image', ['N', 4, 8, 9]);
    network.node(
      'Relu',
      [network.batchNormalization(network.convolution(image, { from: 4, to: 8 }, form), 8)],
      {},
      'out',
    );
    assert.deepEqual(await foldExactly(network, ['out']), ['Conv', 'Relu']);
  });

  test(`BatchNormalization in front of ${name} ${padded(form) ? 'stays, because its shift meets zero padding' : 'folds into it'}`, async () => {
    const network = new Network();
    const image = network.input('image', ['N', 4, 8, 9]);
    network.convolution(network.batchNormalization(image, 4), { from: 4, to: 8 }, form, 'out');
    assert.deepEqual(
      await foldExactly(network, ['out']),
      padded(form) ? ['BatchNormalization', 'Conv'] : ['Conv'],
    );
  });

  test(`scaling in front of ${name} folds into it, padded or not`, async () => {
    const network = new Network();
    const image = network.input('image', ['N', 4, 8, 9]);
    network.convolution(
      network.node('Mul', [
        network.floats([4, 1, 1]),
        network.node('Div', [image, network.constant(floatTensor([], [127.5]))]),
      ]),
      { from: 4, to: 8 },
      form,
      'out',
    );
    assert.deepEqual(await foldExactly(network, ['out']), ['Conv']);
  });
}

test('BatchNormalization folds into a dense layer behind or in front of it, with either layout of its weights', async () => {
  for (const transB of [0, 1]) {
    const network = new Network();
    const row = network.batchNormalization(network.input('row', ['N', 6]), 6);
    const dense = network.node(
      'Gemm',
      [row, network.floats(transB ? [4, 6] : [6, 4]), network.floats([4])],
      { transB },
    );
    network.node('Relu', [network.batchNormalization(dense, 4)], {}, 'out');
    assert.deepEqual(await foldExactly(network, ['out']), ['Gemm', 'Relu']);
  }
});

for (const layout of ['NCHW', 'NHWC'] as const) {
  for (const flattening of ['Flatten', 'Reshape'] as const) {
    for (const transB of [0, 1]) {
      test(`BatchNormalization in front of ${flattening} in ${layout} order folds into the dense layer behind (transB ${transB})`, async () => {
        const network = new Network();
        const relu = network.node('Relu', [
          network.convolution(
            network.input('image', ['N', 2, 6, 7]),
            { from: 2, to: 3 },
            { kernel: [3, 2] },
          ),
        ]);
        const normal = network.batchNormalization(relu, 3);
        const ordered =
          layout === 'NHWC' ? network.node('Transpose', [normal], { perm: [0, 2, 3, 1] }) : normal;
        const flat =
          flattening === 'Flatten'
            ? network.node('Flatten', [ordered])
            : network.node('Reshape', [ordered, network.ints(-1, 72)]);
        network.node(
          'Gemm',
          [flat, network.floats(transB ? [5, 72] : [72, 5]), network.floats([5])],
          { transB },
          'out',
        );
        const left = await foldExactly(network, ['out']);
        assert.ok(!left.includes('BatchNormalization'), left.join());
      });
    }
  }
}

test('normalising a picture in NHWC order folds through the Transpose into the first convolution', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 8, 9, 3]);
  const scaled = network.node('Sub', [
    network.node('Div', [image, network.constant(floatTensor([], [127.5]))]),
    network.constant(floatTensor([3], [1, 0.5, 0.25])),
  ]);
  network.convolution(
    network.node('Transpose', [scaled], { perm: [0, 3, 1, 2] }),
    { from: 3, to: 4 },
    { kernel: [3, 3] },
    'out',
  );
  assert.deepEqual(await foldExactly(network, ['out']), ['Transpose', 'Conv']);
});

test('every form of arithmetic with a constant folds behind and in front of an unpadded convolution', async () => {
  for (const op of ['Add', 'Sub', 'Mul', 'Div']) {
    for (const dims of [[], [1], [3, 1, 1], [1, 3, 1, 1], [1, 1, 1, 1]]) {
      for (const constantFirst of op === 'Div' ? [false] : [false, true]) {
        const network = new Network();
        const apply = (value: string, output?: string) => {
          const constant = network.floats(dims, 0.5, 2);
          return network.node(
            op,
            constantFirst ? [constant, value] : [value, constant],
            {},
            output,
          );
        };
        apply(
          network.convolution(
            apply(network.input('image', ['N', 3, 8, 9])),
            { from: 3, to: 3 },
            { kernel: [3, 3] },
          ),
          'out',
        );
        assert.deepEqual(
          await foldExactly(network, ['out']),
          ['Conv'],
          `${op} [${dims.join()}] ${constantFirst}`,
        );
      }
    }
  }
});

test('a chain of several normalisations folds as a whole', async () => {
  const network = new Network();
  let value = network.batchNormalization(network.input('image', ['N', 2, 8, 9]), 2);
  value = network.batchNormalization(
    network.node('Mul', [value, network.constant(floatTensor([], [3]))]),
    2,
  );
  value = network.batchNormalization(
    network.convolution(value, { from: 2, to: 3 }, { kernel: [3, 3] }),
    3,
  );
  network.node('Relu', [network.node('Add', [value, network.floats([3, 1, 1])])], {}, 'out');
  assert.deepEqual(await foldExactly(network, ['out']), ['Conv', 'Relu']);
});

test('the normalised value itself may be an output', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 2, 8, 9]);
  const normal = network.batchNormalization(
    network.convolution(image, { from: 2, to: 3 }, { kernel: [3, 3] }),
    3,
    'normal',
  );
  network.node('Relu', [normal], {}, 'out');
  assert.deepEqual(await foldExactly(network, ['normal', 'out']), ['Conv', 'Relu']);
});

test('what would not be exact is left as it is', async () => {
  const cases: readonly {
    readonly what: string;
    readonly left: readonly string[];
    build(network: Network, image: string): readonly string[];
  }[] = [
    {
      what: 'a convolution that is read elsewhere too',
      left: ['Conv', 'BatchNormalization', 'Add'],
      build: (network, image) => {
        const conv = network.convolution(image, { from: 3, to: 3 }, { kernel: [3, 3] });
        return [network.node('Add', [conv, network.batchNormalization(conv, 3)])];
      },
    },
    {
      what: 'a convolution that is an output',
      left: ['Conv', 'BatchNormalization'],
      build: (network, image) => {
        const conv = network.convolution(image, { from: 3, to: 3 }, { kernel: [3, 3] });
        return [conv, network.batchNormalization(conv, 3)];
      },
    },
    {
      what: 'a normalised picture that two layers read',
      left: ['BatchNormalization', 'Conv', 'Conv', 'Add'],
      build: (network, image) => {
        const normal = network.batchNormalization(image, 3);
        return [
          network.node('Add', [
            network.convolution(normal, { from: 3, to: 2 }, { kernel: [3, 3] }),
            network.convolution(normal, { from: 3, to: 2 }, { kernel: [3, 3] }),
          ]),
        ];
      },
    },
    {
      what: 'a normalised picture that is an output',
      left: ['BatchNormalization', 'Conv'],
      build: (network, image) => {
        const normal = network.batchNormalization(image, 3);
        return [normal, network.convolution(normal, { from: 3, to: 2 }, { kernel: [3, 3] })];
      },
    },
    {
      what: 'a factor per row of the picture',
      left: ['Mul', 'Conv'],
      build: (network, image) => [
        network.convolution(
          network.node('Mul', [image, network.floats([8, 1])]),
          { from: 3, to: 2 },
          { kernel: [3, 3] },
        ),
      ],
    },
    {
      what: 'a factor per pixel',
      left: ['Conv', 'Mul'],
      build: (network, image) => [
        network.node('Mul', [
          network.convolution(image, { from: 3, to: 2 }, { kernel: [3, 3] }),
          network.floats([6, 7]),
        ]),
      ],
    },
    {
      what: 'a constant that widens the value',
      left: ['Conv', 'Mul'],
      build: (network, image) => [
        network.node('Mul', [
          network.convolution(image, { from: 3, to: 1 }, { kernel: [3, 3] }),
          network.floats([1, 5, 1, 1]),
        ]),
      ],
    },
    {
      what: 'a constant of more dimensions',
      left: ['Conv', 'Mul'],
      build: (network, image) => [
        network.node('Mul', [
          network.convolution(image, { from: 3, to: 1 }, { kernel: [3, 3] }),
          network.floats([1, 1, 1, 1, 1]),
        ]),
      ],
    },
    {
      what: 'a constant divided by the value',
      left: ['Conv', 'Div'],
      build: (network, image) => [
        network.node('Div', [
          network.constant(floatTensor([], [2])),
          network.convolution(image, { from: 3, to: 1 }, { kernel: [3, 3] }),
        ]),
      ],
    },
    {
      what: 'a normalisation behind an activation and in front of a pooling',
      left: ['Relu', 'BatchNormalization', 'MaxPool', 'Conv'],
      build: (network, image) => [
        network.convolution(
          network.node('MaxPool', [network.batchNormalization(network.node('Relu', [image]), 3)], {
            kernel_shape: [2, 2],
          }),
          { from: 3, to: 1 },
          { kernel: [3, 3] },
        ),
      ],
    },
    {
      what: 'a shift in front of padding by a Pad node',
      left: ['Add', 'Pad', 'Conv'],
      build: (network, image) => [
        network.convolution(
          network.node('Pad', [
            network.node('Add', [image, network.floats([3, 1, 1])]),
            network.ints(0, 0, 1, 1, 0, 0, 1, 1),
          ]),
          { from: 3, to: 1 },
          { kernel: [3, 3] },
        ),
      ],
    },
    {
      what: 'a dense layer scaled by alpha and beta',
      left: ['Flatten', 'Gemm', 'Mul'],
      build: (network, image) => [
        network.node('Mul', [
          network.node(
            'Gemm',
            [network.node('Flatten', [image]), network.floats([216, 2]), network.floats([2])],
            { alpha: { float: 0.5 }, beta: { float: 2 } },
          ),
          network.floats([2]),
        ]),
      ],
    },
  ];
  for (const { what, left, build } of cases) {
    const network = new Network();
    const outputs = build(network, network.input('image', ['N', 3, 8, 9]));
    assert.deepEqual(await foldExactly(network, outputs), left, what);
  }
});

test('a dense layer whose bias differs per picture is not touched by a factor per output', async () => {
  const network = new Network();
  const dense = network.node('Gemm', [
    network.input('rows', [4, 6]),
    network.floats([6, 4]),
    network.floats([4, 1]),
  ]);
  network.node('Mul', [dense, network.floats([4])], {}, 'out');
  assert.deepEqual(await foldExactly(network, ['out']), ['Gemm', 'Mul']);
});

test('weights that two layers share are folded into one of them only', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 3, 8, 9]);
  const [weights, bias] = [network.floats([3, 3, 3, 3]), network.floats([3])];
  const first = network.node('Relu', [
    network.batchNormalization(network.node('Conv', [image, weights, bias]), 3),
  ]);
  network.node('Relu', [network.node('Conv', [first, weights, bias])], {}, 'out');
  assert.deepEqual(await foldExactly(network, ['out']), ['Conv', 'Relu', 'Conv', 'Relu']);
});

test('normalisation parameters that are Constant nodes fold too', async () => {
  const network = new Network();
  const parameters = [1.5, 0.2, -0.3, 0.9].map((value) =>
    network.node('Constant', [], { value: floatTensor([2], [value, value / 2]) }),
  );
  network.node(
    'BatchNormalization',
    [
      network.convolution(
        network.input('image', ['N', 2, 6, 6]),
        { from: 2, to: 2 },
        { kernel: [3, 3] },
      ),
      ...parameters,
    ],
    {},
    'out',
  );
  assert.deepEqual(await foldExactly(network, ['out']), ['Conv']);
});

test('a value that two layers read keeps both right when one of them can be folded', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 2, 8, 9]);
  const left = network.batchNormalization(
    network.convolution(image, { from: 2, to: 2 }, { kernel: [3, 3] }),
    2,
  );
  const right = network.convolution(
    network.node('Sub', [image, network.floats([2, 1, 1])]),
    { from: 2, to: 2 },
    { kernel: [3, 3] },
  );
  network.node('Add', [left, right], {}, 'sum');
  network.node('Mul', [left, right], {}, 'product');
  assert.deepEqual(await foldExactly(network, ['sum', 'product']), ['Conv', 'Conv', 'Add', 'Mul']);
});
