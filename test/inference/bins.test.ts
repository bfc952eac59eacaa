import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { numberName, numberPlace } from '../../shared/explained-number.ts';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { withoutBins } from '../../server/inference/bins.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { DataType, floatTensor } from '../../server/onnx/tensor.ts';
import { explainTensor } from '../../server/pipeline/explain-tensor.ts';
import { graphOnFloats } from '../../server/pipeline/passes-graph.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';

const BINS = 15;
const PIXELS = 20;
/** As Donkeycar reads its categorical network: 15 bins over −1…1. */
const centre = (bin: number) => (bin * 2) / 14 - 1;

/**
 * A network whose score of bin k is 2 k m − k² for a picture of mean m: the bin nearest to the mean
 * wins.
 */
function nearest(opset: number): { network: Network; scores: string } {
  const network = new Network({ opset, name: 'bins.onnx' });
  const picture = network.input('picture', ['N', 1, 4, 5]);
  const one = network.constant(floatTensor([1, 1, 1, 1], [1]));
  const seen = network.node('Relu', [
    network.node('Conv', [picture, one], { kernel_shape: [1, 1] }),
  ]);
  const mean = network.node('Flatten', [network.node('GlobalAveragePool', [seen])]);
  const bins = Array.from({ length: BINS }, (_, bin) => bin);
  const scores = network.node('Gemm', [
    mean,
    network.constant(
      floatTensor(
        [1, BINS],
        bins.map((bin) => 2 * bin),
      ),
    ),
    network.constant(
      floatTensor(
        [BINS],
        bins.map((bin) => -bin * bin),
      ),
    ),
  ]);
  return { network, scores };
}

const heads: Readonly<Record<string, (network: Network, scores: string) => void>> = {
  softmax: (network, scores) => void network.node('Softmax', [scores], { axis: 1 }, 'y'),
  logSoftmax: (network, scores) => void network.node('LogSoftmax', [scores], { axis: 1 }, 'y'),
  scores: (network, scores) => void network.node('Identity', [scores], {}, 'y'),
  reshaped: (network, scores) =>
    void network.node(
      'Reshape',
      [network.node('Softmax', [scores], { axis: 1 }), network.ints(-1, 1, BINS)],
      {},
      'y',
    ),
};

async function load(t: TestContext, network: Network | string, output: unknown) {
  const path = join(temporaryFolder(t), 'net.onnx');
  if (typeof network === 'string') copyFileSync(network, path);
  else writeFileSync(path, network.bytes(['y']));
  writeFileSync(
    path.replace('.onnx', '.json'),
    JSON.stringify({ roadgaze: 2, kind: 'steering', output }),
  );
  return { path, network: await loadNetwork(path, 'steering') };
}

const bins = (read: 'argmax' | 'expectation') => ({
  bins: { from: -1, to: 1, read },
  quantity: 'normalized',
  unit: '1',
  positive: 'right',
});

/** One picture for each bin, of which the bin's number is the mean, and its values are uneven. */
const pictures = floats(
  [BINS, 1, 4, 5],
  Array.from({ length: BINS * PIXELS }, (_, index) => {
    const bin = Math.floor(index / PIXELS);
    return bin + (index % 2 === 0 ? 0.3 : -0.3) * Math.min(1, bin);
  }),
);

