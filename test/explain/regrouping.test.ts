import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anySubject, compile } from '../../server/explain/compile.ts';
import { floatTensor } from '../../server/onnx/tensor.ts';
import { Network } from '../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';

type Build = (network: Network, value: string) => string;

const ones = (count: number, value = 1) =>
  floatTensor([count], new Float32Array(count).fill(value));
/** Scale and shift of every channel, as they stand behind a GroupNorm. */
const scale = [0.7, 1.2, 0.9, 1.4];
const shift = [0.1, -0.2, 0.3, 0.05];

const groupNorm: Record<'operator' | 'written out', Build> = {
  operator: (network, value) =>
    network.node(
      'GroupNormalization',
      [value, network.constant(floatTensor([4], scale)), network.constant(floatTensor([4], shift))],
      { num_groups: 2 },
    ),
  'written out': (network, value) => {
    const rows = network.node('Reshape', [value, network.ints(0, 2, -1)]);
    const normal = network.node('InstanceNormalization', [
      rows,
      network.constant(ones(2)),
      network.constant(ones(2, 0)),
    ]);
    const back = network.node('Reshape', [normal, network.node('Shape', [value])]);
    return network.node('Add', [
      network.node('Mul', [back, network.constant(floatTensor([4, 1, 1], scale))]),
      network.constant(floatTensor([4, 1, 1], shift)),
    ]);
  },
};

const shuffle: Record<'operator' | 'written out', Build> = {
  operator: (network, value) =>
    network.node('Gather', [value, network.ints(0, 2, 1, 3)], { axis: 1 }),
  'written out': (network, value) => {
    const size = network.node('Shape', [value]);
    const at = (axis: number) =>
      network.node('Slice', [size, network.ints(axis), network.ints(axis + 1), network.ints(0)]);
    const groups = network.node('Concat', [at(0), network.ints(2, 2), at(2), at(3)], { axis: 0 });
    const turned = network.node('Transpose', [network.node('Reshape', [value, groups])], {
      perm: [0, 2, 1, 3, 4],
    });
    return network.node('Reshape', [
      turned,
      network.node('Concat', [at(0), network.ints(-1), at(2), at(3)], { axis: 0 }),
    ]);
  },
};

const unshuffle: Record<'operator' | 'written out', Build> = {
  operator: (network, value) =>
    network.node(
      'Gather',
      [
        network.node('SpaceToDepth', [value], { blocksize: 2 }),
        network.ints(...[0, 1, 2, 3].flatMap((c) => [c, 4 + c, 8 + c, 12 + c])),
      ],
      { axis: 1 },
    ),
  'written out': (network, value) =>
    network.node('Reshape', [
      network.node(
        'Transpose',
        [network.node('Reshape', [value, network.ints(0, 4, 6, 2, 8, 2)])],
        { perm: [0, 1, 3, 5, 2, 4] },
      ),
      network.ints(0, 16, 6, 8),
    ]),
};

const focus: Record<'operator' | 'written out', Build> = {
  operator: (network, value) => network.node('SpaceToDepth', [value], { blocksize: 2 }),
  'written out': (network, value) => {
    const every = (axis: number, start: number, from: string) =>
      network.node('Slice', [
        from,
        network.ints(start),
        network.ints(2 ** 40),
        network.ints(axis),
        network.ints(2),
      ]);
    return network.node(
      'Concat',
      [0, 1].flatMap((down) => [0, 1].map((across) => every(3, across, every(2, down, value)))),
      { axis: 1 },
    );
  },
};

/** Convolution → what is regrouped → Relu → convolution, or the same in a residual block. */
function network(build: Build, channels: number, residual: boolean) {
  const built = new Network({ opset: 21, seed: 6 });
  const image = built.input('image', ['N', 3, 13, 17]);
  const layer = (value: string, from: number, to: number, pads: [number, number, number, number]) =>
    built.convolution(value, { from, to }, { kernel: [3, 3], pads });
  const first = built.node('Relu', [layer(image, 3, 4, [1, 1, 0, 0])]);
  const inner = built.node('Relu', [build(built, layer(first, 4, 4, [1, 1, 1, 1]))]);
  const value = residual
    ? built.node('Relu', [built.node('Add', [inner, first])])
    : built.node('Relu', [layer(inner, channels, 5, [0, 0, 0, 0])]);
  const pooled = built.node('GlobalAveragePool', [value]);
  built.steering(pooled, residual ? 4 : 5);
  return built.model(['steering']);
}

const image = randomFloats([2, 3, 13, 17]);
const maskOf = async (model: ReturnType<typeof network>, id: string) =>
  (await runNetwork(compile(model, [{ id }], anySubject, 'abs'), { image }))['explanation']!.data;

describe('what regroups channels and keeps places is followed through', () => {
  const forms = [
    ['GroupNorm as PyTorch writes it', groupNorm, 4, [false, true]],
    ['a channel shuffle', shuffle, 4, [false, true]],
    ['a pixel unshuffle', unshuffle, 16, [false]],
    ['strided slices side by side', focus, 16, [false]],
  ] as const;
  for (const [title, form, channels, blocks] of forms)
    for (const residual of blocks)
      for (const id of ['visualbackprop', 'gradcam'])
        it(`${title}${residual ? ' in a residual block' : ''}: ${id} is that of the one operator`, async () => {
          const [whole, written] = [
            network(form.operator, channels, residual),
            network(form['written out'], channels, residual),
          ];
          const steering = async (model: typeof whole) =>
            (await runNetwork(model, { image }))['steering']!.data;
          assert.ok(relativeError(await steering(written), await steering(whole)) < 1e-5);
          const expected = await maskOf(whole, id);
          assert.ok(new Set(expected).size > 10);
          assert.ok(relativeError(await maskOf(written, id), expected) < 1e-4);
        });

  it('but what moves places is not', () => {
    const moved: Build = (built, value) =>
      built.node('Reshape', [
        built.node('Transpose', [built.node('Reshape', [value, built.ints(0, 4, 192)])], {
          perm: [0, 2, 1],
        }),
        built.ints(0, 4, 12, 16),
      ]);
    assert.throws(
      () => compile(network(moved, 4, false), [{ id: 'visualbackprop' }]),
      /mixes positions of the picture/,
    );
  });
});
