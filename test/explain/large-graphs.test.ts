import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { Network } from '../support/network.ts';
import { randomFloats, runNetwork } from '../support/onnx-runtime.ts';
import { convolutionalMethods } from '../support/methods.ts';

/** One more node or few, behind a value [N,4,11,23]. */
type Layer = (network: Network, value: string) => string;

/** Ways from the picture to the answer double with every layer. */
const branching: Readonly<Record<string, Layer>> = {
  'sums of a value with itself': (network, value) => network.node('Add', [value, value]),
  'larger values of two branches': (network, value) =>
    network.node('Max', [network.node('Relu', [value]), network.node('Neg', [value])]),
  'pools beside themselves': (network, value) =>
    network.node('Add', [
      network.node('MaxPool', [value], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      value,
    ]),
};
const long: Readonly<Record<string, Layer>> = {
  'rectifiers in a row': (network, value) => network.node('Relu', [value]),
  'sums in a row': (network, value) => network.node('Add', [value, value]),
};

function networkOf(layer: Layer, layers: number): Network {
  const network = new Network();
  let value = network.node('Relu', [
    network.convolution(
      network.input('image', ['N', 1, 24, 48]),
      { from: 1, to: 4 },
      { kernel: [3, 3], strides: [2, 2] },
    ),
  ]);
  for (let count = 0; count < layers; count++) value = layer(network, value);
  network.steering(
    network.node('Relu', [network.convolution(value, { from: 4, to: 4 }, { kernel: [3, 3] })]),
    4 * 9 * 21,
  );
  return network;
}

for (const [layers, forms] of [
  [60, branching],
  [6000, long],
] as const) {
  for (const [name, layer] of Object.entries(forms)) {
    test(`${layers} ${name} come to an end in every method`, () => {
      const model = networkOf(layer, layers).model(['steering']);
      for (const { id } of convolutionalMethods.filter((method) => method.id !== 'cam')) {
        assert.ok(compile(model, [{ id }]).outputs.some((output) => output.name === 'explanation'));
      }
    });
  }
}

/** Weights of 590 and of 1 370 kB, once as MatMul takes them and once turned round, without biases. */
function withLargeWeights(isTurned: boolean) {
  const network = new Network({ seed: 2 });
  const plain = { kernel: [3, 3], bias: false } as const;
  const first = network.convolution(
    network.input('image', ['N', 1, 9, 9]),
    { from: 1, to: 128 },
    plain,
  );
  const second = network.convolution(network.node('Relu', [first]), { from: 128, to: 128 }, plain);
  const features = network.node('Flatten', [network.node('Relu', [second])]);
  const dense = isTurned
    ? network.node('Gemm', [features, network.floats([107, 3200]), network.floats([107], 0, 0)], {
        transB: 1,
      })
    : network.node('MatMul', [features, network.floats([3200, 107])]);
  network.node('MatMul', [network.node('Relu', [dense]), network.floats([107, 1])], {}, 'steering');
  return network.model([{ name: 'steering', type: 1, shape: ['N', 1] }]);
}

for (const isTurned of [false, true]) {
  test(`large weights${isTurned ? ', turned round,' : ''} are shared by all methods and the network`, async () => {
    const model = withLargeWeights(isTurned);
    const bytesOf = ({ initializers }: typeof model) =>
      [...initializers.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    const relevance = [
      'lrp-epsilon-plus',
      'lrp-epsilon',
      'lrp-alpha2-beta1',
      'lrp-epsilon-gamma-box',
    ];
    const ids = ['visualbackprop', 'gradient', 'gradcam', ...relevance];
    const compiled = compile(
      model,
      ids.map((id) => ({ id })),
    );
    assert.ok(
      bytesOf(compiled) < 1.1 * bytesOf(model),
      `${bytesOf(compiled)} of ${bytesOf(model)}`,
    );
    const image = randomFloats([1, 1, 9, 9], 4);
    const outputs = await runNetwork(compiled, { image });
    const steering = outputs['steering']!.data[0]!;
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
    // Nothing is lost without biases, and rectifiers are straight lines from 0.
    for (const id of relevance.filter((each) => each !== 'lrp-alpha2-beta1'))
      assert.ok(Math.abs(sum(outputs[`explanation_${id}`]!.data) / steering - 1) < 1e-3, id);
    const gradient = outputs['explanation_gradient']!.data;
    const pixels = image.data as Float32Array;
    assert.ok(
      Math.abs(sum(gradient.map((slope, at) => slope * pixels[at]!)) / steering - 1) < 1e-3,
    );
  });
}
