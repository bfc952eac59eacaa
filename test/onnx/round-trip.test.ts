import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import type { Attribute, Model } from '../../server/onnx/graph.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { ModelProto } from '../../server/onnx/schema.ts';
import {
  DataType,
  floatTensor,
  int64Tensor,
  tensorNumbers,
  type Tensor,
} from '../../server/onnx/tensor.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, runNetwork } from '../support/onnx-runtime.ts';
import { sharedFolder } from '../support/paths.ts';

const real = [
  { name: 'nethvf', dims: [2, 1, 125, 640], high: 1 },
  { name: 'pilotnet-elu', dims: [2, 66, 200, 3], high: 255 },
  { name: 'lane-segmentation', dims: [1, 80, 160, 3], high: 255 },
];

for (const { name, dims, high } of real) {
  test(
    `${name} gives the same bits after reading and writing`,
    { skip: sharedFolder ? false : 'the shared networks are not here' },
    async () => {
      const bytes = await readFile(join(sharedFolder!, 'real', `${name}.onnx`));
      const feeds = { image: randomFloats(dims, 3, 0, high) };
      const before = await runNetwork(bytes, feeds);
      const after = await runNetwork(writeModel(readModel(bytes, name)), feeds);
      assert.deepEqual(Object.keys(after), Object.keys(before));
      for (const output of Object.keys(before)) {
        assert.deepEqual(after[output]!.dims, before[output]!.dims);
        assert.deepEqual(after[output]!.data, before[output]!.data);
      }
    },
  );
}

/**
 * The message of a network that gives the constant `value` out again, with the tensor in the form
 * given.
 */
function constantModel(tensor: Record<string, unknown>): Uint8Array {
  const type = { tensorType: { elemType: tensor['dataType'] } };
  const message = ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: 'constants',
      node: [{ opType: 'Identity', input: ['value'], output: ['out'] }],
      initializer: [{ name: 'value', ...tensor }],
      output: [{ name: 'out', type }],
    },
  });
  return ModelProto.encode(message).finish();
}

const bytesOf = (data: ArrayBufferView) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const tensorForms: Readonly<Record<string, Record<string, unknown>>> = {
  'float32 as raw data': {
    dataType: 1,
    dims: [3],
    rawData: bytesOf(Float32Array.of(1.5, -2, 3e-39)),
  },
  'float32 as a list': { dataType: 1, dims: [1, 2], floatData: [1.5, -2] },
  'float64 as raw data': {
    dataType: 11,
    dims: [2],
    rawData: bytesOf(Float64Array.of(0.1, -1e300)),
  },
  'float64 as a list': { dataType: 11, dims: [2], doubleData: [0.1, -1e300] },
  'float16 as raw data': {
    dataType: 10,
    dims: [2],
    rawData: bytesOf(Uint16Array.of(0x3c00, 0xc000)),
  },
  'float16 as a list': { dataType: 10, dims: [2], int32Data: [0x3c00, 0xc000] },
  'int64 as raw data': {
    dataType: 7,
    dims: [2],
    rawData: bytesOf(BigInt64Array.of(2n ** 63n - 1n, -5n)),
  },
  'int64 as a list': {
    dataType: 7,
    dims: [3],
    int64Data: ['9223372036854775807', '-9223372036854775808', '7'],
  },
  'uint64 as a list': { dataType: 13, dims: [1], uint64Data: ['18446744073709551615'] },
  'uint32 as a list': { dataType: 12, dims: [1], uint64Data: [4294967295] },
  'int32 as a list': { dataType: 6, dims: [2], int32Data: [-3, 4] },
  'uint8 as a list': { dataType: 2, dims: [2], int32Data: [0, 255] },
  'int8 as a list': { dataType: 3, dims: [2], int32Data: [-128, 127] },
  'int16 as a list': { dataType: 5, dims: [2], int32Data: [-300, 300] },
  'uint16 as a list': { dataType: 4, dims: [1], int32Data: [65535] },
  'bool as a list': { dataType: 9, dims: [2], int32Data: [1, 0] },
  'bool as raw data': { dataType: 9, dims: [2], rawData: Uint8Array.of(0, 1) },
  'a scalar': { dataType: 1, dims: [], floatData: [4] },
  'an empty list': { dataType: 7, dims: [0] },
};

for (const [form, tensor] of Object.entries(tensorForms)) {
  test(`a constant of ${form} is the same after reading and writing`, async () => {
    const bytes = constantModel(tensor);
    const written = writeModel(readModel(bytes, 'constants.onnx'));
    const [before, after] = [await runNetwork(bytes, {}), await runNetwork(written, {})];
    assert.deepEqual(
      [after['out']!.type, after['out']!.dims, after['out']!.data],
      [before['out']!.type, before['out']!.dims, before['out']!.data],
    );
  });
}

test('whole numbers keep all their 64 bits', () => {
  const model = readModel(constantModel(tensorForms['int64 as a list']!), 'constants.onnx');
  assert.deepEqual(
    model.initializers.get('value')!.data,
    BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n), 7n),
  );
});

