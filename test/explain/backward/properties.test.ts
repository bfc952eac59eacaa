import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile, subjectOf } from '../../../server/explain/compile.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { elementCount, floatTensor, tensorNumbers } from '../../../server/onnx/tensor.ts';
import { Network, randomNumbers } from '../../support/network.ts';
import { floats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';
import { TwinNetwork, type Twin } from './twin.ts';
import { convolutionalMethods } from '../../support/methods.ts';

const RELEVANCE = ['lrp-epsilon', 'lrp-epsilon-plus', 'lrp-alpha2-beta1', 'lrp-epsilon-gamma-box'];
const ATTRIBUTIONS = [
  'gradient',
  'saliency',
  'inputxgradient',
  'guidedbackprop',
  'deconvnet',
  ...RELEVANCE,
];
const subject = subjectOf({ input: { scale: 2 / 255, offset: -1 } });
const PICTURE = [3, 10, 12] as const;

const sum = (values: ArrayLike<number>) =>
  Array.from(values).reduce((all, value) => all + value, 0);

function pictureOf(seed: number, dims: readonly number[] = PICTURE): number[] {
  const random = randomNumbers(seed);
  return Array.from({ length: elementCount(dims) }, () => Math.fround(random(-1, 1)));
}

async function mapOf(
  model: Model,
  id: string,
  picture: readonly number[],
  options: Readonly<Record<string, number>> = {},
  dims: readonly number[] = PICTURE,
): Promise<{ map: Float32Array; steering: number }> {
  const outputs = await runNetwork(compile(model, [{ id, options }], subject), {
    image: floats([1, ...dims], picture),
  });
  return { map: outputs['explanation']!.data, steering: outputs['steering']!.data[0]! };
}

/** Convolutions, residual sums, joins and pools. */
function branched(seed: number, biases: boolean): Model {
  const twin = new TwinNetwork({ seed, biases });
  const stem = twin.activation(
    twin.convolution(twin.picture(PICTURE), 6, {
      kernel: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 1, 1],
    }),
    'Relu',
  );
  const branch = twin.convolution(
    twin.activation(
      twin.convolution(stem, 6, { kernel: [3, 3], pads: [1, 1, 1, 1], group: 2 }),
      'Relu',
    ),
    6,
    { kernel: [1, 1] },
  );
  const joined = twin.concat([twin.activation(twin.add(branch, stem), 'Relu'), stem]);
  const pooled = twin.pooling(
    twin.pooling(joined, 'MaxPool', { kernel: [2, 2], strides: [1, 2] }),
    'AveragePool',
    { kernel: [2, 2] },
  );
  return twin.steering(twin.activation(twin.dense(twin.flatten(pooled), 8), 'Relu'));
}

describe('relevance', () => {
  for (const id of ['lrp-epsilon', 'lrp-epsilon-plus']) {
    for (const seed of [1, 2, 3, 4]) {
      it(`sums up to the steering under ${id} where no layer has a bias, network ${seed}`, async () => {
        const { map, steering } = await mapOf(branched(seed, false), id, pictureOf(seed));
        assert.ok(Math.abs(steering) > 1e-3, `the network steers ${steering}`);
        assert.ok(
          Math.abs(sum(map) - steering) < 0.01 * Math.abs(steering),
          `${sum(map)} of ${steering}`,
        );
      });
    }
  }

  it('does not sum up to the steering where biases take their share', async () => {
    const { map, steering } = await mapOf(branched(2, true), 'lrp-epsilon', pictureOf(2));
    assert.ok(Math.abs(sum(map) - steering) > 0.02 * Math.abs(steering));
  });

  for (const seed of [1, 2, 3]) {
    it(`by ε comes the closer to input × gradient the smaller ε is, in a network of ReLUs with biases, network ${seed}`, async () => {
      const model = branched(seed, true);
      const expected = (await mapOf(model, 'inputxgradient', pictureOf(seed))).map;
      assert.ok(Math.max(...expected.map(Math.abs)) > 1e-4);
      const errors: number[] = [];
      for (const epsilon of [1e-1, 1e-3, 1e-5])
        errors.push(
          relativeError(
            (await mapOf(model, 'lrp-epsilon', pictureOf(seed), { epsilon })).map,
            expected,
          ),
        );
      assert.ok(errors[0]! > errors[1]! && errors[1]! > errors[2]!, errors.join(' '));
      assert.ok(
        relativeError(
          (await mapOf(model, 'lrp-epsilon', pictureOf(seed), { epsilon: 1e-9 })).map,
          expected,
        ) < 1e-3,
      );
    });
  }
});

type Layout = 'NCHW' | 'NHWC';
type Form = 'folded' | 'behind' | 'before' | 'behind, not fused';

/**
 * One network in several forms: two convolutions, the second with a normalisation that lies in its
 * weights (`folded`), behind it or, for a convolution without padding, before it. NHWC as exporters
 * write it, with a Transpose around every convolution.
 */
