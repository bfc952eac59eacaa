import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { floatTensor } from '../../server/onnx/tensor.ts';
import { Chain, type Activation } from './chain.ts';
import { Network, randomNumbers, type ConvolutionForm } from '../support/network.ts';
import { floats, runNetwork } from '../support/onnx-runtime.ts';
import {
  convolutionLayer,
  mapsOf,
  pointwiseLayer,
  slowVisualBackProp,
} from './slow-visualbackprop.ts';

const convolutions: Readonly<Record<string, ConvolutionForm>> = {
  'kernel 3×3': { kernel: [3, 3] },
  'kernel 5×2, stride 2×3, rows left over': { kernel: [5, 2], strides: [2, 3] },
  'kernel 1×1': { kernel: [1, 1] },
  'kernel 1×1, stride 2': { kernel: [1, 1], strides: [2, 2] },
  'kernel 3×3, padding 1': { kernel: [3, 3], pads: [1, 1, 1, 1] },
  'kernel 3×3, padding 2, wider than needed': { kernel: [3, 3], pads: [2, 2, 2, 2] },
  'kernel 2×2, padding as large as the kernel': { kernel: [2, 2], pads: [2, 2, 2, 2] },
  'kernel 4×3, padding 0 1 2 0': { kernel: [4, 3], pads: [0, 1, 2, 0] },
  'kernel 4×3, stride 3×2, padding 3 0 1 2': {
    kernel: [4, 3],
    strides: [3, 2],
    pads: [3, 0, 1, 2],
  },
  'kernel 3×3, stride 2, padding 1': { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  'kernel 2×2, stride 3': { kernel: [2, 2], strides: [3, 3] },
  'kernel 3×1, stride 1×2': { kernel: [3, 1], strides: [1, 2] },
  'kernel 3×3, dilation 2': { kernel: [3, 3], dilations: [2, 2] },
  'kernel 3×2, dilation 1×3, padding 1 2 0 1': {
    kernel: [3, 2],
    dilations: [1, 3],
    pads: [1, 2, 0, 1],
  },
  'kernel 3×3, dilation 2, stride 2, padding 2': {
    kernel: [3, 3],
    dilations: [2, 2],
    strides: [2, 2],
    pads: [2, 2, 2, 2],
  },
  'two groups': { kernel: [3, 3], group: 2 },
  SAME_UPPER: { kernel: [3, 4], autoPad: 'SAME_UPPER' },
  'SAME_UPPER, stride 2': { kernel: [4, 3], strides: [2, 2], autoPad: 'SAME_UPPER' },
  SAME_LOWER: { kernel: [4, 2], autoPad: 'SAME_LOWER' },
  'SAME_LOWER, stride 3×2': { kernel: [5, 4], strides: [3, 2], autoPad: 'SAME_LOWER' },
  VALID: { kernel: [3, 2], strides: [2, 1], autoPad: 'VALID' },
  'the whole picture in one window': { kernel: [14, 17] },
};

for (const [name, form] of Object.entries(convolutions)) {
  test(`the mask goes back through a convolution: ${name}`, async () => {
    await new Chain([2, 16, 19])
      .convolution(4, { kernel: [3, 3] })
      .activation('Relu')
      .convolution(4, form)
      .activation('Relu')
      .assertMaskAsInLoops();
    if (name !== 'the whole picture in one window')
      await new Chain([2, 14, 17], { seed: 2 })
        .convolution(4, form)
        .activation('Relu')
        .assertMaskAsInLoops([3]);
  });
}

type Pooling = Parameters<Chain['pooling']>[1];
const poolings: Readonly<Record<string, Pooling>> = {
  '2×2, stride 2': { kernel: [2, 2], strides: [2, 2] },
  '3×3, stride 2, columns left over': { kernel: [3, 3], strides: [2, 2] },
  '3×3, stride 2, padding 1': { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  '2×3, stride 1': { kernel: [2, 3] },
  '2×2, stride 3': { kernel: [2, 2], strides: [3, 3] },
  '2×2, stride 2, ceil mode': { kernel: [2, 2], strides: [2, 2], ceil: true },
  '3×3, stride 2×3, padding 1 1 0 1, ceil mode': {
    kernel: [3, 3],
    strides: [2, 3],
    pads: [1, 1, 0, 1],
    ceil: true,
  },
  '4×4, stride 4, ceil mode': { kernel: [4, 4], strides: [4, 4], ceil: true },
  SAME_UPPER: { kernel: [3, 3], strides: [2, 2], autoPad: 'SAME_UPPER' },
  SAME_LOWER: { kernel: [2, 2], strides: [2, 2], autoPad: 'SAME_LOWER' },
  'to one pixel with some left over': { kernel: [9, 12], strides: [9, 12] },
};

for (const [name, form] of Object.entries(poolings)) {
  for (const kind of ['MaxPool', 'AveragePool'] as const) {
    test(`the mask goes back through ${kind} ${name}, before and after the activation`, async () => {
      // Border windows of AveragePool: padding is not counted.
      await new Chain([1, 17, 20])
        .convolution(3, { kernel: [3, 3] })
        .activation('Relu')
        .pooling(kind, form)
        .convolution(3, { kernel: [1, 1] })
        .activation('Relu')
        .assertMaskAsInLoops();
      await new Chain([1, 17, 20], { seed: 3 })
        .convolution(3, { kernel: [3, 3] })
        .pooling(kind, form)
        .activation('Relu')
        .assertMaskAsInLoops();
    });
  }
}

test('the mask goes back through MaxPool with dilation', async () => {
  await new Chain([1, 17, 20])
    .convolution(3, { kernel: [3, 3] })
    .activation('Relu')
    .pooling('MaxPool', { kernel: [3, 2], strides: [2, 2], dilations: [2, 3] })
    .convolution(2, { kernel: [2, 2] })
    .activation('Relu')
    .assertMaskAsInLoops();
});

const activations: readonly Activation[] = [
  'Relu',
  'Elu',
  'LeakyRelu',
  'PRelu',
  'Sigmoid',
  'Tanh',
  'Relu6',
  'SiLU',
  'GELU',
  'HardSwish',
  'MaxLeaky',
  'Softplus',
];

for (const kind of activations) {
  test(`feature maps are averaged after ${kind}`, async () => {
    await new Chain([3, 14, 15])
      .convolution(4, { kernel: [3, 3], strides: [2, 2] })
      .activation(kind)
      .convolution(5, { kernel: [3, 3], pads: [1, 1, 1, 1] })
      .activation(kind)
      .convolution(4, { kernel: [2, 2] })
      .activation(kind)
      .assertMaskAsInLoops();
  });
}

test('BatchNormalization before a convolution, behind it and behind its activation leaves the mask right, padded or not', async () => {
  for (const pads of [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
  ] as const) {
    await new Chain([3, 12, 13])
      .batchNormalization()
      .convolution(4, { kernel: [3, 3], pads })
      .activation('Relu')
      .batchNormalization()
      .convolution(4, { kernel: [3, 3], pads })
      .batchNormalization()
      .activation('Relu')
      .batchNormalization()
      .assertMaskAsInLoops();
  }
});

test('padding and cropping nodes are undone, wherever they stand', async () => {
  for (const opset of [7, 11, 13]) {
    await new Chain([2, 16, 17], { opset })
      .crop([3, 0, 2, 1])
      .pad([1, 2, 0, 3])
      .convolution(3, { kernel: [3, 3] })
      .activation('Relu')
      .pad([1, 0, 2, 1])
      .convolution(3, { kernel: [3, 3], strides: [2, 2] })
      .activation('Relu')
      .crop([1, 1, 0, 2], true)
      .convolution(2, { kernel: [2, 2] })
      .activation('Relu')
      .assertMaskAsInLoops();
  }
});

test("NHWC networks wrapped in Transposes give the mask on the picture's grid", async () => {
  await new Chain([3, 18, 21], { layout: 'NHWC' })
    .transpose()
    .convolution(4, { kernel: [3, 3] })
    .activation('Elu')
    .convolution(5, { kernel: [3, 3], strides: [2, 2] })
    .activation('Elu')
    .transpose()
    .assertMaskAsInLoops();
  // Every layer wrapped on its own, activations behind the Transpose.
  await new Chain([3, 18, 21], { layout: 'NHWC' })
    .transpose()
    .convolution(4, { kernel: [3, 3] })
    .transpose()
    .activation('Relu')
    .transpose()
    .pooling('MaxPool', { kernel: [2, 2], strides: [2, 2] })
    .transpose()
    .transpose()
    .convolution(4, { kernel: [3, 2], pads: [0, 1, 0, 0] })
    .transpose()
    .activation('SiLU')
    .assertMaskAsInLoops();
});

test('a convolution without an activation is gone back through and not averaged', async () => {
  await new Chain([2, 16, 17])
    .convolution(3, { kernel: [3, 3] })
    .activation('Relu')
    .convolution(3, { kernel: [3, 3], strides: [2, 2] })
    .convolution(4, { kernel: [2, 2] })
    .activation('Relu')
    .assertMaskAsInLoops();
});

test('depthwise-separable convolutions, with the depthwise part activated or not', async () => {
  const chain = (between: boolean) => {
    const built = new Chain([3, 16, 17], { seed: between ? 4 : 5 })
      .convolution(4, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })
      .activation('Relu6')
      .convolution(4, { kernel: [3, 3], group: 4, pads: [1, 1, 1, 1] });
    return (between ? built.activation('Relu6') : built)
      .convolution(6, { kernel: [1, 1] })
      .activation('Relu6');
  };
  await chain(true).assertMaskAsInLoops();
  await chain(false).assertMaskAsInLoops();
});

test('nodes that do nothing are passed by', async () => {
  await new Chain([2, 12, 13])
    .convolution(3, { kernel: [3, 3] })
    .pass((network, value) => network.node('Identity', [value]))
    .activation('Relu')
    .pass((network, value) => network.node('Dropout', [value]))
    .convolution(3, { kernel: [3, 3] })
    .activation('Relu')
    .assertMaskAsInLoops();
});

test('an activation in front of the first convolution is no level', async () => {
  await new Chain([2, 12, 13])
    .activation('Relu6', false)
    .convolution(3, { kernel: [3, 3] })
    .activation('Relu')
    .assertMaskAsInLoops();
});

test('every picture of a batch is normalised by itself', async () => {
  await new Chain([2, 12, 13])
    .convolution(3, { kernel: [3, 3] })
    .activation('Relu')
    .convolution(3, { kernel: [3, 3] })
    .activation('Relu')
    .assertMaskAsInLoops([1, 2, 5]);
});

test('the form of every operator set is right', async () => {
  for (const opset of [7, 9, 10, 11, 12, 13, 15, 17, 18, 21]) {
    await new Chain([2, 15, 16], { opset })
      .convolution(3, { kernel: [3, 3] })
      .activation('Relu')
      .pooling('MaxPool', { kernel: [3, 3], strides: [2, 2] })
      .convolution(3, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })
      .activation('Relu')
      .assertMaskAsInLoops([2]);
  }
});

