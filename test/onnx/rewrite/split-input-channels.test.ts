import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../../server/onnx/graph.ts';
import { splitInputChannels } from '../../../server/onnx/rewrite/split-input-channels.ts';
import { Network, type ConvolutionForm } from '../../support/network.ts';
import { rewrittenExactly } from './same-outputs.ts';

const inBlocks = (model: Model) => splitInputChannels(model, 16);

/** Enough products for it to be worth it. */
const [HEIGHT, WIDTH, OUTPUTS] = [30, 40, 48];
const form: ConvolutionForm = { kernel: [5, 5], pads: [1, 2, 0, 1] };
const count = (ops: readonly string[], op: string) => ops.filter((each) => each === op).length;

function wide(network: Network, channels: number): string {
  return network.node('Elu', [
    network.convolution(
      network.input('image', ['N', 2, HEIGHT, WIDTH]),
      { from: 2, to: channels },
      { kernel: [1, 1] },
    ),
  ]);
}

for (const opset of [7, 11, 13, 18, 21]) {
  test(`a convolution of channels that do not fill their blocks becomes a sum of two, in operator set ${opset}`, async () => {
    const network = new Network({ opset });
    network.convolution(wide(network, 24), { from: 24, to: OUTPUTS }, form, 'out');
    assert.deepEqual(await rewrittenExactly(network.model(['out']), inBlocks), [
      'Conv',
      'Elu',
      'Split',
      'Conv',
      'Conv',
      'Add',
    ]);
  });
}

for (const channels of [17, 20, 33, 36, 40, 44]) {
  test(`${channels} channels are taken apart behind the last full block`, async () => {
    const network = new Network();
    network.convolution(
      wide(network, channels),
      { from: channels, to: OUTPUTS },
      { ...form, bias: channels % 2 === 0 },
      'out',
    );
    const model = network.model(['out']);
    assert.equal(count(await rewrittenExactly(model, inBlocks), 'Split'), 1);
    const split = inBlocks(model).nodes.find(({ op }) => op === 'Split')!;
    const sizes = inBlocks(model).initializers.get(split.inputs[1]!)!.data;
    assert.deepEqual([...sizes].map(Number), [channels - (channels % 16), channels % 16]);
  });
}

test('several convolutions of one value share the parts, and whoever else reads it gets it whole', async () => {
  const network = new Network();
  const value = wide(network, 24);
  const outputs = [form, { kernel: [3, 3] as const }, { ...form, dilations: [2, 1] as const }].map(
    (each) => network.convolution(value, { from: 24, to: OUTPUTS }, each),
  );
  const ops = await rewrittenExactly(
    network.model([...outputs, network.node('Neg', [value]), value]),
    inBlocks,
  );
  assert.deepEqual([count(ops, 'Split'), count(ops, 'Conv'), count(ops, 'Add')], [1, 7, 3]);
});

test('a chain of such layers is taken apart layer by layer', async () => {
  const network = new Network();
  const first = network.node('Relu', [
    network.convolution(
      wide(network, 24),
      { from: 24, to: 36 },
      { kernel: [5, 5], pads: [2, 2, 2, 2] },
    ),
  ]);
  network.convolution(first, { from: 36, to: 24 }, { kernel: [5, 5], pads: [2, 2, 2, 2] }, 'out');
  assert.equal(count(await rewrittenExactly(network.model(['out']), inBlocks), 'Split'), 2);
});

const whole: Readonly<Record<string, (network: Network) => string>> = {
  'with full blocks': (network) =>
    network.convolution(wide(network, 32), { from: 32, to: OUTPUTS }, form),
  'with less than a block': (network) =>
    network.convolution(wide(network, 12), { from: 12, to: OUTPUTS }, form),
  'with hardly anything to fill up': (network) =>
    network.convolution(wide(network, 47), { from: 47, to: OUTPUTS }, form),
  'with groups': (network) =>
    network.convolution(wide(network, 24), { from: 24, to: OUTPUTS }, { ...form, group: 2 }),
  'of few pixels': (network) =>
    network.convolution(
      network.node('AveragePool', [wide(network, 24)], { kernel_shape: [6, 8], strides: [6, 8] }),
      { from: 24, to: OUTPUTS },
      { kernel: [3, 3] },
    ),
  'whose weights are computed': (network) =>
    network.node('Conv', [
      wide(network, 24),
      network.node('Neg', [network.floats([OUTPUTS, 24, 5, 5])]),
    ]),
};
for (const [name, build] of Object.entries(whole)) {
  test(`a convolution ${name} stays whole`, async () => {
    const network = new Network();
    const model = network.model([build(network)]);
    assert.equal(inBlocks(model), model);
  });
}

test('with blocks of 8, 24 channels are full and 36 are not', () => {
  for (const [channels, splits] of [
    [24, 0],
    [36, 1],
  ] as const) {
    const network = new Network();
    network.convolution(wide(network, channels), { from: channels, to: OUTPUTS }, form, 'out');
    assert.equal(
      splitInputChannels(network.model(['out']), 8).nodes.filter(({ op }) => op === 'Split').length,
      splits,
    );
  }
});
