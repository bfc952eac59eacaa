import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anySubject, compile } from '../../server/explain/compile.ts';
import type { Target } from '../../shared/explanations.ts';
import type { Model } from '../../server/onnx/graph.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';

const DIMS = { NCHW: [1, 2, 9, 10], NHWC: [1, 9, 10, 2] } as const;
const COUNT = 180;

/** A smooth network with two answers of different sign over pictures of 9×10 in two colours. */
function smooth(layout: 'NCHW' | 'NHWC'): Model {
  const network = new Network({ seed: 17 });
  const image = network.input('image', ['N', ...DIMS[layout].slice(1)]);
  const planes =
    layout === 'NCHW' ? image : network.node('Transpose', [image], { perm: [0, 3, 1, 2] });
  const first = network.node('Tanh', [
    network.convolution(planes, { from: 2, to: 4 }, { kernel: [3, 3], strides: [2, 2] }),
  ]);
  const second = network.node('Sigmoid', [
    network.convolution(first, { from: 4, to: 3 }, { kernel: [2, 2], pads: [1, 0, 0, 1] }),
  ]);
  const rows = network.node(
    'Gemm',
    [
      network.node('Flatten', [second]),
      network.floats([3 * 4 * 4, 2], -0.4, 0.4),
      network.floats([2], -0.3, 0.3),
    ],
    {},
    'answers',
  );
  return network.model([{ name: rows, type: DataType.float, shape: ['N', 2] }]);
}

/** ∂answers[index]/∂image by central differences of the network itself. */
async function differences(
  model: Model,
  image: ReturnType<typeof floats>,
  index: number,
): Promise<{ gradient: number[]; answer: number }> {
  const pixels = image.data as Float32Array;
  const step = 0.02;
  const moved = new Float32Array((2 * COUNT + 1) * COUNT);
  for (let row = 0; row <= 2 * COUNT; row++) moved.set(pixels, row * COUNT);
  for (let element = 0; element < COUNT; element++) {
    moved[2 * element * COUNT + element]! += step;
    moved[(2 * element + 1) * COUNT + element]! -= step;
  }
  const answers = (
    await runNetwork(model, { image: floats([2 * COUNT + 1, ...image.dims.slice(1)], moved) })
  )['answers']!.data;
  return {
    gradient: Array.from(
      { length: COUNT },
      (_, element) =>
        (answers[4 * element + index]! - answers[4 * element + 2 + index]!) / (2 * step),
    ),
    answer: answers[4 * COUNT + index]!,
  };
}

const of: Readonly<Record<string, (gradient: number, pixel: number) => number>> = {
  gradient: (gradient) => gradient,
  saliency: (gradient) => Math.abs(gradient),
  inputxgradient: (gradient, pixel) => gradient * pixel,
};
const signs: Readonly<Record<Target, (answer: number) => number>> = {
  '+': () => 1,
  '-': () => -1,
  abs: Math.sign,
};

for (const layout of ['NCHW', 'NHWC'] as const) {
  for (const [id, formula] of Object.entries(of)) {
    test(`${id} of a network that reads ${layout} is shaped like its input and equals differences of its answers, for every target`, async () => {
      const model = smooth(layout);
      const image = randomFloats(DIMS[layout], 9);
      for (const outputIndex of [0, 1]) {
        const { gradient, answer } = await differences(model, image, outputIndex);
        for (const target of ['+', '-', 'abs'] as const) {
          const { explanation } = await runNetwork(
            compile(model, [{ id }], { ...anySubject, outputIndex }, target),
            { image },
          );
          assert.deepEqual(explanation!.dims, [...DIMS[layout]]);
          const expected = gradient.map((value, element) =>
            formula(value * signs[target](answer), (image.data as Float32Array)[element]!),
          );
          const error = relativeError(explanation!.data, expected);
          assert.ok(
            error < 5e-3,
            `answer ${outputIndex}, target ${target}: it differs by ${error}`,
          );
        }
      }
    });
  }
}

test('the same network in both layouts gives the same maps, pixel by pixel', async () => {
  const picture = randomFloats(DIMS.NHWC, 3).data as Float32Array;
  const turned = Float32Array.from(
    { length: COUNT },
    (_, index) => picture[(index % 90) * 2 + Math.floor(index / 90)]!,
  );
  for (const id of [
    'gradient',
    'guidedbackprop',
    'lrp-epsilon',
    'lrp-epsilon-plus',
    'lrp-alpha2-beta1',
    'lrp-epsilon-gamma-box',
  ]) {
    const last = (
      await runNetwork(compile(smooth('NHWC'), [{ id }]), { image: floats(DIMS.NHWC, picture) })
    )['explanation']!.data;
    const first = (
      await runNetwork(compile(smooth('NCHW'), [{ id }]), { image: floats(DIMS.NCHW, turned) })
    )['explanation']!.data;
    assert.ok(
      relativeError(
        first,
        turned.map((_, index) => last[(index % 90) * 2 + Math.floor(index / 90)]!),
      ) < 1e-4,
      id,
    );
    assert.ok(Math.max(...first.map(Math.abs)) > 0, `${id}: the network of the test has no map`);
  }
});
