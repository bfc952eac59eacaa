import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { anySubject, compile } from '../../server/explain/compile.ts';
import type { Model } from '../../server/onnx/graph.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { DataType, floatTensor } from '../../server/onnx/tensor.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';

/** A network with two answers, in float32, over pictures [batch, 2, 14, 15]. */
function twoAnswers(batch: number | string = 'N'): Model {
  const network = new Network({ seed: 3 });
  const image = network.input('picture', [batch, 2, 14, 15]);
  const first = network.node('Relu', [
    network.batchNormalization(
      network.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3], strides: [2, 2] }),
      4,
    ),
  ]);
  const second = network.node('Elu', [
    network.convolution(
      network.batchNormalization(first, 4),
      { from: 4, to: 3 },
      { kernel: [3, 3] },
    ),
  ]);
  network.steering(second, 60, 'angle');
  network.node(
    'Sigmoid',
    [network.node('Gemm', [network.node('Flatten', [second]), network.floats([60, 3])])],
    {},
    'brakes',
  );
  return network.model([
    { name: 'angle', type: DataType.float, shape: [batch, 1] },
    { name: 'brakes', type: DataType.float, shape: [batch, 3] },
  ]);
}

/** The same network with weights and biases of zero. */
function zeroed(model: Model): Model {
  return {
    ...model,
    initializers: new Map(
      [...model.initializers].map(([name, tensor]) => [
        name,
        { ...tensor, data: new Float32Array(tensor.data.length) },
      ]),
    ),
  };
}

const refused = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof RoadgazeError && error.code === code && words.test(error.message);

test('inputs and outputs keep name, type, shape and value, and one output is added', async () => {
  const model = twoAnswers();
  const compiled = compile(model, [{ id: 'visualbackprop' }]);
  assert.deepEqual(compiled.inputs, model.inputs);
  assert.deepEqual(compiled.outputs, [
    ...model.outputs,
    { name: 'explanation', type: DataType.float, shape: ['N', 1, 14, 15] },
  ]);
  const feeds = { picture: randomFloats([3, 2, 14, 15]) };
  const [before, after] = [await runNetwork(model, feeds), await runNetwork(compiled, feeds)];
  for (const name of ['angle', 'brakes'])
    assert.ok(relativeError(after[name]!.data, before[name]!.data) < 1e-5, name);
  assert.deepEqual(
    [after['explanation']!.type, after['explanation']!.dims],
    ['float32', [3, 1, 14, 15]],
  );
});

test("the runtime itself tells the compiled network's names and free batch", async () => {
  const session = await ort.InferenceSession.create(
    writeModel(compile(twoAnswers(), [{ id: 'visualbackprop' }])),
    { logSeverityLevel: 4 },
  );
  const shapes = (list: readonly ort.InferenceSession.ValueMetadata[]) =>
    list.map((each) => [each.name, each.isTensor && each.type, each.isTensor && each.shape]);
  assert.deepEqual(shapes(session.inputMetadata), [['picture', 'float32', ['N', 2, 14, 15]]]);
  assert.deepEqual(shapes(session.outputMetadata), [
    ['angle', 'float32', ['N', 1]],
    ['brakes', 'float32', ['N', 3]],
    ['explanation', 'float32', ['N', 1, 14, 15]],
  ]);
  await session.release();
});

test('a compiled network that was written and read again gives the same bits', async () => {
  const compiled = compile(twoAnswers(), [{ id: 'visualbackprop' }]);
  const feeds = { picture: randomFloats([2, 2, 14, 15]) };
  assert.deepEqual(
    (await runNetwork(readModel(writeModel(compiled), 'again.onnx'), feeds))['explanation'],
    (await runNetwork(compiled, feeds))['explanation'],
  );
});

test('a fixed batch stays fixed', async () => {
  for (const batch of [1, 2]) {
    const compiled = compile(twoAnswers(batch), [{ id: 'visualbackprop' }]);
    assert.deepEqual(compiled.outputs.at(-1)!.shape, [batch, 1, 14, 15]);
    const picture = randomFloats([batch, 2, 14, 15]);
    const free = await runNetwork(compile(twoAnswers(), [{ id: 'visualbackprop' }]), { picture });
    assert.ok(
      relativeError(
        (await runNetwork(compiled, { picture }))['explanation']!.data,
        free['explanation']!.data,
      ) < 1e-5,
    );
  }
});

