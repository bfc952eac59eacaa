import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import { TARGETS } from '../../shared/explanations.ts';
import { describeMethod } from '../../shared/methods.ts';
import { Network } from '../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { convolutionalMethods } from '../support/methods.ts';

/**
 * Rectifiers, then global average pooling and one dense layer with weights of both signs: every
 * method fits.
 */
function rectifying() {
  const network = new Network({ seed: 23 });
  const image = network.input('image', ['N', 2, 14, 15]);
  const first = network.node('Relu', [
    network.convolution(image, { from: 2, to: 6 }, { kernel: [3, 3], strides: [2, 2] }),
  ]);
  const second = network.node('Relu', [
    network.convolution(first, { from: 6, to: 8 }, { kernel: [3, 3] }),
  ]);
  const pooled = network.node('Flatten', [network.node('GlobalAveragePool', [second])]);
  const answer = network.node(
    'Gemm',
    [pooled, network.floats([8, 1], -1, 1), network.floats([1], -0.1, 0.1)],
    {},
    'answer',
  );
  return network.model([{ name: answer, type: DataType.float, shape: ['N', 1] }]);
}

for (const { id } of convolutionalMethods) {
  const { directed } = describeMethod(id)!;
  test(`${id} shows ${directed ? 'something else' : 'the same, but for the sign,'} for the other ways of steering`, async () => {
    const image = randomFloats([1, 2, 14, 15], 5);
    const maps = await Promise.all(
      TARGETS.map(async (target) => [
        ...(await runNetwork(compile(rectifying(), [{ id }], undefined, target), { image }))[
          'explanation'
        ]!.data,
      ]),
    );
    const [plain, turned, size] = maps as [number[], number[], number[]];
    const flipped = plain.map((value) => -value);
    const distance = (map: number[]) =>
      Math.min(relativeError(map, plain), relativeError(map, flipped));
    assert.ok(plain.some((value) => value !== 0));
    if (directed)
      assert.ok(distance(turned) > 0.05, `turned round it is the same up to ${distance(turned)}`);
    else
      for (const map of [turned, size])
        assert.ok(distance(map) < 1e-4, `it differs by ${distance(map)}`);
  });
}
