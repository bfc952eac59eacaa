import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import type { Dimension } from '../../server/onnx/graph.ts';
import { graphOnFloats } from '../../server/pipeline/passes-graph.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';

const PICTURE = [1, 10, 12] as const;

/** A network that needs `extra` beside its picture, of which the first axis may be the batch. */
function writeNetwork(
  folder: string,
  extra: { readonly shape: readonly Dimension[]; readonly type: number },
  sidecar: unknown,
  opset = 13,
): string {
  const network = new Network({ name: 'fed.onnx', opset });
  const picture = network.input('picture', ['N', ...PICTURE]);
  network.input('extra', extra.shape, extra.type);
  const value =
    extra.type === DataType.float
      ? 'extra'
      : network.node('Cast', ['extra'], { to: DataType.float });
  const features = network.node('Flatten', [
    network.node('Relu', [network.convolution(picture, { from: 1, to: 3 }, { kernel: [3, 3] })]),
  ]);
  const width = 3 * 8 * 10;
  if (extra.shape.length === 2) {
    const row = extra.shape[1] as number;
    network.node(
      'Gemm',
      [
        network.node('Concat', [features, value], { axis: 1 }),
        network.floats([width + row, 1]),
        network.floats([1]),
      ],
      {},
      'steering',
    );
  } else {
    const gate =
      extra.shape.length === 1 && typeof extra.shape[0] === 'string'
        ? network.node('Reshape', [value, network.ints(-1, 1)])
        : value;
    network.steering(network.node('Mul', [features, gate]), width);
  }
  const path = join(folder, 'fed.onnx');
  writeFileSync(path, network.bytes([{ name: 'steering', type: 1, shape: ['N', 1] }]));
  writeFileSync(join(folder, 'fed.json'), JSON.stringify(sidecar));
  return path;
}

const feeding = (constant: unknown) => ({
  roadgaze: 2,
  kind: 'steering',
  inputs: { extra: { constant } },
});

const forms: readonly (readonly [
  what: string,
  extra: { readonly shape: readonly Dimension[]; readonly type: number },
  constant: unknown,
  byHand: (batch: number) => ort.Tensor,
])[] = [
  ['a number', { shape: [], type: DataType.float }, 0.75, () => floats([], [0.75])],
  ['a list of one number', { shape: [1], type: DataType.float }, [0.75], () => floats([1], [0.75])],
  [
    'a number for each picture',
    { shape: ['batch', 1], type: DataType.float },
    0.75,
    (batch) => floats([batch, 1], Array<number>(batch).fill(0.75)),
  ],
  [
    'a row for each picture, nested',
    { shape: ['unk__7', 4], type: DataType.float },
    [[0, 0, 1, 0.5]],
    (batch) => floats([batch, 4], Array.from({ length: batch }, () => [0, 0, 1, 0.5]).flat()),
  ],
  [
    'a whole number for each picture',
    { shape: ['N'], type: DataType.int64 },
    3,
    (batch) =>
      new ort.Tensor(
        'int64',
        BigInt64Array.from({ length: batch }, () => 3n),
        [batch],
      ),
  ],
  [
    'whole numbers of 32 bits',
    { shape: ['N', 2], type: DataType.int32 },
    [3, -2],
    (batch) =>
      new ort.Tensor(
        'int32',
        Int32Array.from({ length: 2 * batch }, (_, i) => [3, -2][i % 2]!),
        [batch, 2],
      ),
  ],
  [
    'a truth value',
    { shape: [], type: DataType.bool },
    true,
    () => new ort.Tensor('bool', Uint8Array.of(1), []),
  ],
  [
    'a float16 row for each picture',
    { shape: ['N', 2], type: DataType.float16 },
    [0.5, -2],
    (batch) =>
      new ort.Tensor(
        'float16',
        Uint16Array.from({ length: 2 * batch }, (_, i) => [0x3800, 0xc000][i % 2]!) as never,
        [batch, 2],
      ),
  ],
];

for (const [what, extra, constant, byHand] of forms) {
  test(`an input that the sidecar holds constant is part of the compiled network, which answers as the original fed by hand: ${what}`, async (t) => {
    const path = writeNetwork(temporaryFolder(t), extra, feeding(constant));
    const network = await loadNetwork(path, 'steering');
    const methods = [{ id: 'gradient' }, { id: 'visualbackprop' }, { id: 'lrp-epsilon-plus' }];
    const explained = compile(network.model, methods, subjectOf(network.sidecar));
    assert.deepEqual(
      explained.inputs.map(({ name }) => name),
      ['picture'],
    );
    const picture = randomFloats([3, ...PICTURE]);
    const [original, compiled, onFloats] = await Promise.all([
      runNetwork(readFileSync(path), { picture, extra: byHand(3) }),
      runNetwork(explained, { picture }),
      runNetwork(graphOnFloats(network, [], '+').model, { picture }),
    ]);
    assert.deepEqual(compiled['steering']!.dims, [3, 1]);
    assert.ok(relativeError(compiled['steering']!.data, original['steering']!.data) < 1e-6);
    assert.ok(
      relativeError(onFloats['roadgaze/steering']!.data, original['steering']!.data) < 1e-6,
    );
    assert.ok(
      compiled['explanation_gradient']!.data.some((value) => value !== 0),
      'the picture matters',
    );
    // Of the original by differences, along the gradient itself.
    const step = 1e-2;
    const gradient = compiled['explanation_gradient']!.data.slice(0, 120);
    const size = Math.hypot(...gradient);
    const moved = (sign: number) =>
      floats(
        [1, ...PICTURE],
        gradient.map((value, i) => Number(picture.data[i]) + (sign * step * value) / size),
      );
    const [up, down] = await Promise.all(
      [1, -1].map(
        async (sign) =>
          (await runNetwork(readFileSync(path), { picture: moved(sign), extra: byHand(1) }))[
            'steering'
          ]!.data[0]!,
      ),
    );
    assert.ok(Math.abs((up! - down!) / (2 * step) / size - 1) < 2e-2, `${up} ${down} ${size}`);
  });
}