for (const [head, append] of Object.entries(heads)) {
  for (const opset of [7, 13, 18]) {
    test(`the angle is the centre of the bin that wins, for each of 15, and its score is explained: ${head}, operator set ${opset}`, async (t) => {
      const { network, scores } = nearest(opset);
      append(network, scores);
      const { network: file } = await load(t, network, bins('argmax'));
      const outputs = await runNetwork(graphOnFloats(file, [{ id: 'gradient' }], '+').model, {
        picture: pictures,
      });
      const shown = outputs['roadgaze/steering']!.data;
      for (let bin = 0; bin < BINS; bin++)
        assert.ok(Math.abs(shown[bin]! - centre(bin)) < 1e-6, `${bin}: ${shown[bin]}`);
      const { number, unit, positive } = file.shown;
      assert.deepEqual([numberName(number), unit, positive], ['steering', '1', 'right']);
      assert.match(numberPlace(number), /the bin of output "y" that wins/);
      if (head === 'logSoftmax' || head === 'softmax' || head === 'scores') {
        const explained = outputs['roadgaze/explained']!.data;
        for (let bin = 0; bin < BINS; bin++)
          assert.ok(Math.abs(explained[bin]! - bin * bin) < 1e-3, `${bin}: ${explained[bin]}`);
      }
      const gradient = outputs['explanation']!.data;
      for (let bin = 1; bin < BINS; bin++)
        assert.ok(Math.abs(gradient[bin * PIXELS]! - (2 * bin) / PIXELS) < 1e-5, `${bin}`);
      const compiled = withoutBins(
        compile(file.model, [{ id: 'gradient' }], subjectOf(file.sidecar)),
      );
      assert.deepEqual(
        compiled.outputs.map(({ name }) => name),
        ['y', 'explanation'],
      );
      const [own, kept] = await Promise.all([
        runNetwork(network.model(['y']), { picture: pictures }),
        runNetwork(compiled, { picture: pictures }),
      ]);
      assert.deepEqual(kept['y'], own['y']);
      assert.deepEqual(kept['explanation']!.data, gradient);
    });

    test(`the mean over the bins is the angle, and is explained: ${head}, operator set ${opset}`, async (t) => {
      const { network, scores } = nearest(opset);
      append(network, scores);
      const { path, network: file } = await load(t, network, bins('expectation'));
      const picture = randomFloats([3, 1, 4, 5], 3, 2, 9);
      const outputs = await runNetwork(graphOnFloats(file, [{ id: 'gradient' }], '+').model, {
        picture,
      });
      const answers = async (values: typeof picture) => {
        const { data } = (await runNetwork(readFileSync(path), { picture: values }))['y']!;
        return [0, 1, 2].map((row) => {
          const own = Array.from(data.slice(row * BINS, (row + 1) * BINS));
          const weights = head === 'softmax' || head === 'reshaped' ? own : own.map(Math.exp);
          const all = weights.reduce((sum, value) => sum + value);
          return weights.reduce((sum, weight, bin) => sum + weight * centre(bin), 0) / all;
        });
      };
      const expected = await answers(picture);
      assert.ok(relativeError(outputs['roadgaze/steering']!.data, expected) < 1e-5);
      assert.deepEqual(outputs['roadgaze/explained'], outputs['roadgaze/steering']);
      // The mean moves as its picture's mean does: all pixels alike.
      const step = 0.01;
      const moved = (by: number) =>
        floats(
          [3, 1, 4, 5],
          Array.from(picture.data as Float32Array, (value) => value + by),
        );
      const [up, down] = [await answers(moved(step)), await answers(moved(-step))];
      const gradient = outputs['explanation']!.data;
      for (let row = 0; row < 3; row++) {
        const sum = gradient
          .slice(row * PIXELS, (row + 1) * PIXELS)
          .reduce((all, value) => all + value);
        assert.ok(Math.abs(sum - (up[row]! - down[row]!) / (2 * step)) < 1e-3, `${row}: ${sum}`);
      }
    });
  }
}

test('a method of many passes explains the score of the bin that wins, not the bin', async (t) => {
  const { network, scores } = nearest(13);
  heads['softmax']!(network, scores);
  const { path } = await load(t, network, bins('argmax'));
  const [found] = await explainTensor({
    modelPath: path,
    methods: [{ id: 'integratedgradients' }],
    target: '+',
    picture: Float32Array.from({ length: PIXELS }, () => 6.2),
    wish: { provider: 'cpu', workers: 1 },
  });
  assert.ok(Math.abs(found!.steering - centre(6)) < 1e-6);
  const sum = found!.values.reduce((all, value) => all + value);
  // From a black picture, whose best score is 0, to 2 · 6 · 6.2 − 36; 50 steps are 2 % coarse.
  const rise = 2 * 6 * 6.2 - 36;
  assert.ok(Math.abs(sum - rise) < 0.03 * rise, `${sum}`);
});

