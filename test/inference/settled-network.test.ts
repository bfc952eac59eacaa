import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { settled } from '../../server/inference/settled-network.ts';
import { attributes } from '../../server/onnx/attributes.ts';
import type { Model } from '../../server/onnx/graph.ts';
import { DataType, floatTensor } from '../../server/onnx/tensor.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';

const PIXELS = 2 * 8 * 9;
const sidecar = { roadgaze: 1, kind: 'steering' } as const;

/**
 * A convolution and a dense layer; `head` makes the answer "steering" of features [N,4,6,7] or of 5
 * dense numbers [N,5].
 */
function network(
  batch: number | string,
  opset: number,
  head: (network: Network, features: string, dense: string) => void,
): Model {
  const made = new Network({ seed: 8, opset });
  const image = made.input('picture', [batch, 2, 8, 9]);
  const features = made.node('Relu', [
    made.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3] }),
  ]);
  head(
    made,
    features,
    made.node('Gemm', [made.node('Flatten', [features]), made.floats([168, 5]), made.floats([5])]),
  );
  return made.model([{ name: 'steering', type: DataType.float, shape: null }]);
}

function training(made: Network, value: string, statistics: number): string {
  const parameters = [
    made.floats([4], 0.5, 1.5),
    made.floats([4]),
    made.floats([4]),
    made.floats([4], 0.5, 2),
  ];
  const outputs = [
    'normal',
    ...Array.from({ length: statistics }, (_, index) => `statistic${index}`),
  ];
  const plain =
    made.opset >= 14
      ? { training_mode: 1, epsilon: { float: 1e-3 } }
      : { epsilon: { float: 1e-3 } };
  return made.nodeOf('BatchNormalization', [value, ...parameters], attributes(plain), outputs)[0]!;
}

const inTraining = (opset: number, statistics: number) =>
  network(
    'N',
    opset,
    (made, features) => void made.steering(training(made, features, statistics), 168),
  );

for (const [opset, statistics] of [
  [15, 2],
  [9, 4],
] as const) {
  test(`BatchNormalization in training mode answers each picture of a batch as ONNX Runtime answers it alone: operator set ${opset}`, async () => {
    const model = inTraining(opset, statistics);
    const { model: found, notes } = settled(model, sidecar);
    assert.match(notes[0]!, /BatchNormalization .*training mode.*model\.eval\(\)/);
    const pictures = randomFloats([3, 2, 8, 9]);
    const alone = await Promise.all(
      [0, 1, 2].map((at) =>
        runNetwork(model, {
          picture: floats(
            [1, 2, 8, 9],
            (pictures.data as Float32Array).subarray(at * PIXELS, (at + 1) * PIXELS),
          ),
        }),
      ),
    );
    const together = await runNetwork(found, { picture: pictures });
    assert.ok(
      relativeError(
        together['steering']!.data,
        alone.flatMap((each) => [...each['steering']!.data]),
      ) < 1e-4,
    );
    const mixed = await runNetwork(model, { picture: pictures });
    assert.ok(
      relativeError(mixed['steering']!.data, together['steering']!.data) > 1e-3,
      'the network itself depends on the batch',
    );
  });
}

test('BatchNormalization in training mode behind a dense layer is refused, because nothing is left of one picture', () => {
  const model = network('N', 15, (made, _features, dense) => {
    const parameters = [
      made.floats([5]),
      made.floats([5]),
      made.floats([5]),
      made.floats([5], 0.5, 2),
    ];
    const [normal] = made.nodeOf(
      'BatchNormalization',
      [dense, ...parameters],
      attributes({ training_mode: 1 }),
      ['normal', 'mean', 'variance'],
    );
    made.node('Identity', [normal!], {}, 'steering');
  });
  assert.throws(
    () => settled(model, sidecar),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'MODEL_OPERATOR_UNSUPPORTED' &&
      /training mode/.test(error.message) &&
      /model\.eval/.test(error.hint),
  );
});

test('Dropout in training mode drops nothing, and a note says so', async () => {
  const dropping = (isTraining: boolean, ratio = 0.5) =>
    network('N', 13, (made, features) => {
      const mode = made.constant({
        type: DataType.bool,
        dims: [],
        data: Uint8Array.of(isTraining ? 1 : 0),
      });
      made.steering(
        made.node('Dropout', [features, made.constant(floatTensor([], [ratio])), mode]),
        168,
      );
    });
  const { model, notes } = settled(dropping(true), sidecar);
  assert.match(notes[0]!, /Dropout .*training mode/);
  assert.deepEqual(settled(dropping(false), sidecar).notes, []);
  assert.deepEqual(
    settled(dropping(true, 0), sidecar).notes,
    [],
    'nothing was dropped before either',
  );
  const feeds = { picture: randomFloats([1, 2, 8, 9]) };
  assert.deepEqual(
    (await runNetwork(model, feeds))['steering']!.data,
    (await runNetwork(dropping(false), feeds))['steering']!.data,
  );
});

for (const op of ['RandomNormalLike', 'RandomUniformLike', 'Bernoulli']) {
  test(`a network that draws random numbers is refused: ${op}`, () => {
    const model = network(
      'N',
      15,
      (made, _features, dense) =>
        void made.node('Add', [dense, made.node(op, [dense])], {}, 'steering'),
    );
    assert.throws(
      () => settled(model, sidecar),
      (error) => error instanceof RoadgazeError && /draws random numbers/.test(error.message),
    );
    const beside = network('N', 15, (made, _features, dense) => {
      made.node(op, [dense], {}, 'noise');
      made.node('Identity', [dense], {}, 'steering');
    });
    assert.doesNotThrow(
      () => settled(beside, sidecar),
      'beside the way to the answer it does not matter',
    );
  });
}

