import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denseInOrder } from '../../../server/onnx/rewrite/dense-order.ts';
import { Network } from '../../support/network.ts';
import { rewrittenExactly } from './same-outputs.ts';

const image = (network: Network) => network.input('image', ['N', 3, 4, 5]);
const flattenings: Readonly<Record<string, (network: Network, value: string) => string>> = {
  Flatten: (network, value) => network.node('Flatten', [value]),
  Reshape: (network, value) => network.node('Reshape', [value, network.ints(-1, 60)]),
};
const layers: Readonly<Record<string, (network: Network, value: string) => string>> = {
  MatMul: (network, value) => network.node('MatMul', [value, network.floats([60, 7])]),
  Gemm: (network, value) =>
    network.node('Gemm', [value, network.floats([60, 7]), network.floats([7])]),
  'Gemm with turned weights': (network, value) =>
    network.node('Gemm', [value, network.floats([7, 60]), network.floats([7])], {
      transB: 1,
      alpha: { float: 0.5 },
    }),
};

for (const [flattening, flatten] of Object.entries(flattenings)) {
  for (const [layer, dense] of Object.entries(layers)) {
    test(`${layer} behind a Transpose and ${flattening} reads the value as it lies, for every order of axes`, async () => {
      for (const perm of [
        [0, 2, 3, 1],
        [0, 3, 1, 2],
        [0, 1, 3, 2],
        [0, 3, 2, 1],
        [0, 2, 1, 3],
      ]) {
        const network = new Network();
        const out = dense(
          network,
          flatten(network, network.node('Transpose', [image(network)], { perm })),
        );
        assert.ok(
          !(await rewrittenExactly(network.model([out]), denseInOrder)).includes('Transpose'),
          perm.join(),
        );
      }
    });
  }
}

test('a Transpose that moves the batch, or whose value is read elsewhere, or no dense layer reads, stays', async () => {
  const turned = (network: Network, perm = [0, 2, 3, 1]) =>
    network.node('Transpose', [image(network)], { perm });
  const cases: Readonly<Record<string, (network: Network) => string[]>> = {
    'the batch moves': (network) => [
      network.node('MatMul', [
        network.node('Reshape', [turned(network, [1, 0, 2, 3]), network.ints(-1, 60)]),
        network.floats([60, 7]),
      ]),
    ],
    'the transposed value is an output': (network) => {
      const value = turned(network);
      return [
        value,
        network.node('MatMul', [network.node('Flatten', [value]), network.floats([60, 7])]),
      ];
    },
    'the rows are read twice': (network) => {
      const rows = network.node('Flatten', [turned(network)]);
      return [
        network.node('Relu', [rows]),
        network.node('MatMul', [rows, network.floats([60, 7])]),
      ];
    },
    'an activation lies between': (network) => [
      network.node('MatMul', [
        network.node('Relu', [network.node('Flatten', [turned(network)])]),
        network.floats([60, 7]),
      ]),
    ],
    'rows are not pictures': (network) => [
      network.node('MatMul', [
        network.node('Reshape', [turned(network), network.ints(-1, 30)]),
        network.floats([30, 7]),
      ]),
    ],
    'weights are the first factor': (network) => [
      network.node('MatMul', [
        network.floats([7, 2]),
        network.node('Reshape', [turned(network), network.ints(2, -1)]),
      ]),
    ],
  };
  for (const [name, build] of Object.entries(cases)) {
    const network = new Network();
    const model = network.model(build(network));
    const fixed =
      name === 'weights are the first factor'
        ? { ...model, inputs: [{ ...model.inputs[0]!, shape: [1, 3, 4, 5] }] }
        : model;
    assert.ok((await rewrittenExactly(fixed, denseInOrder)).includes('Transpose'), name);
  }
  const network = new Network();
  const inputs = [network.node('Flatten', [turned(network)]), network.floats([60, 7])];
  const model = network.model([
    network.nodeOf('MatMul', inputs, new Map(), ['out'], 'somebody.else')[0]!,
  ]);
  assert.equal(denseInOrder(model), model, 'of other operators nothing is known');
});