test('of several rows of bins, and of outputs of any shape, "element" chooses', async (t) => {
  const { network, scores } = nearest(13);
  const turned = network.node('Neg', [scores]);
  network.node(
    'Concat',
    [
      network.node('Reshape', [turned, network.ints(-1, 1, BINS)]),
      network.node('Reshape', [scores, network.ints(-1, 1, BINS)]),
    ],
    { axis: 1 },
    'y',
  );
  const { network: file } = await load(t, network, { ...bins('argmax'), element: [1] });
  const shown = async (of: typeof file) =>
    (await runNetwork(graphOnFloats(of, [], '+').model, { picture: pictures }))[
      'roadgaze/steering'
    ]!.data;
  assert.ok(
    relativeError(
      await shown(file),
      Array.from({ length: BINS }, (_, i) => centre(i)),
    ) < 1e-6,
  );
  for (const element of [[1, 3], [0, 1, 3], 18]) {
    const { network: one } = await load(t, network, { element });
    assert.equal(numberName(one.shown.number), 'steering');
    const expected = Array.from({ length: BINS }, (_, mean) => 2 * 3 * mean - 9);
    assert.ok(relativeError(await shown(one), expected) < 1e-5, `${element}`);
  }
  for (const element of [[2, 3], [1], [1, BINS], 2 * BINS]) {
    const { network: none } = await load(t, network, { element });
    assert.throws(() => none.shown, { code: 'MODEL_OUTPUT_UNCLEAR', message: /no element/ });
  }
  await assert.rejects(load(t, network, bins('argmax')), {
    code: 'SIDECAR_INVALID',
    message: /it has 2 rows of them/,
  });
  await assert.rejects(load(t, network, { ...bins('argmax'), element: [2] }), {
    code: 'SIDECAR_INVALID',
    message: /there is no row 2/,
  });
});

test('one number is no bins', async (t) => {
  const network = new Network({ name: 'one.onnx' });
  network.steering(network.input('picture', ['N', 1, 4, 5]), PIXELS, 'y');
  await assert.rejects(load(t, network, bins('expectation')), {
    code: 'SIDECAR_INVALID',
    message: /one number for each picture/,
  });
});

test(
  "the angle of a Donkeycar network is what Donkeycar's own reading of its bins gives",
  { skip: sharedFolder ? false : '../shared is not here' },
  async (t) => {
    const original = join(sharedFolder!, 'real/trouble/onnx/donkey-categorical.onnx');
    const picture = randomFloats([8, 120, 160, 3], 4, -1, 1);
    const { data } = (await runNetwork(readFileSync(original), { img_in: picture }))['angle_out']!;
    const rows = Array.from({ length: 8 }, (_, row) =>
      Array.from(data.slice(row * BINS, (row + 1) * BINS)),
    );
    const readings = {
      argmax: rows.map((row) => centre(row.indexOf(Math.max(...row)))),
      expectation: rows.map((row) => row.reduce((sum, value, bin) => sum + value * centre(bin), 0)),
    };
    for (const read of ['argmax', 'expectation'] as const) {
      const { network } = await load(t, original, { tensor: 'angle_out', ...bins(read) });
      const outputs = await runNetwork(
        graphOnFloats(network, [{ id: 'visualbackprop' }, { id: 'gradient' }], '+').model,
        { img_in: picture },
      );
      assert.ok(relativeError(outputs['roadgaze/steering']!.data, readings[read]) < 1e-5, read);
      assert.ok(outputs['explanation_gradient']!.data.some((value) => value !== 0));
    }
  },
);

test('a network that chooses the bin by itself shows the centre of it, and the scores that it chose by are explained', async (t) => {
  for (const isAngle of [false, true]) {
    const { network, scores } = nearest(13);
    const place = network.node(
      'Cast',
      [network.node('ArgMax', [scores], { axis: 1, keepdims: 0 })],
      { to: DataType.float },
    );
    const two = network.constant(floatTensor([], [2 / 14]));
    const one = network.constant(floatTensor([], [1]));
    if (isAngle) network.node('Sub', [network.node('Mul', [place, two]), one], {}, 'y');
    else network.node('Identity', [place], {}, 'y');
    const { network: file } = await load(t, network, bins('argmax'));
    const outputs = await runNetwork(graphOnFloats(file, [{ id: 'gradient' }], '+').model, {
      picture: pictures,
    });
    for (let bin = 0; bin < BINS; bin++) {
      assert.ok(Math.abs(outputs['roadgaze/steering']!.data[bin]! - centre(bin)) < 1e-6);
      assert.ok(Math.abs(outputs['roadgaze/explained']!.data[bin]! - bin * bin) < 1e-3);
      const slope = outputs['explanation']!.data[bin * PIXELS]!;
      assert.ok(bin === 0 || Math.abs(slope - (2 * bin) / PIXELS) < 1e-5);
    }
    if (isAngle)
      await assert.rejects(load(t, network, { bins: { from: -2, to: 2, read: 'argmax' } }), {
        code: 'SIDECAR_INVALID',
        message: /from -1\.000 to 1\.000 of its 15 bins by itself/,
      });
  }
});
