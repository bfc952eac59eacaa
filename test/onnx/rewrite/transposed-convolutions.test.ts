import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlainAttribute } from '../../../server/onnx/attributes.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { speedUp } from '../../../server/onnx/rewrite/speed-up.ts';
import { transposedAsConvolutions } from '../../../server/onnx/rewrite/transposed-as-convolutions.ts';
import { transposedInRows } from '../../../server/onnx/rewrite/transposed-in-rows.ts';
import { Network } from '../../support/network.ts';
import { rewrittenExactly } from './same-outputs.ts';

const inBlocks = (model: Model) => transposedAsConvolutions(model, 16);

interface Form {
  readonly channels: readonly [from: number, to: number];
  readonly kernel: readonly [number, number];
  readonly size?: readonly [number, number];
  readonly bias?: boolean;
  readonly attributes?: Readonly<Record<string, PlainAttribute>>;
}

function transposed(
  { channels: [from, to], kernel, size = [21, 34], bias = false, attributes = {} }: Form,
  opset = 13,
): Network {
  const network = new Network({ opset });
  const inputs = [
    network.input('image', ['N', from, ...size]),
    network.floats([from, to, ...kernel]),
    ...(bias ? [network.floats([to])] : []),
  ];
  network.node('ConvTranspose', inputs, { kernel_shape: kernel, ...attributes }, 'spread');
  return network;
}

const forms: Readonly<Record<string, Form>> = {
  'in steps of one': { channels: [32, 16], kernel: [3, 3], bias: true },
  'in steps of one, its border cut off': {
    channels: [32, 16],
    kernel: [3, 5],
    attributes: { pads: [1, 2, 0, 1] },
  },
  'whose border is wider than its kernel': {
    channels: [16, 16],
    kernel: [5, 5],
    attributes: { pads: [5, 4, 0, 5] },
  },
  'in steps of two': {
    channels: [32, 24],
    kernel: [5, 5],
    bias: true,
    attributes: { strides: [2, 2], output_padding: [1, 1] },
  },
  'in steps of two, to odd sizes': {
    channels: [32, 24],
    kernel: [5, 5],
    attributes: { strides: [2, 2] },
  },
  'in steps of two, its border cut off': {
    channels: [32, 24],
    kernel: [5, 5],
    attributes: { strides: [2, 2], pads: [1, 2, 2, 1], output_padding: [0, 1] },
  },
  'in steps of two along the width': {
    channels: [32, 24],
    kernel: [3, 5],
    bias: true,
    attributes: { strides: [1, 2], pads: [0, 1, 0, 0] },
  },
  'in steps of two along the height': {
    channels: [48, 16],
    kernel: [4, 3],
    bias: true,
    attributes: { strides: [2, 1], pads: [1, 0, 0, 1] },
  },
  'in different steps': {
    channels: [48, 16],
    kernel: [7, 5],
    attributes: { strides: [3, 2], pads: [2, 0, 1, 3], output_padding: [2, 0] },
  },
  'in steps wider than its kernel': {
    channels: [16, 16],
    kernel: [15, 2],
    size: [60, 68],
    attributes: { strides: [2, 3], output_padding: [0, 2] },
  },
};
for (const [name, form] of Object.entries(forms)) {
  test(`a transposed convolution ${name} is computed as convolutions`, async () => {
    const operators = await rewrittenExactly(transposed(form).model(['spread']), inBlocks);
    assert.ok(!operators.includes('ConvTranspose') && operators.includes('Conv'), operators.join());
  });
}

for (const opset of [10, 11, 18, 21]) {
  test(`and in operator set ${opset}, with all that makes graphs fast`, async () => {
    const { channels, kernel, attributes } = forms['in steps of two, to odd sizes']!;
    const operators = await rewrittenExactly(
      transposed({ channels: [36, channels[1]], kernel, attributes: attributes! }, opset).model([
        'spread',
      ]),
      (model) => speedUp(model, 16),
    );
    assert.deepEqual(
      operators.filter((op) => op.startsWith('Conv')),
      ['Conv', 'Conv', 'Conv', 'Conv'],
    );
  });
}

test('several of them get names of their own', async () => {
  const network = transposed(forms['in steps of two, to odd sizes']!);
  network.node(
    'ConvTranspose',
    ['spread', network.floats([24, 32, 5, 5])],
    { kernel_shape: [5, 5], strides: [2, 2] },
    'further',
  );
  network.node(
    'ConvTranspose',
    ['further', network.floats([32, 16, 3, 3])],
    { kernel_shape: [3, 3] },
    'last',
  );
  const rewritten = inBlocks(network.model(['last']));
  assert.ok(!rewritten.nodes.some(({ op }) => op === 'ConvTranspose'));
  assert.equal(new Set(rewritten.nodes.map(({ name }) => name)).size, rewritten.nodes.length);
  await rewrittenExactly(network.model(['last']), inBlocks);
});

/** Transposed convolutions of one value with these outputs; every second one has a bias. */
function severalOf(
  outputs: readonly number[],
  { channels: [from], kernel, size = [21, 34], attributes = {} }: Form,
  opset = 13,
): Model {
  const network = new Network({ opset });
  const image = network.input('image', ['N', from, ...size]);
  const spread = outputs.map((to, index) =>
    network.node(
      'ConvTranspose',
      [image, network.floats([from, to, ...kernel]), ...(index % 2 ? [network.floats([to])] : [])],
      { kernel_shape: kernel, ...attributes },
      `spread${index}`,
    ),
  );
  return network.model(spread);
}

