import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { Network } from '../support/network.ts';
import { convolutionalMethods } from '../support/methods.ts';

/** One more node or few, behind a value [N,4,11,23]. */
type Layer = (network: Network, value: string) => string;

/** Ways from the picture to the answer double with every layer. */
const branching: Readonly<Record<string, Layer>> = {
  'sums of a value with itself': (network, value) => network.node('Add', [value, value]),
  'larger values of two branches': (network, value) =>
    network.node('Max', [network.node('Relu', [value]), network.node('Neg', [value])]),
  'pools beside themselves': (network, value) =>
    network.node('Add', [
      network.node('MaxPool', [value], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      value,
    ]),
};
const long: Readonly<Record<string, Layer>> = {
  'rectifiers in a row': (network, value) => network.node('Relu', [value]),
  'sums in a row': (network, value) => network.node('Add', [value, value]),
};

function networkOf(layer: Layer, layers: number): Network {
  const network = new Network();
  let value = network.node('Relu', [
    network.convolution(
      network.input('image', ['N', 1, 24, 48]),
      { from: 1, to: 4 },
      { kernel: [3, 3], strides: [2, 2] },
    ),
  ]);
  for (let count = 0; count < layers; count++) value = layer(network, value);
  network.steering(
    network.node('Relu', [network.convolution(value, { from: 4, to: 4 }, { kernel: [3, 3] })]),
    4 * 9 * 21,
  );
  return network;
}

for (const [layers, forms] of [
  [60, branching],
  [6000, long],
] as const) {
  for (const [name, layer] of Object.entries(forms)) {
    test(`${layers} ${name} come to an end in every method`, () => {
      const model = networkOf(layer, layers).model(['steering']);
      for (const { id } of convolutionalMethods.filter((method) => method.id !== 'cam')) {
        assert.ok(compile(model, [{ id }]).outputs.some((output) => output.name === 'explanation'));
      }
    });
  }
}