const wrong: readonly (readonly [string, unknown, RegExp])[] = [
  ['an input that is not there', { exta: { constant: 1 } }, /feeds an input "exta".*"extra"/],
  [
    'too many numbers',
    { extra: { constant: [1, 2, 3] } },
    /3 numbers to "extra" \[N, 2\].*takes 2/,
  ],
  ['a fraction where whole numbers go', { extra: { constant: 0.5 } }, /0\.5 to "extra".*whole/],
  [
    'an entry of no kind',
    { extra: { konstant: 1 } },
    /wrong "inputs\.extra": it must have "picture"/,
  ],
  [
    'a field beside the constant',
    { extra: { constant: 1, unit: 'm' } },
    /unknown field "inputs\.extra\.unit"/,
  ],
  ['text', { extra: { constant: 'one' } }, /wrong "inputs\.extra\.constant"/],
];

for (const [what, inputs, sentence] of wrong) {
  test(`a sidecar that feeds inputs wrongly is refused by the field: ${what}`, async (t) => {
    const path = writeNetwork(
      temporaryFolder(t),
      { shape: ['N', 2], type: DataType.int64 },
      { roadgaze: 2, kind: 'steering', inputs },
    );
    await assert.rejects(loadNetwork(path, 'steering'), {
      code: 'SIDECAR_INVALID',
      message: sentence,
    });
  });
}

test('an input that nothing feeds is named, with its shape and the field to write', async (t) => {
  const path = writeNetwork(
    temporaryFolder(t),
    { shape: ['N', 4], type: DataType.float },
    { roadgaze: 1, kind: 'steering' },
  );
  const network = await loadNetwork(path, 'steering');
  assert.throws(() => graphOnFloats(network, [], '+'), {
    code: 'MODEL_INPUT_UNCLEAR',
    message: /"extra" \[N, 4\] beside its picture "picture"/,
    hint: /"roadgaze": 2 and "inputs": \{ "extra": \{ "constant": 0 \} \}/,
  });
});

test(
  'keep_prob, one-hot command and IMU of the networks that people have can be held constant',
  { skip: sharedFolder ? false : '../shared is not here' },
  async (t) => {
    const cases = [
      ['trouble/onnx/keep_prob', 'x', { keep_prob: 1 }, [2, 66, 200, 3]],
      ['networks/dk_imu', 'img_in', { imu_in: [0, 0.1, 0.2, -1, 0, 1] }, [2, 120, 160, 3]],
      ['networks/desire', 'road_image', { desire: [0, 1, 0] }, [2, 3, 64, 96]],
      ['networks/cil_onehot', 'image', { speed: 0.3, command: [0, 0, 1, 0] }, [2, 3, 64, 96]],
    ] as const;
    for (const [file, name, constants, dims] of cases) {
      const bytes = readFileSync(join(sharedFolder!, 'real', `${file}.onnx`));
      const folder = temporaryFolder(t);
      writeFileSync(join(folder, 'net.onnx'), bytes);
      const inputs = Object.fromEntries(
        Object.entries(constants).map(([input, constant]) => [input, { constant }]),
      );
      writeFileSync(
        join(folder, 'net.json'),
        JSON.stringify({ roadgaze: 2, kind: 'steering', inputs }),
      );
      const network = await loadNetwork(join(folder, 'net.onnx'), 'steering');
      const explained = compile(
        network.model,
        [{ id: 'gradient' }, { id: 'visualbackprop' }],
        subjectOf(network.sidecar),
      );
      const picture = randomFloats(dims);
      const feeds = Object.fromEntries(
        Object.entries(constants).map(([input, constant]) => [
          input,
          input === 'keep_prob'
            ? floats([], [Number(constant)])
            : floats([2, [constant].flat().length], [constant, constant].flat()),
        ]),
      );
      const original = await runNetwork(bytes, { [name]: picture, ...feeds });
      const compiled = await runNetwork(explained, { [name]: picture });
      for (const [output, { data }] of Object.entries(original))
        assert.ok(relativeError(compiled[output]!.data, data) < 1e-6, `${file} ${output}`);
      assert.ok(
        compiled['explanation_gradient']!.data.some((value) => value !== 0),
        file,
      );
    }
  },
);
