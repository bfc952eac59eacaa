import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convolveInterleaved } from '../../../server/onnx/rewrite/interleaved-picture.ts';
import { DataType } from '../../../server/onnx/tensor.ts';
import { Network, type ConvolutionForm } from '../../support/network.ts';
import { rewrittenExactly } from './same-outputs.ts';

function channelsLast(network: Network, channels = 3): string {
  return network.node('Transpose', [network.input('image', ['N', 14, 15, channels])], {
    perm: [0, 3, 1, 2],
  });
}

const forms: Readonly<Record<string, ConvolutionForm>> = {
  plain: { kernel: [3, 3] },
  strided: { kernel: [5, 4], strides: [2, 3] },
  'padded on every side differently': { kernel: [3, 5], pads: [1, 0, 2, 3], strides: [1, 2] },
  'dilated along the height': { kernel: [3, 2], dilations: [2, 1] },
  VALID: { kernel: [2, 2], autoPad: 'VALID', bias: false },
};
for (const [name, form] of Object.entries(forms)) {
  test(`a ${name} convolution reads pixels as they lie interleaved`, async () => {
    for (const channels of [1, 2, 3, 4]) {
      const network = new Network();
      network.convolution(channelsLast(network, channels), { from: channels, to: 5 }, form, 'out');
      assert.deepEqual(await rewrittenExactly(network.model(['out']), convolveInterleaved), [
        'Reshape',
        'Conv',
      ]);
    }
  });
}

test('several convolutions of the same picture, sharing weights, read it interleaved', async () => {
  const network = new Network();
  const [picture, weights] = [channelsLast(network), network.floats([2, 3, 3, 3])];
  network.node('Conv', [picture, weights], { strides: [2, 2] }, 'first');
  network.node('Conv', [picture, weights], { pads: [1, 1, 1, 1] }, 'second');
  assert.deepEqual(
    await rewrittenExactly(network.model(['first', 'second']), convolveInterleaved),
    ['Reshape', 'Conv', 'Conv'],
  );
});

test('the picture is turned round where that is needed or no slower', async () => {
  const cases: Readonly<Record<string, (network: Network) => string[]>> = {
    'dilated along the width': (network) => [
      network.convolution(
        channelsLast(network),
        { from: 3, to: 2 },
        { kernel: [2, 2], dilations: [1, 2] },
      ),
    ],
    'automatic padding': (network) => [
      network.convolution(
        channelsLast(network),
        { from: 3, to: 2 },
        { kernel: [3, 3], autoPad: 'SAME_UPPER' },
      ),
    ],
    groups: (network) => [
      network.convolution(channelsLast(network), { from: 3, to: 3 }, { kernel: [3, 3], group: 3 }),
    ],
    'read by another node': (network) => {
      const value = channelsLast(network);
      return [
        network.convolution(value, { from: 3, to: 2 }, { kernel: [3, 3] }),
        network.node('Relu', [value]),
      ];
    },
    'an output': (network) => {
      const value = channelsLast(network);
      return [value, network.convolution(value, { from: 3, to: 2 }, { kernel: [3, 3] })];
    },
    'many channels': (network) => [
      network.convolution(channelsLast(network, 5), { from: 5, to: 2 }, { kernel: [3, 3] }),
    ],
    'computed from the input': (network) => [
      network.convolution(
        network.node(
          'Transpose',
          [network.node('Neg', [network.input('image', ['N', 14, 15, 3])])],
          { perm: [0, 3, 1, 2] },
        ),
        { from: 3, to: 2 },
        { kernel: [3, 3] },
      ),
    ],
    'another order': (network) => [
      network.convolution(
        network.node('Transpose', [network.input('image', ['N', 14, 15, 3])], {
          perm: [0, 3, 2, 1],
        }),
        { from: 3, to: 2 },
        { kernel: [3, 3] },
      ),
    ],
  };
  for (const [name, build] of Object.entries(cases)) {
    const network = new Network();
    assert.ok(
      (await rewrittenExactly(network.model(build(network)), convolveInterleaved)).includes(
        'Transpose',
      ),
      name,
    );
  }
});

test('a picture of open size or of bytes stays as it is', () => {
  for (const [shape, type] of [
    [['N', 'H', 15, 3], DataType.float],
    [['N', 14, 15, 3], DataType.uint8],
  ] as const) {
    const network = new Network();
    network.convolution(
      network.node('Transpose', [network.input('image', shape, type)], { perm: [0, 3, 1, 2] }),
      { from: 3, to: 2 },
      { kernel: [3, 3] },
      'out',
    );
    const model = network.model(['out']);
    assert.equal(convolveInterleaved(model), model);
  }
});