test('random chains', async () => {
  for (let seed = 100; seed < 140; seed++) {
    const random = randomNumbers(seed);
    const whole = (low: number, high: number) => Math.floor(random(low, high + 1));
    const chain = new Chain([whole(1, 3), whole(20, 30), whole(20, 30)], { seed });
    for (let depth = whole(2, 4); depth > 0; depth--) {
      const [tall, wide] = chain.size;
      if (Math.min(tall, wide) < 6) break;
      const kernel = [whole(1, 4), whole(1, 4)] as const;
      chain.convolution(whole(2, 4), {
        kernel,
        strides: [whole(1, 3), whole(1, 2)],
        pads: [whole(0, 2), whole(0, 2), whole(0, 2), whole(0, 2)],
      });
      if (random() < 0.3) chain.batchNormalization();
      chain.activation(activations[whole(0, 5)]!);
      if (random() < 0.3 && Math.min(...chain.size) > 6)
        chain.pooling('MaxPool', { kernel: [2, 3], strides: [2, 2], ceil: random() < 0.5 });
    }
    await chain.assertMaskAsInLoops([2]);
  }
});

/** How a network may move the frames of [N, 3 × 2, 9, 11] into its batch, to be convolved as NCHW. */
const sequences: Readonly<Record<string, (network: Network, image: string) => string>> = {
  'frame by frame': (network, image) =>
    network.node('Reshape', [image, network.ints(-1, 2, 9, 11)]),
  'channels last, as Keras’ TimeDistributed, scaled first': (network, image) => {
    const apart = network.node('Reshape', [image, network.ints(-1, 3, 2, 9, 11)]);
    const own = network.node('Transpose', [apart], { perm: [0, 1, 3, 4, 2] });
    const scaled = network.node('Mul', [own, network.constant(floatTensor([1], [1]))]);
    const folded = network.node('Reshape', [scaled, network.ints(-1, 9, 11, 2)]);
    return network.node('Transpose', [folded], { perm: [0, 3, 1, 2] });
  },
  'all first frames before all second ones': (network, image) => {
    const apart = network.node('Reshape', [image, network.ints(-1, 3, 2, 9, 11)]);
    const turned = network.node('Transpose', [apart], { perm: [1, 0, 2, 3, 4] });
    return network.node('Reshape', [turned, network.ints(-1, 2, 9, 11)]);
  },
};