test('a picture in a batch has the mask that it has alone', async () => {
  const compiled = compile(twoAnswers(), [{ id: 'visualbackprop' }]);
  const size = 2 * 14 * 15;
  // Pictures of very different brightness, so that a shared normalisation would show.
  const pictures = [1, 100, 0.5, 7, 30].map(
    (brightness, index) => randomFloats([1, 2, 14, 15], index, 0, brightness).data as Float32Array,
  );
  const together = await runNetwork(compiled, {
    picture: floats(
      [5, 2, 14, 15],
      pictures.flatMap((each) => [...each]),
    ),
  });
  for (const [index, picture] of pictures.entries()) {
    assert.equal(picture.length, size);
    const alone = await runNetwork(compiled, { picture: floats([1, 2, 14, 15], picture) });
    const mask = together['explanation']!.data.subarray(index * 210, (index + 1) * 210);
    assert.ok(relativeError(mask, alone['explanation']!.data) < 1e-5, `picture ${index}`);
    assert.deepEqual(
      [Math.min(...mask), Math.abs(Math.max(...mask) - 1) < 1e-6],
      [0, true],
      `picture ${index}: up to ${Math.max(...mask)}`,
    );
  }
});

test("every level of the runtime's optimisation gives the same mask", async () => {
  const bytes = writeModel(compile(twoAnswers(), [{ id: 'visualbackprop' }]));
  const feeds = { picture: randomFloats([2, 2, 14, 15]) };
  const plain = await runNetwork(bytes, feeds, { graphOptimizationLevel: 'disabled' });
  for (const graphOptimizationLevel of ['basic', 'extended', 'all'] as const) {
    const outputs = await runNetwork(bytes, feeds, { graphOptimizationLevel });
    for (const name of ['angle', 'brakes', 'explanation'])
      assert.ok(
        relativeError(outputs[name]!.data, plain[name]!.data) < 1e-5,
        `${name}, ${graphOptimizationLevel}`,
      );
  }
});

test('a network of zeros has a mask of zeros', async () => {
  const outputs = await runNetwork(compile(zeroed(twoAnswers()), [{ id: 'visualbackprop' }]), {
    picture: randomFloats([2, 2, 14, 15]),
  });
  assert.deepEqual(new Set(outputs['explanation']!.data), new Set([0]));
});

/**
 * Convolutions that cut the picture into tiles: what is the same everywhere stays the same
 * everywhere.
 */
function tiles(): Model {
  const network = new Network({ seed: 6 });
  let value = network.input('picture', ['N', 3, 24, 40]);
  for (const [from, to] of [
    [3, 7],
    [7, 5],
    [5, 3],
  ] as const)
    value = network.node('Sigmoid', [
      network.convolution(value, { from, to }, { kernel: [2, 2], strides: [2, 2] }),
    ]);
  network.steering(value, 3 * 3 * 5);
  return network.model(['steering']);
}

test('a picture of one colour, which the network sees the same everywhere, has a mask of zeros and not of rounding', async () => {
  const compiled = compile(tiles(), [{ id: 'visualbackprop' }]);
  const plain = new Float32Array(3 * 24 * 40).fill(0.37);
  const drawn = randomFloats([1, 3, 24, 40]).data as Float32Array;
  for (const graphOptimizationLevel of ['disabled', 'all'] as const) {
    const mask = (
      await runNetwork(
        compiled,
        { picture: floats([2, 3, 24, 40], [...plain, ...drawn]) },
        { graphOptimizationLevel },
      )
    )['explanation']!.data;
    assert.deepEqual(new Set(mask.subarray(0, 960)), new Set([0]));
    assert.ok(Math.abs(Math.max(...mask.subarray(960)) - 1) < 1e-6);
  }
});

