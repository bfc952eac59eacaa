import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../../server/explain/compile.ts';
import type { PlainAttribute } from '../../../server/onnx/attributes.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { inferShapes } from '../../../server/onnx/infer-shapes.ts';
import { inPlainForm } from '../../../server/onnx/rewrite/plain-form.ts';
import { DataType, floatTensor, type Tensor } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';
import { rewrittenExactly } from './same-outputs.ts';

/** Planes of a window over depth, laid out as one kernel over all planes: what the layer means. */
function banded(weights: Tensor, depth: number, stride: number, pad: number): Tensor {
  const [outputs, channels, taps, height, width] = weights.dims as [
    number,
    number,
    number,
    number,
    number,
  ];
  const results = Math.floor((depth + 2 * pad - taps) / stride) + 1;
  const size = height * width;
  const values = new Float32Array(results * outputs * depth * channels * size);
  for (let result = 0; result < results; result++)
    for (let output = 0; output < outputs; output++)
      for (let tap = 0; tap < taps; tap++)
        for (let channel = 0; channel < channels; channel++) {
          const place = result * stride + tap - pad;
          if (place < 0 || place >= depth) continue;
          const from = ((output * channels + channel) * taps + tap) * size;
          const to =
            ((result * outputs + output) * depth * channels + place * channels + channel) * size;
          values.set((weights.data as Float32Array).subarray(from, from + size), to);
        }
  return floatTensor([results * outputs, depth * channels, height, width], values);
}

describe('layers over depth, height and width', () => {
  const [FRAMES, HEIGHT, WIDTH] = [5, 12, 14];
  /** Frames through two layers with a pooling between, over depth or with one kernel over all. */
  function network(isDeep: boolean, channelsLast = false): Model {
    const made = new Network({ seed: 8 });
    let value = made.input('image', ['N', FRAMES * 3, HEIGHT, WIDTH]);
    if (isDeep) {
      value = made.node('Reshape', [value, made.ints(0, FRAMES, 3, HEIGHT, WIDTH)]);
      // As Keras has it.
      if (channelsLast) value = made.node('Transpose', [value], { perm: [0, 1, 3, 4, 2] });
      value = made.node('Transpose', [value], {
        perm: channelsLast ? [0, 4, 1, 2, 3] : [0, 2, 1, 3, 4],
      });
    }
    const layer = (outputs: number, inputs: number, depth: number, stride: number) => {
      const weights = made.floats([outputs, inputs, 3, 3, 3], -0.3, 0.3);
      const bias = made.floats([outputs]);
      const results = Math.floor((depth + 2 - 3) / stride) + 1;
      const kernel = isDeep
        ? weights
        : made.constant(banded(made.initializers.get(weights)!, depth, stride, 1));
      const biases = isDeep
        ? bias
        : made.constant(
            floatTensor(
              [outputs * results],
              Array.from({ length: results }, () =>
                [...made.initializers.get(bias)!.data].map(Number),
              ).flat(),
            ),
          );
      const convolution = made.node('Conv', [value, kernel, biases], {
        ...(isDeep
          ? { pads: [1, 1, 0, 1, 1, 0], strides: [stride, 1, 2] }
          : { pads: [1, 0, 1, 0], strides: [1, 2] }),
      });
      value = made.node('Relu', [convolution]);
      return results;
    };
    const depth = layer(4, 3, FRAMES, 1);
    value = made.node('MaxPool', [value], {
      ...(isDeep
        ? { kernel_shape: [1, 2, 2], strides: [1, 2, 1] }
        : { kernel_shape: [2, 2], strides: [2, 1] }),
    });
    const results = layer(3, 4, depth, 2);
    const shape = [3, 3, 6, 2];
    assert.equal(results, 3);
    if (!isDeep) {
      value = made.node('Reshape', [value, made.ints(0, 3, 3, shape[2]!, shape[3]!)]);
      value = made.node('Transpose', [value], { perm: [0, 2, 1, 3, 4] });
    }
    value = made.node('Flatten', [value]);
    made.node('Gemm', [value, made.floats([3 * 3 * 6 * 2, 1])], {}, 'out');
    return made.model([{ name: 'out', type: DataType.float, shape: ['N', 1] }]);
  }

  for (const channelsLast of [false, true])
    it(`become layers over planes, ${channelsLast ? 'with channels last' : 'as PyTorch has them'}`, async () => {
      const model = network(true, channelsLast);
      const left = await rewrittenExactly(model, inPlainForm);
      assert.equal(left.filter((op) => op === 'Conv').length, 5 + 3);
      // What laid the frames apart stands there unread, and the last value is laid apart again.
      assert.equal(left.filter((op) => op === 'Transpose').length, channelsLast ? 3 : 2);
      assert.deepEqual(inferShapes(model).of('out'), ['N', 1]);
    });

  it('are explained as the layers over all planes that they stand for', async () => {
    const ids = ['visualbackprop', 'gradient', 'gradcam', 'lrp-epsilon-plus', 'lrp-alpha2-beta1'];
    const feeds = { image: randomFloats([2, FRAMES * 3, HEIGHT, WIDTH], 6) };
    const [deep, plain] = await Promise.all(
      [true, false].map((isDeep) =>
        runNetwork(
          compile(
            network(isDeep),
            ids.map((id) => ({ id })),
          ),
          feeds,
        ),
      ),
    );
    for (const id of ids) {
      const [map, expected] = [deep!, plain!].map((outputs) => outputs[`explanation_${id}`]!);
      assert.deepEqual(map!.dims, expected!.dims);
      const error = relativeError(map!.data, expected!.data);
      assert.ok(error < 1e-5, `${id} differs by ${error}`);
    }
  });

  const windows: Readonly<
    Record<string, readonly [string, Readonly<Record<string, PlainAttribute>>]>
  > = {
    'the largest of a window over depth': [
      'MaxPool',
      { kernel_shape: [2, 2, 2], strides: [2, 2, 2], pads: [1, 0, 0, 0, 0, 1] },
    ],
    'the mean of a window over depth': [
      'AveragePool',
      { kernel_shape: [3, 2, 1], strides: [1, 2, 1] },
    ],
    'a window that rounds up': [
      'MaxPool',
      { kernel_shape: [2, 3, 3], strides: [2, 2, 2], ceil_mode: 1 },
    ],
    'SAME padding': [
      'MaxPool',
      { kernel_shape: [3, 3, 3], strides: [2, 2, 2], auto_pad: 'SAME_UPPER' },
    ],
  };
  for (const [title, [op, plain]] of Object.entries(windows))
    it(`take ${title}`, async () => {
      const made = new Network({ seed: 4, opset: 13 });
      const image = made.input('image', ['N', 2, 5, 7, 6]);
      const scaled = made.node('Conv', [image, made.floats([2, 2, 1, 1, 1])], {});
      const normed = made.node('BatchNormalization', [
        made.node('Mul', [scaled, made.floats([2, 1, 1, 1], 1, 2)]),
        made.floats([2]),
        made.floats([2]),
        made.floats([2]),
        made.floats([2], 1, 2),
      ]);
      made.node(op, [normed], plain, 'out');
      const model = made.model(['out']);
      const shapes = inferShapes(model).of('out');
      const left = await rewrittenExactly(model, inPlainForm);
      assert.equal(left.filter((each) => each === 'Transpose').length, 2);
      const { out } = await runNetwork(model, { image: randomFloats([1, 2, 5, 7, 6]) });
      assert.deepEqual(shapes.slice(1), out!.dims.slice(1));
    });
});
