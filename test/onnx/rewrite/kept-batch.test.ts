import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../../server/onnx/graph.ts';
import { keepBatch } from '../../../server/onnx/rewrite/kept-batch.ts';
import { int64Tensor } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';
import { rewrittenExactly } from './same-outputs.ts';

/** The sizes that the Reshapes of a model are given. */
function sizes(model: Model): number[][] {
  return model.nodes
    .filter(({ op }) => op === 'Reshape')
    .map(({ inputs }) =>
      Array.from(model.initializers.get(inputs[1]!)!.data as BigInt64Array, Number),
    );
}

test('a batch that flattening writes as what is left over is copied', async () => {
  const network = new Network();
  const flat = network.node('Reshape', [
    network.input('image', ['N', 2, 3, 4]),
    network.ints(-1, 24),
  ]);
  network.node(
    'Reshape',
    [flat, network.node('Constant', [], { value: int64Tensor([-1, 4, 6]) })],
    {},
    'out',
  );
  const model = network.model(['out']);
  await rewrittenExactly(model, keepBatch);
  assert.deepEqual(sizes(keepBatch(model)), [
    [0, 24],
    [0, 4, 6],
  ]);
});

const others: Readonly<Record<string, (network: Network) => string>> = {
  'another number of rows': (network) =>
    network.node('Reshape', [network.input('image', ['N', 2, 3, 4]), network.ints(-1, 12)]),
  'another size that is left over': (network) =>
    network.node('Reshape', [network.input('image', [1, 2, 3, 4]), network.ints(1, -1)]),
  'a value that cannot be told': (network) =>
    network.node('Reshape', [
      network.node('Mystery', [network.input('image', ['N', 2, 3, 4])]),
      network.ints(-1, 24),
    ]),
};
for (const [name, build] of Object.entries(others)) {
  test(`${name} stays as it is`, () => {
    const network = new Network();
    const model = network.model([build(network)]);
    assert.equal(keepBatch(model), model);
  });
}