for (const [what, factor] of [
  ['faint', 2e-5],
  ['strong', 4e4],
] as const) {
  test(`twenty levels of ${what} activations neither vanish nor overflow`, async () => {
    const network = new Network({ seed: 8 });
    let value = network.input('picture', ['N', 1, 48, 50]);
    let scale = network.constant(floatTensor([], [factor]));
    for (let depth = 0; depth < 20; depth++) {
      const relu = network.node('Relu', [
        network.convolution(
          value,
          { from: depth === 0 ? 1 : 2, to: 2 },
          { kernel: [3, 3], pads: depth % 2 ? [0, 0, 0, 0] : [1, 1, 1, 1], bias: false },
        ),
      ]);
      // Each level as faint (strong) as the first: what the deepest see is brought to the size
      // again.
      const [back, forth] = [
        network.node('Div', [relu, network.node('ReduceMax', [relu], { axes: [1, 2, 3] })]),
        scale,
      ];
      value = network.node('Relu', [network.node('Mul', [back, forth])]);
      scale = network.constant(floatTensor([], [factor]));
    }
    network.steering(value, 2 * 28 * 30);
    const levels = await runNetwork(
      compile(network.model(['steering']), [{ id: 'visualbackprop' }]),
      { picture: randomFloats([2, 1, 48, 50]) },
    );
    for (const picture of [0, 1]) {
      const mask = levels['explanation']!.data.subarray(picture * 2400, (picture + 1) * 2400);
      assert.ok(mask.every((value) => value >= 0 && value <= 1 + 1e-6));
      assert.ok(Math.abs(Math.max(...mask) - 1) < 1e-6);
      assert.ok(new Set(mask).size > 1000, 'the mask has lost its detail');
    }
  });
}

test('pictures of bytes are explained through their Cast', async () => {
  const network = new Network();
  const image = network.input('picture', ['N', 12, 13, 3], DataType.uint8);
  const scaled = network.node('Div', [
    network.node('Cast', [image], { to: DataType.float }),
    network.constant(floatTensor([], [255])),
  ]);
  network.steering(
    network.node('Relu', [
      network.convolution(
        network.node('Transpose', [scaled], { perm: [0, 3, 1, 2] }),
        { from: 3, to: 4 },
        { kernel: [3, 3] },
      ),
    ]),
    440,
  );
  const bytes = Uint8Array.from(randomFloats([2 * 12 * 13 * 3], 5, 0, 256).data as Float32Array);
  const outputs = await runNetwork(
    compile(network.model(['steering']), [{ id: 'visualbackprop' }]),
    { picture: new ort.Tensor('uint8', bytes, [2, 12, 13, 3]) },
  );
  assert.deepEqual(outputs['explanation']!.dims, [2, 1, 12, 13]);
  assert.ok(Math.abs(Math.max(...outputs['explanation']!.data) - 1) < 1e-6);
});

test('float16 networks have a float32 mask', async () => {
  const network = new Network();
  const image = network.input('picture', ['N', 2, 12, 13], DataType.float16);
  const half = (value: string) => network.node('Cast', [value], { to: DataType.float16 });
  const maps = network.node('Relu', [
    network.node('Conv', [image, half(network.floats([4, 2, 3, 3], -0.35, 0.65))]),
  ]);
  network.node('ReduceMean', [maps], { axes: [1, 2, 3], keepdims: 0 }, 'steering');
  const compiled = compile(
    network.model([{ name: 'steering', type: DataType.float16, shape: ['N'] }]),
    [{ id: 'visualbackprop' }],
  );
  // One half in float16.
  const bits = Uint16Array.from({ length: 312 }, (_, index) => (index % 7 === 0 ? 0x3800 : 0));
  const outputs = await runNetwork(compiled, {
    picture: new ort.Tensor('float16', bits, [1, 2, 12, 13]),
  });
  assert.equal(outputs['explanation']!.type, 'float32');
  assert.ok(Math.abs(Math.max(...outputs['explanation']!.data) - 1) < 1e-6);
});

test('the picture is found by its form or by name, and every doubt is an error that lists the inputs', () => {
  const two = new Network({ name: 'two.onnx' });
  const [left, right] = [two.input('left', ['N', 3, 12, 13]), two.input('right', ['N', 3, 12, 13])];
  two.input('speed', ['N', 1]);
  const maps = [left, right].map((image) =>
    two.node('Relu', [two.convolution(image, { from: 3, to: 2 }, { kernel: [3, 3] })]),
  );
  two.steering(two.node('Concat', maps, { axis: 1 }), 440);
  const model = two.model(['steering']);
  assert.throws(
    () => compile(model, [{ id: 'visualbackprop' }]),
    refused('MODEL_INPUT_UNCLEAR', /two\.onnx.*left \[N, 3, 12, 13\], right.*speed/),
  );
  assert.throws(
    () => compile(model, [{ id: 'visualbackprop' }], { ...anySubject, inputTensor: 'middle' }),
    refused('MODEL_INPUT_UNCLEAR', /"middle"/),
  );
  assert.throws(
    () => compile(model, [{ id: 'visualbackprop' }], { ...anySubject, inputTensor: 'speed' }),
    refused('MODEL_INPUT_UNCLEAR', /"speed"/),
  );
  assert.equal(
    compile(model, [{ id: 'visualbackprop' }], { ...anySubject, inputTensor: 'right' }).outputs.at(
      -1,
    )!.name,
    'explanation',
  );
});