function exported(layout: Layout, form: Form, side: 'behind' | 'before'): Model {
  const network = new Network({ seed: 41 });
  const toNhwc = (value: string) => network.node('Transpose', [value], { perm: [0, 2, 3, 1] });
  const toNchw = (value: string) => network.node('Transpose', [value], { perm: [0, 3, 1, 2] });
  const [enter, leave] =
    layout === 'NCHW' ? [(value: string) => value, (value: string) => value] : [toNchw, toNhwc];
  const image = network.input(
    'image',
    layout === 'NCHW' ? ['N', ...PICTURE] : ['N', PICTURE[1], PICTURE[2], PICTURE[0]],
  );
  const first = network.node('Relu', [
    leave(
      network.convolution(enter(image), { from: 3, to: 4 }, { kernel: [3, 3], strides: [2, 2] }),
    ),
  ]);
  const [weights, bias] = [network.floats([5, 4, 2, 2], -0.35, 0.65), network.floats([5])];
  const count = side === 'behind' ? 5 : 4;
  const parameters = [
    network.floats([count], 0.5, 1.5),
    network.floats([count]),
    network.floats([count]),
    network.floats([count], 0.5, 2),
  ];
  const numbers = (name: string) => tensorNumbers(network.initializers.get(name)!);
  const [gamma, beta, mean, variance] = parameters.map(numbers) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const scale = gamma.map((value, channel) => value / Math.sqrt(variance[channel]! + 1e-3));
  const shift = beta.map((value, channel) => value - mean[channel]! * scale[channel]!);
  const kernel = { kernel_shape: [2, 2] };
  const normal = (value: string) =>
    network.node('BatchNormalization', [value, ...parameters], { epsilon: { float: 1e-3 } });
  let second: string;
  if (form === 'folded') {
    const inputOf = (at: number) => Math.floor(at / 4) % 4;
    const outputOf = (at: number) => Math.floor(at / 16);
    const changed = numbers(weights).map(
      (value, at) => value * scale[side === 'behind' ? outputOf(at) : inputOf(at)]!,
    );
    const biases = numbers(bias).map((value, output) =>
      side === 'behind'
        ? value * scale[output]! + shift[output]!
        : value +
          sum(
            numbers(weights).map((weight, at) =>
              outputOf(at) === output ? weight * shift[inputOf(at)]! : 0,
            ),
          ),
    );
    second = network.node(
      'Conv',
      [
        enter(first),
        network.constant(floatTensor([5, 4, 2, 2], changed)),
        network.constant(floatTensor([5], biases)),
      ],
      kernel,
    );
  } else if (form === 'behind, not fused') {
    // As TensorFlow's exporters leave it: a convolution without bias, and its parts of the
    // normalisation as plain arithmetic.
    const channels = (values: readonly number[]) =>
      network.constant(floatTensor([values.length, 1, 1], values));
    const plain = network.node('Add', [
      network.node('Conv', [enter(first), weights], kernel),
      channels(numbers(bias)),
    ]);
    second = network.node('Add', [network.node('Mul', [plain, channels(scale)]), channels(shift)]);
  } else if (form === 'behind')
    second = normal(network.node('Conv', [enter(first), weights, bias], kernel));
  else second = network.node('Conv', [normal(enter(first)), weights, bias], kernel);
  const features = network.node('Relu', [leave(second)]);
  network.steering(enter(features), 5 * 3 * 4);
  return network.model([{ name: 'steering', type: 1, shape: ['N', 1] }]);
}

function inNhwc(picture: ArrayLike<number>): number[] {
  const [channels, height, width] = PICTURE;
  return Array.from(
    { length: channels * height * width },
    (_, at) => picture[(at % channels) * height * width + Math.floor(at / channels)]!,
  );
}

describe('one network, however it was exported,', () => {
  const forms: readonly (readonly [Layout, Form, 'behind' | 'before'])[] = [
    ['NHWC', 'folded', 'behind'],
    ['NCHW', 'behind', 'behind'],
    ['NHWC', 'behind', 'behind'],
    ['NCHW', 'behind, not fused', 'behind'],
    ['NHWC', 'behind, not fused', 'behind'],
    ['NHWC', 'folded', 'before'],
    ['NCHW', 'before', 'before'],
    ['NHWC', 'before', 'before'],
  ];
  for (const [layout, form, side] of forms) {
    for (const id of ATTRIBUTIONS) {
      it(`gives one map by ${id}: ${layout}, its normalisation ${form} (belongs ${side})`, async () => {
        const picture = pictureOf(6);
        const expected = await mapOf(exported('NCHW', 'folded', side), id, picture);
        const isLast = layout === 'NHWC';
        const { map, steering } = await mapOf(
          exported(layout, form, side),
          id,
          isLast ? inNhwc(picture) : picture,
          {},
          isLast ? [PICTURE[1], PICTURE[2], PICTURE[0]] : PICTURE,
        );
        assert.ok(Math.abs(steering - expected.steering) < 1e-5);
        assert.ok(expected.map.some((value) => value !== 0));
        const error = relativeError(map, isLast ? inNhwc(expected.map) : expected.map);
        assert.ok(error < 1e-3, `${error}`);
      });
    }
  }
});

