import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import { compile } from '../../server/explain/compile.ts';
import type { Model } from '../../server/onnx/graph.ts';
import { Network } from '../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { convolutionalMethods } from '../support/methods.ts';

type Unknown = 'beside' | 'behind' | 'none';

/**
 * Two convolutions, average over the plane, dense layer; an operator that Roadgaze does not know
 * beside them, on an output of its own, or behind them.
 */
function network(unknown: Unknown): Model {
  const built = new Network({ seed: 9, name: 'strange.onnx' });
  const image = built.input('image', ['N', 3, 12, 14]);
  const layer = (value: string, from: number, to: number) =>
    built.node('Relu', [built.convolution(value, { from, to }, { kernel: [3, 3] })]);
  const features = layer(layer(image, 3, 4), 4, 6);
  const rows = built.node('Flatten', [built.node('GlobalAveragePool', [features])]);
  const weights = [built.floats([6, 1]), built.floats([1])];
  if (unknown === 'beside') {
    const [places] = built.nodeOf('NonZero', [rows], new Map(), ['places']);
    built.node('Relu', [places!], {}, 'more');
  }
  const head =
    unknown === 'behind' ? built.nodeOf('Hardmax', [rows], new Map(), ['hard'])[0]! : rows;
  built.node('Gemm', [head, ...weights], {}, 'steering');
  return built.model([
    { name: 'steering', type: 1, shape: ['N', 1] },
    ...(unknown === 'beside' ? [{ name: 'places', type: 7, shape: null }] : []),
  ]);
}

const image = randomFloats([2, 3, 12, 14]);

describe('an operator that Roadgaze does not know', () => {
  for (const { id } of convolutionalMethods) {
    it(`does not matter to ${id} where it hangs beside the explained output`, async () => {
      const run = async (unknown: Unknown) =>
        runNetwork(compile(network(unknown), [{ id }]), { image });
      const [plain, strange] = [await run('none'), await run('beside')];
      for (const value of ['explanation', 'steering'])
        assert.ok(relativeError(strange[value]!.data, plain[value]!.data) < 1e-6, value);
      assert.ok(plain['explanation']!.data.some((value) => value !== 0));
      assert.ok('places' in strange);
    });
  }

  it('does not matter to VisualBackProp where it stands behind the convolutions', async () => {
    const run = async (unknown: Unknown) =>
      (await runNetwork(compile(network(unknown), [{ id: 'visualbackprop' }]), { image }))[
        'explanation'
      ]!.data;
    assert.ok(relativeError(await run('behind'), await run('none')) < 1e-6);
  });

  for (const id of ['gradient', 'lrp-epsilon-plus', 'gradcam']) {
    it(`stops ${id} by name where it stands behind the convolutions`, () => {
      assert.throws(
        () => compile(network('behind'), [{ id }]),
        (error) =>
          error instanceof RoadgazeError &&
          error.code === 'MODEL_OPERATOR_UNSUPPORTED' &&
          error.message.includes('Hardmax "Hardmax_') &&
          error.message.includes('strange.onnx'),
      );
    });
  }

  it('stops VisualBackProp where it stands in front of the convolutions', () => {
    const built = new Network({ name: 'strange.onnx' });
    const [odd] = built.nodeOf('Hardmax', [built.input('image', ['N', 3, 8, 8])], new Map(), [
      'odd',
    ]);
    built.steering(
      built.node('Relu', [built.convolution(odd!, { from: 3, to: 2 }, { kernel: [3, 3] })]),
      72,
    );
    assert.throws(
      () =>
        compile(built.model([{ name: 'steering', type: 1, shape: ['N', 1] }]), [
          { id: 'visualbackprop' },
        ]),
      (error) =>
        error instanceof RoadgazeError &&
        error.code === 'MODEL_OPERATOR_UNSUPPORTED' &&
        error.message.includes('Hardmax'),
    );
  });
});

describe('a network that gives the place of its largest score', () => {
  const choosing = () => {
    const built = new Network({ seed: 9, name: 'choosing.onnx' });
    const features = built.node('Relu', [
      built.convolution(
        built.input('image', ['N', 3, 12, 14]),
        { from: 3, to: 4 },
        { kernel: [3, 3] },
      ),
    ]);
    const scores = built.node('Gemm', [built.node('Flatten', [features]), built.floats([480, 5])]);
    built.node('Cast', [built.node('ArgMax', [scores], { axis: 1 })], { to: 1 }, 'steering');
    return built.model(['steering']);
  };

  for (const { id } of convolutionalMethods.filter(
    ({ id }) => !['visualbackprop', 'eigencam', 'cam'].includes(id),
  )) {
    it(`is refused by ${id}, for which nothing passes the choice, by name`, () => {
      assert.throws(
        () => compile(choosing(), [{ id }]),
        (error) =>
          error instanceof RoadgazeError &&
          error.code === 'METHOD_UNSUITED' &&
          /ArgMax "ArgMax_\d+" in choosing\.onnx/.test(error.message),
      );
    });
  }

  for (const id of ['visualbackprop', 'eigencam'])
    it(`is shown by ${id}, which asks for no signal`, async () => {
      const { explanation } = await runNetwork(compile(choosing(), [{ id }]), { image });
      assert.ok(new Set(explanation!.data).size > 10);
    });
});