test('of two inputs the mask shows the one that was named', async () => {
  const two = new Network();
  const [left, right] = [two.input('left', ['N', 1, 12, 13]), two.input('right', ['N', 1, 12, 13])];
  const maps = [left, right].map((image) =>
    two.node('Relu', [two.convolution(image, { from: 1, to: 2 }, { kernel: [3, 3], bias: false })]),
  );
  two.steering(two.node('Concat', maps, { axis: 1 }), 440);
  const compiled = compile(two.model(['steering']), [{ id: 'visualbackprop' }], {
    ...anySubject,
    inputTensor: 'right',
  });
  const outputs = await runNetwork(compiled, {
    left: randomFloats([1, 1, 12, 13], 1),
    right: randomFloats([1, 1, 12, 13], 2),
  });
  const other = await runNetwork(compiled, {
    left: randomFloats([1, 1, 12, 13], 3),
    right: randomFloats([1, 1, 12, 13], 2),
  });
  assert.deepEqual(outputs['explanation']!.data, other['explanation']!.data);
});

test('an output or element that does not exist is an error that names what there is', () => {
  const model = twoAnswers();
  assert.throws(
    () => compile(model, [{ id: 'visualbackprop' }], { ...anySubject, outputTensor: 'throttle' }),
    refused('MODEL_OUTPUT_UNCLEAR', /"throttle".*angle, brakes/),
  );
  assert.throws(
    () =>
      compile(model, [{ id: 'visualbackprop' }], {
        ...anySubject,
        outputTensor: 'brakes',
        outputIndex: 3,
      }),
    refused('MODEL_OUTPUT_UNCLEAR', /3 elements per picture; there is no element 3/),
  );
  assert.throws(
    () => compile(model, [{ id: 'visualbackprop' }], { ...anySubject, outputIndex: -1 }),
    refused('MODEL_OUTPUT_UNCLEAR', /no element -1/),
  );
  assert.equal(
    compile(model, [{ id: 'visualbackprop' }], {
      ...anySubject,
      outputTensor: 'brakes',
      outputIndex: 2,
    }).outputs.length,
    3,
  );
});

test('a method that does not exist is an error that lists those that do', () => {
  assert.throws(
    () => compile(twoAnswers(), [{ id: 'visualbackprob' }]),
    refused('METHOD_UNKNOWN', /"visualbackprob"/),
  );
});

test('a compiled network is not compiled again', () => {
  const compiled = readModel(
    writeModel(compile(twoAnswers(), [{ id: 'visualbackprop' }])),
    'explained.onnx',
  );
  assert.throws(
    () => compile(compiled, [{ id: 'visualbackprop' }]),
    refused('MODEL_OUTPUT_UNCLEAR', /explained\.onnx already has .*"explanation"/),
  );
});

test('a network whose picture size is open is an error that shows it', () => {
  const network = new Network({ name: 'open.onnx' });
  network.node('Relu', [network.input('picture', ['N', 3, 'height', 'width'])], {}, 'out');
  assert.throws(
    () => compile(network.model(['out']), [{ id: 'visualbackprop' }]),
    refused('MODEL_SHAPE', /open\.onnx.*\[N, 3, height, width\]/),
  );
});

test('the names of Roadgaze never meet those of the network', async () => {
  const model = twoAnswers();
  const compiled = compile(model, [{ id: 'visualbackprop' }]);
  const added = compiled.nodes
    .slice(-6)
    .flatMap((node) => node.outputs)
    .find((name) => name.startsWith('roadgaze/'))!;
  const rename = (name: string) => (name === model.nodes[0]!.outputs[0] ? added : name);
  const tricky: Model = {
    ...model,
    nodes: model.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    })),
  };
  const feeds = { picture: randomFloats([1, 2, 14, 15]) };
  assert.deepEqual(
    (await runNetwork(compile(tricky, [{ id: 'visualbackprop' }]), feeds))['explanation']!.data,
    (await runNetwork(compiled, feeds))['explanation']!.data,
  );
});