const together: Readonly<
  Record<
    string,
    { readonly outputs: readonly number[]; readonly form: Form; readonly convolutions: number }
  >
> = {
  'two of them, columns apart': {
    outputs: [24, 24],
    form: forms['in steps of two']!,
    convolutions: 4,
  },
  'two of them, to odd sizes': {
    outputs: [24, 24],
    form: forms['in steps of two, to odd sizes']!,
    convolutions: 4,
  },
  'three of different channels, borders cut off': {
    outputs: [20, 8, 20],
    form: forms['in steps of two, its border cut off']!,
    convolutions: 4,
  },
  'two of them, columns together': {
    outputs: [12, 12],
    form: forms['in steps of two']!,
    convolutions: 2,
  },
  'two of them, in different steps': {
    outputs: [16, 32],
    form: forms['in different steps']!,
    convolutions: 6,
  },
  'two of them, along the height': {
    outputs: [16, 32],
    form: forms['in steps of two along the height']!,
    convolutions: 2,
  },
};
for (const [name, { outputs, form, convolutions }] of Object.entries(together)) {
  for (const opset of [10, 13]) {
    test(`transposed convolutions of one value are computed together: ${name}, operator set ${opset}`, async () => {
      const operators = await rewrittenExactly(severalOf(outputs, form, opset), inBlocks);
      assert.deepEqual(
        [
          operators.filter((op) => op.startsWith('Conv')).length,
          operators.filter((op) => op === 'Gather').length,
        ],
        [convolutions, outputs.length],
        operators.join(),
      );
      assert.ok(!operators.includes('ConvTranspose'));
    });
  }
}

test('transposed convolutions of one value in steps of one are computed apart: nothing would hand out the parts', async () => {
  assert.deepEqual(
    await rewrittenExactly(severalOf([16, 32], forms['in steps of one']!), inBlocks),
    ['Conv', 'Conv'],
  );
});

test('transposed convolutions of one value that end differently are computed apart', async () => {
  const network = transposed(forms['in steps of two']!);
  network.node(
    'ConvTranspose',
    ['image', network.floats([32, 24, 5, 5])],
    { kernel_shape: [5, 5], strides: [2, 2] },
    'other',
  );
  const operators = await rewrittenExactly(network.model(['spread', 'other']), inBlocks);
  assert.deepEqual(
    operators.filter((op) => op === 'Concat'),
    ['Concat', 'Concat'],
  );
});

const kept: Readonly<Record<string, () => Network>> = {
  'of few products': () => transposed({ channels: [8, 4], kernel: [3, 3], size: [5, 6] }),
  'to one channel': () => transposed({ channels: [8, 1], kernel: [3, 3] }),
  'with groups': () => transposed({ channels: [32, 16], kernel: [3, 3], attributes: { group: 2 } }),
  'that is dilated': () =>
    transposed({ channels: [32, 16], kernel: [3, 3], attributes: { dilations: [2, 1] } }),
  'whose weights are computed': () => {
    const network = new Network();
    network.node(
      'ConvTranspose',
      [
        network.input('image', ['N', 32, 21, 34]),
        network.node('Neg', [network.floats([32, 16, 3, 3])]),
      ],
      {},
      'spread',
    );
    return network;
  },
};
for (const [name, build] of Object.entries(kept)) {
  test(`a transposed convolution ${name} stays one`, () => {
    const model = build().model(['spread']);
    assert.equal(inBlocks(model), model);
  });
}

/** Too few channels come out for convolutions to be worth it. */
const narrow = { channels: [24, 3], kernel: [5, 5], size: [31, 98] } as const;
const rows: Readonly<Record<string, Form>> = {
  'in steps of two': {
    ...narrow,
    bias: true,
    attributes: { strides: [2, 2], output_padding: [1, 1] },
  },
  'of as many columns as fit': {
    ...narrow,
    kernel: [4, 4],
    attributes: { strides: [2, 2], pads: [1, 0, 2, 0] },
  },
  'in different steps': { ...narrow, kernel: [3, 6], bias: true, attributes: { strides: [1, 3] } },
};
for (const [name, form] of Object.entries(rows)) {
  test(`a transposed convolution ${name} adds values beside each other`, async () => {
    assert.deepEqual(await rewrittenExactly(transposed(form).model(['spread']), transposedInRows), [
      'ConvTranspose',
      'Reshape',
      'Transpose',
      'Reshape',
    ]);
  });

  test(`a transposed convolution ${name} adds values beside each other, and its channels come last`, async () => {
    const network = transposed(form);
    network.node('Transpose', ['spread'], { perm: [0, 2, 3, 1] }, 'last');
    assert.deepEqual(await rewrittenExactly(network.model(['last']), transposedInRows), [
      'ConvTranspose',
      'Transpose',
      'Reshape',
    ]);
    assert.deepEqual(await rewrittenExactly(network.model(['last', 'spread']), transposedInRows), [
      'ConvTranspose',
      'Reshape',
      'Transpose',
      'Reshape',
      'Transpose',
    ]);
  });
}

const apart: Readonly<Record<string, Form>> = {
  'in steps of one': narrow,
  'whose columns are cut off': { ...narrow, attributes: { strides: [2, 2], pads: [0, 1, 0, 1] } },
  'whose phases have different lengths': { ...narrow, attributes: { strides: [2, 2] } },
};
for (const [name, form] of Object.entries(apart)) {
  test(`a transposed convolution ${name} keeps its rows`, () => {
    const model = transposed(form).model(['spread']);
    assert.equal(transposedInRows(model), model);
  });
}
