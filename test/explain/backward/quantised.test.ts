import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../../server/explain/compile.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { Network } from '../../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';
import { quantisedBy } from './operator-cases.ts';

type Form = 'in single precision' | 'by one scale' | 'by one scale for each channel';

/** Two linear layers with whole numbers of 8 bits between them, so that rounding changes no slope. */
function network(form: Form, size = 1): Model {
  const built = new Network({ opset: 13, seed: 8 });
  const image = built.input('image', ['N', 2, 6, 8]);
  const value = built.node('Mul', [
    built.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3] }),
    built.floats([1], size, size),
  ]);
  const weights = [built.floats([96, 1]), built.floats([1])];
  const between =
    form === 'in single precision'
      ? value
      : quantisedBy(built, value, form === 'by one scale' ? [] : [4]);
  built.node('Gemm', [built.node('Flatten', [between]), ...weights], {}, 'steering');
  return built.model(['steering']);
}

const image = randomFloats([2, 2, 6, 8]);
const gradientOf = async (model: Model) =>
  (await runNetwork(compile(model, [{ id: 'gradient' }]), { image }))['explanation']!.data;

describe('the gradient through whole numbers', () => {
  for (const form of ['by one scale', 'by one scale for each channel'] as const) {
    it(`${form} is that of the network without them`, async () => {
      const expected = await gradientOf(network('in single precision'));
      assert.ok(expected.some((value) => Math.abs(value) > 1e-2));
      assert.ok(relativeError(await gradientOf(network(form)), expected) < 1e-5);
    });

    it(`${form} is nothing where the value is cut off`, async () => {
      const map = await gradientOf(network(form, 1e4));
      assert.ok(map.filter((value) => value === 0).length > map.length / 2);
    });
  }
});
