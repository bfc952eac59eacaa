import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { explainTensor } from '../../server/pipeline/explain-tensor.ts';
import { Network } from '../support/network.ts';
import { floats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { temporaryFolder } from '../support/paths.ts';
import { randomNumbers } from '../support/network.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

const wish = { provider: 'cpu', workers: 2 } as const;
const random = randomNumbers(12);
const picture = Float32Array.from({ length: 24 * 48 }, () => random());

test('compiled and iterative methods answer together, in the order asked for, with the network’s own number', async (t) => {
  const modelPath = writeSteeringNetwork(temporaryFolder(t));
  const methods = [
    { id: 'smoothgrad', options: { noise: 0, samples: 2 } },
    { id: 'gradient' },
    { id: 'occlusion' },
    { id: 'visualbackprop' },
  ];
  const progress = new Map<string, number[]>();
  const before = performance.now();
  const explained = await explainTensor({
    modelPath,
    methods,
    target: '+',
    picture,
    wish,
    onProgress: (done, total, id) => progress.set(id, [done, total]),
  });
  assert.deepEqual(
    explained.map(({ id }) => id),
    methods.map(({ id }) => id),
  );
  const elapsed = performance.now() - before;
  for (const { id, milliseconds } of explained)
    assert.ok(milliseconds > 0 && milliseconds <= elapsed, `${id}: ${milliseconds} of ${elapsed}`);
  const [smooth, gradient, , mask] = explained;
  assert.ok(relativeError(smooth!.values, gradient!.values) < 1e-5);
  assert.deepEqual(mask!.dims, [1, 1, 24, 48]);
  const own = (
    await runNetwork(readFileSync(modelPath), { image: floats([1, 1, 24, 48], picture) })
  )['steering']!.data[0]!;
  for (const { steering } of explained) assert.ok(Math.abs(steering - own) < 1e-5 * Math.abs(own));
  assert.deepEqual([...progress.keys()].sort(), ['occlusion', 'smoothgrad']);
  assert.deepEqual(progress.get('smoothgrad'), [2, 2]);
});

test('the target turns maps round; for its size they follow the output’s sign', async (t) => {
  const modelPath = writeSteeringNetwork(temporaryFolder(t));
  const methods = [{ id: 'occlusion' }, { id: 'integratedgradients' }];
  const [up, down, size] = await Promise.all(
    (['+', '-', 'abs'] as const).map((target) =>
      explainTensor({ modelPath, methods, target, picture, wish }),
    ),
  );
  const turned = (values: Float32Array) => values.map((value) => -value);
  assert.ok(up![0]!.values.some((value) => value !== 0));
  methods.forEach((_, index) =>
    assert.ok(relativeError(down![index]!.values, turned(up![index]!.values)) < 1e-5),
  );
  // Occlusion measures; no step of it crosses zero in this network.
  assert.ok(
    relativeError(
      size![0]!.values,
      up![0]!.steering < 0 ? turned(up![0]!.values) : up![0]!.values,
    ) < 1e-5,
  );
});

test('a network with a fixed batch of one, and one that sees bytes, are explained alike', async (t) => {
  const [free, fixed] = ['N', 1].map((batch) =>
    writeSteeringNetwork(temporaryFolder(t), { batch }),
  );
  const explain = (modelPath: string) =>
    explainTensor({
      modelPath,
      methods: [{ id: 'occlusion' }, { id: 'integratedgradients', options: { steps: 8 } }],
      target: '+',
      picture,
      wish,
    });
  const [a, b] = await Promise.all([explain(free!), explain(fixed!)]);
  a.forEach(({ values }, index) => assert.ok(relativeError(b[index]!.values, values) < 1e-5));

  const network = new Network({ seed: 3, name: 'bytes.onnx' });
  const seen = network.node('Cast', [network.input('image', ['N', 1, 24, 48], 2)], { to: 1 });
  network.steering(
    network.node('Relu', [network.convolution(seen, { from: 1, to: 2 }, { kernel: [3, 3] })]),
    2 * 22 * 46,
  );
  const path = join(temporaryFolder(t), 'bytes.onnx');
  writeFileSync(path, network.bytes([{ name: 'steering', type: 1, shape: ['N', 1] }]));
  const bytes = picture.map((value) => Math.round(255 * value));
  const [occlusion] = await explainTensor({
    modelPath: path,
    methods: [{ id: 'occlusion' }],
    target: '+',
    picture: bytes,
    wish,
  });
  assert.ok(occlusion!.values.some((value) => value !== 0));
});

test('a dead network gives zeros and says so', async (t) => {
  const network = new Network({ name: 'dead.onnx' });
  const image = network.input('image', ['N', 1, 24, 48]);
  const below = network.node('Relu', [
    network.node('Sub', [
      network.node('Relu', [network.convolution(image, { from: 1, to: 2 }, { kernel: [3, 3] })]),
      network.floats([1], 1e6, 1e6),
    ]),
  ]);
  network.steering(below, 2 * 22 * 46);
  const path = join(temporaryFolder(t), 'dead.onnx');
  writeFileSync(path, network.bytes([{ name: 'steering', type: 1, shape: ['N', 1] }]));
  const ids = [
    'gradient',
    'integratedgradients',
    'smoothgrad',
    'occlusion',
    'lime',
    'rise',
    'ascent',
    'segmentation',
  ];
  const methods = ids.map((id) => ({
    id,
    options: { ascent: { steps: 3 }, lime: { samples: 20 }, rise: { masks: 20 } }[id] ?? {},
  }));
  for (const { id, values, note } of await explainTensor({
    modelPath: path,
    methods,
    target: '+',
    picture,
    wish,
  })) {
    assert.ok(
      values.every((value) => value === 0),
      id,
    );
    assert.match(note!, /zero/i, id);
  }
});

for (const id of ['occlusion', 'lime', 'rise', 'integratedgradients', 'smoothgrad', 'ascent']) {
  test(`${id} can be stopped in the middle, and ends with the reason given`, async (t) => {
    const abort = new AbortController();
    const reason = new Error('seen enough');
    let passes = 0;
    const running = explainTensor({
      modelPath: writeSteeringNetwork(temporaryFolder(t)),
      methods: [{ id }],
      target: '+',
      picture,
      wish,
      signal: abort.signal,
      onProgress: () => {
        if (++passes === 3) abort.abort(reason);
      },
    });
    await assert.rejects(running, reason);
    assert.equal(passes, 3);
  });
}

test('unknown methods and options are refused before anything runs', async (t) => {
  const modelPath = writeSteeringNetwork(temporaryFolder(t));
  const explain = (methods: readonly { id: string; options?: Record<string, string> }[]) =>
    explainTensor({ modelPath, methods, target: '+', picture, wish });
  await assert.rejects(explain([{ id: 'magic' }]), { code: 'METHOD_UNKNOWN', hint: /occlusion/ });
  await assert.rejects(explain([{ id: 'lime' }, { id: 'lime' }]), {
    code: 'METHOD_UNKNOWN',
    message: /twice/,
  });
  await assert.rejects(explain([{ id: 'lime', options: { sample: '3' } }]), {
    code: 'METHOD_OPTION_INVALID',
    hint: /samples/,
  });
  await assert.rejects(explain([{ id: 'integratedgradients', options: { baseline: 'white' } }]), {
    code: 'METHOD_OPTION_INVALID',
    hint: /zero, low, mean, blur/,
  });
});