for (const [name, fold] of Object.entries(sequences)) {
  test(`each frame of a sequence in the batch has a mask of its own: ${name}`, async () => {
    const network = new Network({ name: 'sequence' });
    const each = fold(network, network.input('image', ['N', 6, 9, 11]));
    const form = { kernel: [3, 3], strides: [2, 2] } as const;
    const seen = network.node('Relu', [network.convolution(each, { from: 2, to: 3 }, form)]);
    const deeper = { kernel: [2, 2] } as const;
    const last = network.node('Relu', [network.convolution(seen, { from: 3, to: 2 }, deeper)]);
    const isFrameFirst = name.startsWith('all first');
    const features = isFrameFirst
      ? network.node(
          'Transpose',
          [network.node('Reshape', [last, network.ints(3, -1, 2 * 3 * 4)])],
          { perm: [1, 0, 2] },
        )
      : last;
    const row = network.node('Reshape', [features, network.ints(-1, 3 * 2 * 3 * 4)]);
    network.node('MatMul', [row, network.floats([3 * 2 * 3 * 4, 1])], {}, 'steering');
    const model = readModel(
      network.bytes([{ name: 'steering', type: 1, shape: ['N', 1] }]),
      'sequence',
    );
    const compiled = compile(model, [{ id: 'visualbackprop' }, { id: 'gradcam' }]);
    assert.deepEqual(
      compiled.outputs.slice(1).map(({ shape }) => shape),
      [
        ['N', 3, 9, 11],
        ['N', 3, 3, 4],
      ],
    );

    const random = randomNumbers(8);
    const picture = Float32Array.from({ length: 2 * 6 * 9 * 11 }, () => random(-1, 1));
    const masks = await runNetwork(compiled, {
      image: floats([2, 6, 9, 11], picture),
    });
    const found = masks['explanation_visualbackprop']!.data;
    const numbersOf = (tensor: string) => [
      ...(network.initializers.get(tensor)!.data as Float32Array),
    ];
    const layers = network.nodes.flatMap(({ op, inputs }) => {
      if (op === 'Relu') return [pointwiseLayer((value) => Math.max(0, value), true)];
      if (op !== 'Conv') return [];
      const [from, to, window] =
        network.initializers.get(inputs[1]!)!.dims[0] === 3 ? [2, 3, form] : [3, 2, deeper];
      return [
        convolutionLayer(numbersOf(inputs[1]!), numbersOf(inputs[2]!), { from, to }, 1, window),
      ];
    });
    for (let frame = 0; frame < 6; frame++) {
      const expected = slowVisualBackProp(
        layers,
        mapsOf(picture.subarray(frame * 2 * 99), [1, 2, 9, 11]),
      );
      for (let at = 0; at < 99; at++)
        assert.ok(
          Math.abs(found[frame * 99 + at]! - expected.at[at]!) < 1e-5,
          `frame ${frame}, place ${at}: ${found[frame * 99 + at]}, by loops ${expected.at[at]}`,
        );
    }
    // Grad-CAM: the gradient at the last features is the row of the last weights.
    const answers = await runNetwork(
      { ...model, outputs: [...model.outputs, { name: last, type: 1, shape: [] }] },
      { image: floats([2, 6, 9, 11], picture) },
    );
    const maps = answers[last]!.data;
    const dense = numbersOf(network.nodes.at(-1)!.inputs[1]!);
    for (let sequence = 0; sequence < 2; sequence++)
      for (let frame = 0; frame < 3; frame++) {
        const picked = 24 * (isFrameFirst ? 2 * frame + sequence : 3 * sequence + frame);
        const weights = [0, 1].map((channel) => {
          const own = dense.slice(24 * frame + 12 * channel, 24 * frame + 12 * (channel + 1));
          return own.reduce((sum, value) => sum + value, 0) / 12;
        });
        for (let at = 0; at < 12; at++) {
          const expected = Math.max(
            0,
            weights[0]! * maps[picked + at]! + weights[1]! * maps[picked + 12 + at]!,
          );
          const cam = masks['explanation_gradcam']!.data[12 * (3 * sequence + frame) + at]!;
          assert.ok(Math.abs(cam - expected) < 1e-5, `frame ${frame}: ${cam}, by hand ${expected}`);
        }
      }
  });
}