test('every kind of attribute is the same after writing and reading', () => {
  const kinds: readonly [string, Attribute][] = [
    ['float', { kind: 'float', value: 0.25 }],
    ['int', { kind: 'int', value: -(2n ** 63n) }],
    ['string', { kind: 'string', value: 'SAME_UPPER é 車' }],
    ['floats', { kind: 'floats', value: [0.5, -2] }],
    ['ints', { kind: 'ints', value: [2n ** 63n - 1n, -1n, 0n] }],
    ['strings', { kind: 'strings', value: ['a', '', '道'] }],
    ['none', { kind: 'ints', value: [] }],
    ['tensor', { kind: 'tensor', value: floatTensor([2, 1], [1, 2]) }],
  ];
  const network = new Network();
  network.nodeOf(
    'Special',
    [network.input('image', ['N', 3]), '', 'w'],
    new Map(kinds),
    ['out', '', 'second'],
    'com.example',
  );
  network.constant(int64Tensor([1, 2, 3]), 'w');
  const model: Model = {
    ...network.model(['out']),
    otherOpsets: new Map([['com.example', 2]]),
    metadata: new Map([
      ['roadgaze', '{"roadgaze":1}'],
      ['author', 'é'],
    ]),
  };
  assert.deepEqual(readModel(writeModel(model), model.source), model);
});

test('nodes may stand in any order in the file', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 1, 6, 6]);
  network.steering(
    network.node('Relu', [network.convolution(image, { from: 1, to: 2 }, { kernel: [3, 3] })]),
    32,
  );
  const model = network.model(['steering']);
  const feeds = { image: randomFloats([1, 1, 6, 6]) };
  const expected = await runNetwork(model, feeds);
  const reversed = readModel(
    writeModel({ ...model, nodes: [...model.nodes].reverse() }),
    'reversed.onnx',
  );
  assert.deepEqual(
    reversed.nodes.map((node) => node.op),
    model.nodes.map((node) => node.op),
  );
  assert.deepEqual(
    (await runNetwork(reversed, feeds))['steering']!.data,
    expected['steering']!.data,
  );
});

test('initializers that are listed as inputs too, as old exporters do, are no inputs', () => {
  const network = new Network();
  const weights = network.floats([2, 2]);
  network.node('MatMul', [network.input('row', ['N', 2]), weights], {}, 'out');
  const model = network.model(['out']);
  const bytes = writeModel({
    ...model,
    inputs: [...model.inputs, { name: weights, type: 1, shape: [2, 2] }],
  });
  assert.deepEqual(
    readModel(bytes, 'old.onnx').inputs.map((input) => input.name),
    ['row'],
  );
});

test('a compiled-in domain of ONNX is ONNX, and others keep their names', () => {
  const message = ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [
      { domain: 'ai.onnx', version: 13 },
      { domain: 'ai.onnx.ml', version: 3 },
    ],
    graph: {
      node: [{ opType: 'Relu', domain: 'ai.onnx', input: ['x'], output: ['y'] }],
      input: [
        {
          name: 'x',
          type: {
            tensorType: {
              elemType: 1,
              shape: { dim: [{ dimParam: 'N' }, {}, { dimValue: 0 }, { dimValue: -1 }] },
            },
          },
        },
      ],
      output: [{ name: 'y' }],
    },
  });
  const model = readModel(ModelProto.encode(message).finish(), 'domains.onnx');
  assert.deepEqual(
    [model.opset, [...model.otherOpsets], model.nodes[0]!.domain],
    [13, [['ai.onnx.ml', 3]], ''],
  );
  assert.deepEqual(
    model.inputs[0]!.shape,
    ['N', 'x.1', 'x.2', 'x.3'],
    'open sizes have names of their own',
  );
});

test('float16 weights reach the runtime unchanged, and are read as the numbers they are', async () => {
  const network = new Network();
  const half: Tensor = { type: DataType.float16, dims: [2], data: Uint16Array.of(0x3c00, 0x4000) };
  const cast = network.node('Cast', [network.input('x', ['N', 2])], { to: DataType.float16 });
  const scaled = network.node('Mul', [cast, network.constant(half)]);
  network.node('Cast', [scaled], { to: DataType.float }, 'out');
  const model = readModel(network.bytes(['out']), 'half.onnx');
  assert.deepEqual(
    [...(await runNetwork(model, { x: floats([1, 2], [3, 5]) }))['out']!.data],
    [3, 10],
  );
  assert.deepEqual(tensorNumbers(half), [1, 2]);
});

test('the written file is one that ONNX Runtime accepts with its strictest checks', async () => {
  const network = new Network({ opset: 17 });
  network.node('Softmax', [network.input('x', ['N', 5])], { axis: -1 }, 'out');
  const session = await ort.InferenceSession.create(
    network.bytes([{ name: 'out', type: 1, shape: ['N', 5] }]),
    { extra: { session: { strict_shape_type_inference: '1' } } },
  );
  assert.deepEqual([session.inputNames, session.outputNames], [['x'], ['out']]);
  await session.release();
});