/**
 * Ends in an average over the picture and one dense layer, which CAM needs. `bias` of the first
 * convolution; `gain` of the last layer in front of a Tanh.
 */
function plain({
  bias = 0,
  gain = null,
}: {
  readonly bias?: number;
  readonly gain?: number | null;
}): Model {
  const network = new Network({ seed: 51 });
  const image = network.input('image', ['N', ...PICTURE]);
  const layer = (value: string, from: number) =>
    network.node('Relu', [
      network.node(
        'Conv',
        [
          value,
          network.floats([4, from, 3, 3], -0.3, 0.5),
          network.constant(floatTensor([4], [bias, bias, bias, bias])),
        ],
        { kernel_shape: [3, 3] },
      ),
    ]);
  const rows = network.node('Flatten', [
    network.node('GlobalAveragePool', [layer(layer(image, 3), 4)]),
  ]);
  network.node(
    'Gemm',
    [rows, network.floats([4, 1], 0.3, 0.9), network.constant(floatTensor([1], [0.1]))],
    {},
    gain === null ? 'steering' : 'score',
  );
  if (gain !== null)
    network.node(
      'Tanh',
      [network.node('Mul', ['score', network.constant(floatTensor([], [gain]))])],
      {},
      'steering',
    );
  return network.model([{ name: 'steering', type: 1, shape: ['N', 1] }]);
}

describe('where there is nothing to explain', () => {
  const picture = pictureOf(8).map(Math.abs);
  const constant = picture.map(() => 0.5);
  const black = picture.map(() => 0);
  const finite = (map: Float32Array) => map.every(Number.isFinite);

  for (const { id } of convolutionalMethods) {
    // Deconvnet does not ask what the rectifiers did on the way forward.
    if (id !== 'deconvnet')
      it(`${id} of a dead network is zeros`, async () => {
        const { map, steering } = await mapOf(plain({ bias: -100 }), id, picture);
        assert.ok(Math.abs(steering - 0.1) < 1e-6, 'the network is not dead');
        assert.ok(
          map.every((value) => value === 0),
          `up to ${Math.max(...map.map(Math.abs))}`,
        );
      });

    it(`${id} of a picture of one colour, and of a black one, is made of numbers`, async () => {
      assert.ok(finite((await mapOf(plain({}), id, constant)).map));
      assert.ok(finite((await mapOf(plain({}), id, black)).map));
      assert.ok(finite((await mapOf(plain({ bias: 0.2 }), id, black)).map));
    });

    if (id !== 'cam') {
      it(`${id} behind a saturated Tanh is made of numbers, and zeros where it goes by the gradient`, async () => {
        const { map, steering } = await mapOf(plain({ gain: 1e5 }), id, picture);
        assert.equal(steering, 1);
        assert.ok(finite(map));
        const byGradient = !RELEVANCE.includes(id) && id !== 'visualbackprop' && id !== 'eigencam';
        assert.equal(
          map.every((value) => value === 0),
          byGradient,
        );
      });
    }
  }

  for (const opset of [7, 13]) {
    it(`the gradient through steps alone is zeros, operator set ${opset}`, async () => {
      const network = new Network({ opset, seed: 2 });
      network.steering(
        network.node('Ceil', [
          network.convolution(
            network.input('image', ['N', ...PICTURE]),
            { from: 3, to: 2 },
            { kernel: [3, 3] },
          ),
        ]),
        160,
      );
      const { map } = await mapOf(
        network.model([{ name: 'steering', type: 1, shape: ['N', 1] }]),
        'gradient',
        picture,
      );
      assert.equal(map.length, picture.length);
      assert.ok(map.every((value) => value === 0));
    });
  }

  for (const id of ['inputxgradient', 'lrp-epsilon', 'lrp-epsilon-plus', 'lrp-alpha2-beta1']) {
    it(`${id} of a black picture is zeros, because relevance goes by what enters`, async () => {
      const { map } = await mapOf(plain({ bias: 0.2 }), id, black);
      assert.ok(map.every((value) => value === 0));
    });
  }

  for (const id of ATTRIBUTIONS) {
    it(`${id} stays made of numbers through values of every size`, async () => {
      const twin = new TwinNetwork({ seed: 5 });
      const start = twin.picture(PICTURE);
      const end = (value: Twin) =>
        twin.pooling(
          twin.activation(twin.convolution(value, 4, { kernel: [3, 3] }), 'Elu'),
          'MaxPool',
          { kernel: [2, 2], strides: [2, 2] },
        );
      const model = twin.steering(twin.activation(end(start), 'Sigmoid'));
      for (const size of [1e-30, 1e-12, 1e4, 1e12])
        assert.ok(
          finite(
            (
              await mapOf(
                model,
                id,
                pictureOf(3).map((value) => value * size),
              )
            ).map,
          ),
          `${size}`,
        );
    });
  }
});
