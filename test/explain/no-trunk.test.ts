import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import type { Model } from '../../server/onnx/graph.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';

/**
 * A picture cut into 4×4 patches by one convolution, attention between them, a dense layer with an
 * activation, and a mean.
 */
function transformer(): Model {
  const network = new Network({ seed: 2 });
  const patches = network.convolution(
    network.input('picture', ['N', 3, 16, 24]),
    { from: 3, to: 8 },
    { kernel: [4, 4], strides: [4, 4] },
  );
  const tokens = network.node(
    'Transpose',
    [network.node('Reshape', [patches, network.ints(0, 8, 24)])],
    { perm: [0, 2, 1] },
  );
  const dense = (value: string) => network.node('MatMul', [value, network.floats([8, 8])]);
  const weights = network.node(
    'Softmax',
    [
      network.node('MatMul', [
        dense(tokens),
        network.node('Transpose', [dense(tokens)], { perm: [0, 2, 1] }),
      ]),
    ],
    { axis: -1 },
  );
  const mixed = network.node('Relu', [
    dense(network.node('Add', [tokens, network.node('MatMul', [weights, dense(tokens)])])),
  ]);
  network.node(
    'Gemm',
    [network.node('ReduceMean', [mixed], { axes: [1], keepdims: 0 }), network.floats([8, 1])],
    {},
    'steering',
  );
  return network.model(['steering']);
}

for (const id of ['visualbackprop', 'gradcam', 'gradcampp', 'guided-gradcam']) {
  test(`${id} of a transformer is refused with the reason, and with methods that work`, () => {
    assert.throws(
      () => compile(transformer(), [{ id }]),
      (error) =>
        error instanceof RoadgazeError &&
        error.code === 'METHOD_UNSUITED' &&
        /all there is of one is Conv "Conv_\d+" in \S+, with no activation behind it/.test(
          error.message,
        ) &&
        /saliency/.test(error.hint),
    );
  });
}

test('the methods that are named instead work on a transformer', () => {
  for (const id of ['saliency', 'inputxgradient', 'lrp-epsilon-plus'])
    assert.doesNotThrow(() => compile(transformer(), [{ id }]));
});

test('one convolution with an activation, and two without, are a trunk', () => {
  for (const ends of [['Relu'], ['Conv']] as const) {
    const network = new Network({ seed: 2 });
    const first = network.convolution(
      network.input('picture', ['N', 3, 10, 12]),
      { from: 3, to: 4 },
      { kernel: [3, 3] },
    );
    const last =
      ends[0] === 'Relu'
        ? network.node('Relu', [first])
        : network.convolution(first, { from: 4, to: 4 }, { kernel: [1, 1] });
    network.steering(last, 320);
    for (const id of ['visualbackprop', 'gradcam'])
      assert.doesNotThrow(() => compile(network.model(['steering']), [{ id }]));
  }
});