type Head = Parameters<typeof network>[2];
const dense =
  (end: (made: Network, dense: string) => void): Head =>
  (made, _features, numbers) =>
    end(made, numbers);

const mixing: Readonly<Record<string, Head>> = {
  'a mean over the batch': dense(
    (made, numbers) =>
      void made.node(
        'Sub',
        [numbers, made.node('ReduceMean', [numbers], { axes: [0] })],
        {},
        'steering',
      ),
  ),
  'a mean over everything': dense(
    (made, numbers) =>
      void made.node(
        'Sub',
        [numbers, made.node('ReduceMean', [numbers], { keepdims: 0 })],
        {},
        'steering',
      ),
  ),
  'a softmax over the batch': dense(
    (made, numbers) => void made.node('Softmax', [numbers], { axis: 0 }, 'steering'),
  ),
  'the first picture of the batch': dense(
    (made, numbers) =>
      void made.node(
        'Sub',
        [numbers, made.node('Gather', [numbers, made.ints(0)], { axis: 0 })],
        {},
        'steering',
      ),
  ),
  'products between pictures': dense(
    (made, numbers) =>
      void made.node(
        'MatMul',
        [
          made.node('MatMul', [numbers, made.node('Transpose', [numbers], { perm: [1, 0] })]),
          numbers,
        ],
        {},
        'steering',
      ),
  ),
  'another order of axes without a transposition': dense(
    (made, numbers) =>
      void made.node(
        'Transpose',
        [made.node('Reshape', [numbers, made.ints(5, -1)])],
        { perm: [1, 0] },
        'steering',
      ),
  ),
  'an answer that is one row for the whole batch': dense(
    (made, numbers) => void made.node('Reshape', [numbers, made.ints(1, -1)], {}, 'steering'),
  ),
  'pictures normalised over the batch as an axis of the plane': (made, features) => {
    const turned = made.node('InstanceNormalization', [
      made.node('Transpose', [features], { perm: [2, 1, 0, 3] }),
      made.floats([4]),
      made.floats([4]),
    ]);
    made.steering(made.node('Transpose', [turned], { perm: [2, 1, 0, 3] }), 168);
  },
};

for (const [name, head] of Object.entries(mixing)) {
  test(`one picture at a time goes into a network with ${name}`, () => {
    const { model, notes } = settled(network('N', 13, head), sidecar);
    assert.equal(model.inputs[0]!.shape![0], 1);
    assert.match(notes.join(' '), /one picture at a time/);
    assert.equal(
      settled(network(4, 13, head), sidecar).alone,
      true,
      'also where the batch is fixed',
    );
  });
}

test('a Squeeze that names no axes leaves out a batch of one: such a network gets one picture at a time, and is explained', async () => {
  const model = network('N', 13, (made, features) => {
    const rows = made.node('Flatten', [made.node('Squeeze', [features])]);
    made.steering(made.node('Reshape', [rows, made.ints(1, 168)]), 168);
  });
  const { model: found, notes } = settled(model, sidecar);
  assert.deepEqual(notes, ['test.onnx works out for one picture at a time only, and so it runs.']);
  const feeds = { picture: randomFloats([1, 2, 8, 9]) };
  const outputs = await runNetwork(compile(found, [{ id: 'gradient' }]), feeds);
  assert.deepEqual(outputs['steering']!.data, (await runNetwork(model, feeds))['steering']!.data);
  assert.deepEqual(outputs['explanation']!.dims, [1, 2, 8, 9]);
  assert.ok(outputs['explanation']!.data.some((value) => value !== 0));
});

const apart: Readonly<Record<string, Head>> = {
  'a dense layer': (made, features) => void made.steering(features, 168),
  'a softmax over its numbers': dense(
    (made, numbers) => void made.node('Softmax', [numbers], { axis: -1 }, 'steering'),
  ),
  InstanceNormalization: (made, features) =>
    void made.steering(
      made.node('InstanceNormalization', [features, made.floats([4]), made.floats([4])]),
      168,
    ),
  'GroupNorm in PyTorch’s layout': (made, features) => {
    const grouped = made.node('InstanceNormalization', [
      made.node('Reshape', [features, made.ints(0, 2, -1)]),
      made.floats([2]),
      made.floats([2]),
    ]);
    made.steering(made.node('Reshape', [grouped, made.ints(-1, 4, 6, 7)]), 168);
  },
  'attention over positions, the batch in the middle': (made, features) => {
    const rows = made.node('Transpose', [made.node('Reshape', [features, made.ints(0, 4, 42)])], {
      perm: [2, 0, 1],
    });
    const heads = made.node('Transpose', [made.node('Reshape', [rows, made.ints(42, -1, 2)])], {
      perm: [1, 0, 2],
    });
    const weights = made.node(
      'Softmax',
      [made.node('MatMul', [heads, made.node('Transpose', [heads], { perm: [0, 2, 1] })])],
      { axis: -1 },
    );
    const back = made.node('Reshape', [
      made.node('Transpose', [made.node('MatMul', [weights, heads])], { perm: [1, 0, 2] }),
      made.ints(42, -1, 4),
    ]);
    made.steering(made.node('Transpose', [back], { perm: [1, 2, 0] }), 168);
  },
};

for (const [name, head] of Object.entries(apart)) {
  test(`batches go into a network with ${name}`, () => {
    const original = network('N', 13, head);
    assert.deepEqual(settled(original, sidecar), { model: original, alone: false, notes: [] });
    if (!name.includes('attention'))
      assert.equal(
        settled(network(4, 13, head), sidecar).alone,
        false,
        'also where the batch is fixed',
      );
  });
}
