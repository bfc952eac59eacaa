import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../../server/onnx/graph.ts';
import { mergeConvolutions } from '../../../server/onnx/rewrite/merge-convolutions.ts';
import { Network, randomNumbers, type ConvolutionForm } from '../../support/network.ts';
import { rewrittenExactly } from './same-outputs.ts';

const inBlocks = (model: Model) => mergeConvolutions(model, 16);

const form: ConvolutionForm = { kernel: [3, 3], strides: [2, 1], pads: [1, 0, 2, 1] };
const relu = (network: Network, value: string, output?: string) =>
  network.node('Relu', [value], {}, output);

/** Convolutions of one picture, to so many channels each. */
function beside(
  network: Network,
  channels: readonly number[],
  forms: readonly ConvolutionForm[] = [form],
): string[] {
  const image = network.input('image', ['N', 3, 12, 14]);
  return channels.map((to, index) =>
    network.convolution(image, { from: 3, to }, forms[index % forms.length]!),
  );
}

for (const opset of [7, 10, 11, 13, 18, 21]) {
  test(`convolutions that leave their blocks half empty become one, in operator set ${opset}`, async () => {
    const network = new Network({ opset });
    assert.deepEqual(await rewrittenExactly(network.model(beside(network, [8, 8])), inBlocks), [
      'Conv',
      'Split',
    ]);
  });
}

test('rectifiers behind all of them become one in front of the split', async () => {
  const network = new Network();
  const outputs = beside(network, [8, 5, 3]).map((value) => relu(network, value));
  assert.deepEqual(await rewrittenExactly(network.model(outputs), inBlocks), [
    'Conv',
    'Relu',
    'Split',
  ]);
});

test('biases may be missing, in some or all', async () => {
  for (const biases of [
    [true, false],
    [false, false],
  ]) {
    const network = new Network();
    assert.deepEqual(
      await rewrittenExactly(
        network.model(
          beside(
            network,
            [4, 6],
            biases.map((bias) => ({ ...form, bias })),
          ),
        ),
        inBlocks,
      ),
      ['Conv', 'Split'],
    );
  }
});

test('weights that several of them share are no obstacle', async () => {
  const network = new Network();
  const [image, weights] = [network.input('image', ['N', 2, 8, 8]), network.floats([4, 2, 3, 3])];
  network.node('Conv', [image, weights, network.floats([4])], {}, 'first');
  network.node('Conv', [image, weights], {}, 'second');
  assert.deepEqual(await rewrittenExactly(network.model(['first', 'second']), inBlocks), [
    'Conv',
    'Split',
  ]);
});

test('what stands between them in the model is computed in time', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 3, 12, 14]);
  const first = relu(network, network.convolution(image, { from: 3, to: 4 }, form));
  const deeper = network.convolution(first, { from: 4, to: 4 }, { kernel: [2, 2] });
  const second = relu(network, network.convolution(image, { from: 3, to: 4 }, form));
  assert.deepEqual(
    await rewrittenExactly(network.model([deeper, network.node('Add', [first, second])]), inBlocks),
    ['Conv', 'Relu', 'Split', 'Conv', 'Add'],
  );
});

const apart: Readonly<Record<string, (network: Network) => string[]>> = {
  'whose blocks are full': (network) => beside(network, [16, 32]),
  'with other windows': (network) =>
    beside(
      network,
      [4, 4, 4, 4],
      [
        form,
        { ...form, strides: [1, 1] },
        { ...form, pads: [0, 0, 0, 0] },
        { ...form, kernel: [1, 3] },
      ],
    ),
  'with other dilations': (network) =>
    beside(network, [4, 4], [form, { ...form, dilations: [2, 1] }]),
  'with groups': (network) => beside(network, [3, 3], [{ ...form, group: 3 }]),
  'of which some are rectified': (network) => {
    const [a, b] = beside(network, [4, 4]) as [string, string];
    return [relu(network, a), b];
  },
  'of other values': (network) => {
    const [a, b] = beside(network, [4, 4], [form, { kernel: [1, 1] }]) as [string, string];
    return [
      network.convolution(a, { from: 4, to: 4 }, form),
      network.convolution(b, { from: 4, to: 4 }, form),
    ];
  },
  'whose weights are computed': (network) => {
    const image = network.input('image', ['N', 3, 12, 14]);
    return [0, 1].map(() =>
      network.node('Conv', [image, network.node('Neg', [network.floats([4, 3, 3, 3])])]),
    );
  },
};
for (const [name, build] of Object.entries(apart)) {
  test(`convolutions ${name} stay apart`, async () => {
    const network = new Network();
    const model = network.model(build(network));
    assert.equal(
      (await rewrittenExactly(model, inBlocks)).filter((op) => op === 'Conv').length,
      model.nodes.filter(({ op }) => op === 'Conv').length,
    );
  });
}

test('a rectifier whose input is an output as well stays where it is', async () => {
  const network = new Network();
  const [a, b] = beside(network, [4, 4]) as [string, string];
  assert.deepEqual(
    await rewrittenExactly(network.model([a, relu(network, a), relu(network, b)]), inBlocks),
    ['Conv', 'Conv', 'Relu', 'Relu'],
  );
});

test('random networks of convolutions side by side keep every output', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomNumbers(seed * 31);
    const whole = (low: number, high: number) => Math.floor(random(low, high + 1));
    const network = new Network({ seed, opset: [8, 11, 13, 18][seed % 4]! });
    const values = [{ value: network.input('image', ['N', 3, 10, 11]), channels: 3 }];
    const outputs: string[] = [];
    for (let layer = 0; layer < 9; layer++) {
      const { value, channels } = values[whole(Math.max(0, values.length - 4), values.length - 1)]!;
      const to = whole(1, 20);
      const made = network.convolution(
        value,
        { from: channels, to },
        { kernel: [3, 3], pads: [1, 1, 1, 1], bias: random() < 0.7 },
      );
      const next = random() < 0.6 ? relu(network, made) : made;
      values.push({ value: next, channels: to });
      if (random() < 0.4) outputs.push(next);
    }
    await rewrittenExactly(
      network.model([...new Set([...outputs, values.at(-1)!.value])]),
      inBlocks,
    );
  }
});
