import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Model } from '../../server/onnx/graph.ts';
import { inferShapes } from '../../server/onnx/infer-shapes.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { ModelProto } from '../../server/onnx/schema.ts';
import { foldAffine } from '../../server/onnx/rewrite/fold-affine.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { compile } from '../../server/explain/compile.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network, randomNumbers } from '../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { sharedFolder } from '../support/paths.ts';

function smallNetwork(): Model {
  const network = new Network();
  const image = network.input('image', ['N', 1, 8, 9]);
  const normal = network.batchNormalization(image, 1);
  const pooled = network.node(
    'MaxPool',
    [network.node('Relu', [network.convolution(normal, { from: 1, to: 2 }, { kernel: [3, 3] })])],
    { kernel_shape: [2, 2], strides: [2, 2] },
  );
  network.steering(pooled, 18);
  return {
    ...network.model([{ name: 'steering', type: 1, shape: ['N', 1] }]),
    metadata: new Map([['author', 'test']]),
  };
}

const graphOf = ({ nodes, initializers, inputs, outputs, opset }: Model) => ({
  nodes,
  initializers,
  inputs,
  outputs,
  opset,
});

function assertPlain(error: unknown, codes?: readonly string[]): asserts error is RoadgazeError {
  assert.ok(
    error instanceof RoadgazeError,
    `not a plain error: ${error instanceof Error ? error.stack : String(error)}`,
  );
  if (codes) assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
  assert.doesNotMatch(error.message, /undefined|NaN|\[object|null/);
  assert.match(error.message, /[.]$/);
  assert.notEqual(error.hint, '');
}

/** Everything that happens to a model before it runs. */
function useModel(bytes: Uint8Array): void {
  const model = readModel(bytes, 'damaged.onnx');
  inferShapes(model);
  foldAffine(model);
  writeModel(compile(model, [{ id: 'visualbackprop' }]));
}

function assertWholeOrUnreadable(bytes: Uint8Array, length: number, whole: Model): void {
  let model: Model;
  try {
    model = readModel(bytes.subarray(0, length), whole.source);
  } catch (error) {
    assertPlain(error, length === 0 ? ['INPUT_EMPTY'] : ['MODEL_UNREADABLE']);
    return;
  }
  assert.deepEqual(graphOf(model), graphOf(whole), `cut after ${length} of ${bytes.length} bytes`);
}

test('a model that breaks off anywhere is unreadable, and never another network', () => {
  const bytes = writeModel(smallNetwork());
  const model = readModel(bytes, 'whole.onnx');
  for (let length = 0; length < bytes.length; length++)
    assertWholeOrUnreadable(bytes, length, model);
});

test('a model that names its operator set before the network may break off anywhere too', () => {
  const bytes = writeModel(smallNetwork());
  const model = readModel(bytes, 'whole.onnx');
  const message = ModelProto.decode(bytes) as unknown as { graph: unknown; opsetImport: unknown };
  const head = ModelProto.encode(
    ModelProto.fromObject({ irVersion: 8, opsetImport: [{ domain: '', version: model.opset }] }),
  ).finish();
  const reordered = Buffer.concat([
    head,
    ModelProto.encode(ModelProto.fromObject({ graph: message.graph })).finish(),
  ]);
  assert.deepEqual(graphOf(readModel(reordered, model.source)), graphOf(model));
  for (let length = 0; length < reordered.length; length++)
    assertWholeOrUnreadable(reordered, length, model);
});

for (const name of ['nethvf', 'pilotnet-elu']) {
  test(
    `${name} broken off is unreadable`,
    { skip: sharedFolder ? false : 'the shared networks are not here' },
    async () => {
      const bytes = await readFile(join(sharedFolder!, 'real', `${name}.onnx`));
      const whole = readModel(bytes, name);
      const random = randomNumbers(5);
      const lengths = [
        1,
        2,
        100,
        bytes.length >> 1,
        bytes.length - 40,
        bytes.length - 9,
        bytes.length - 8,
        bytes.length - 2,
        bytes.length - 1,
      ];
      for (let count = 0; count < 40; count++) lengths.push(Math.floor(random(0, bytes.length)));
      for (const length of lengths) assertWholeOrUnreadable(bytes, length, whole);
    },
  );
}

test('other kinds of files are unreadable', () => {
  const files = [
    'hello, this is no network\n',
    '{"roadgaze": 1}',
    '<!DOCTYPE html><html></html>',
    '\u0000\u0000\u0000\u0018ftypmp42',
    'PK\u0003\u0004',
    '\u0089PNG\r\n',
    '\n',
    '\u0008\u0008',
  ];
  for (const text of files)
    assert.throws(
      () => readModel(Buffer.from(text, 'latin1'), 'other.onnx'),
      (error) => {
        assertPlain(error, ['MODEL_UNREADABLE']);
        assert.match(error.message, /other\.onnx/);
        return true;
      },
    );
});

test('random bytes are unreadable', () => {
  const random = randomNumbers(11);
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from({ length: 1 + Math.floor(random(0, 200)) }, () =>
      Math.floor(random(0, 256)),
    );
    assert.throws(
      () => readModel(bytes, 'random.onnx'),
      (error) => {
        assertPlain(error, ['MODEL_UNREADABLE']);
        return true;
      },
    );
  }
});

test('a model with wrong bytes in it is read as what it then says, or refused in plain words', () => {
  const bytes = writeModel(smallNetwork());
  const random = randomNumbers(23);
  for (let round = 0; round < 4000; round++) {
    const wrong = Uint8Array.from(bytes);
    for (let count = 0; count <= round % 3; count++)
      wrong[Math.floor(random(0, wrong.length))] = Math.floor(random(0, 256));
    try {
      useModel(wrong);
    } catch (error) {
      assertPlain(error);
    }
  }
});

type Message = {
  graph: {
    node: {
      input: string[];
      output: string[];
      attribute: { name: string; type: number; [field: string]: unknown }[];
    }[];
    initializer: Record<string, unknown>[];
    input: { name: string; type: { tensorType: { shape: { dim: object[] } } } }[];
    output: { name: string }[];
  };
  opsetImport: { version: unknown }[];
};

const hostile: Readonly<Record<string, (message: Message) => void>> = {
  'a node that reads itself': ({ graph }) => {
    graph.node[1]!.input[0] = graph.node[1]!.output[0]!;
  },
  'a cycle': ({ graph }) => {
    graph.node[0]!.input[0] = graph.node[2]!.output[0]!;
  },
  'a value given by two nodes': ({ graph }) => {
    graph.node[2]!.output[0] = graph.node[1]!.output[0]!;
  },
  'a value that is an input and an output of a node': ({ graph }) => {
    graph.node[2]!.output[0] = 'image';
  },
  'a value from nowhere': ({ graph }) => {
    graph.node[1]!.input[0] = 'nowhere';
  },
  'an output from nowhere': ({ graph }) => {
    graph.output[0]!.name = 'nowhere';
  },
  'no outputs': ({ graph }) => {
    graph.output.length = 0;
  },
  'no nodes': ({ graph }) => {
    graph.node.length = 0;
  },
  'nodes without inputs': ({ graph }) => {
    for (const node of graph.node) node.input.length = 0;
  },
  'nodes without outputs': ({ graph }) => {
    graph.node[1]!.output.length = 0;
  },
  'weights of negative sizes': ({ graph }) => {
    graph.initializer[4]!['dims'] = [-1, -1, 1, -18];
  },
  'weights of huge sizes': ({ graph }) => {
    graph.initializer[4]!['dims'] = ['4611686018427387904', '4611686018427387904'];
  },
  'weights of fewer dimensions': ({ graph }) => {
    graph.initializer[4]!['dims'] = [18];
  },
  'weights of a type that does not exist': ({ graph }) => {
    graph.initializer[4]!['dataType'] = 77;
  },
  'text as weights': ({ graph }) => {
    graph.initializer[4]!['dataType'] = 8;
  },
  'weights in a file that is not at hand': ({ graph }) => {
    graph.initializer[4]!['dataLocation'] = 1;
  },
  'a picture of huge size': ({ graph }) => {
    graph.input[0]!.type.tensorType.shape.dim = [
      { dimParam: 'N' },
      { dimValue: 1 },
      { dimValue: '9007199254740993' },
      { dimValue: '9223372036854775807' },
    ];
  },
  'a picture of negative size': ({ graph }) => {
    graph.input[0]!.type.tensorType.shape.dim = [
      { dimParam: 'N' },
      { dimValue: 1 },
      { dimValue: -8 },
      { dimValue: -9 },
    ];
  },
  'a picture without a shape': ({ graph }) => {
    graph.input[0]!.type.tensorType = { shape: null as never };
  },
  'a picture without a type': ({ graph }) => {
    graph.input[0]!.type = null as never;
  },
  'an attribute that lacks its tensor': ({ graph }) => {
    graph.node[1]!.attribute.push({ name: 'value', type: 4 });
  },
  'an attribute that is a graph': ({ graph }) => {
    graph.node[2]!.attribute.push({ name: 'body', type: 5 });
  },
  'strides of zero': ({ graph }) => {
    graph.node[3]!.attribute.push({ name: 'strides', type: 7, ints: [0, 0] });
  },
  'a window of huge size': ({ graph }) => {
    graph.node[3]!.attribute.push(
      { name: 'kernel_shape', type: 7, ints: ['1000000000000', 5] },
      { name: 'pads', type: 7, ints: ['999999999999', 2, '999999999999', 2] },
    );
  },
  'a rectifier that became a power without an exponent': ({ graph }) => {
    Object.assign(
      graph.node.find((node) => node.input.length === 1)!,
      { opType: 'Pow' },
    );
  },
  'a rectifier that became a choice without its branches': ({ graph }) => {
    Object.assign(
      graph.node.find((node) => node.input.length === 1)!,
      { opType: 'Where' },
    );
  },
  'two inputs of one name, one of them without a shape': ({ graph }) => {
    graph.input.unshift({ ...graph.input[0]!, type: null as never });
  },
  'operator set 6': ({ opsetImport }) => {
    opsetImport[0]!.version = 6;
  },
  'a negative operator set': ({ opsetImport }) => {
    opsetImport[0]!.version = -3;
  },
};

for (const [what, change] of Object.entries(hostile)) {
  test(`a model with ${what} is refused in plain words`, () => {
    const message = ModelProto.toObject(ModelProto.decode(writeModel(smallNetwork())), {
      arrays: true,
      defaults: false,
    }) as Message;
    for (const node of message.graph.node) node.attribute ??= [];
    change(message);
    const bytes = ModelProto.encode(ModelProto.fromObject(message)).finish();
    assert.throws(
      () => useModel(bytes),
      (error) => {
        assertPlain(error);
        return true;
      },
    );
  });
}

test('a network that does not tell the type of its output runs, also once it is compiled', async () => {
  const original = smallNetwork();
  const model = readModel(
    writeModel({ ...original, outputs: [{ name: 'steering', type: 0, shape: null }] }),
    'untold.onnx',
  );
  const compiled = compile(model, [{ id: 'visualbackprop' }]);
  const image = randomFloats([1, 1, 8, 9]);
  const [before, after] = [
    await runNetwork(original, { image }),
    await runNetwork(compiled, { image }),
  ];
  assert.ok(relativeError(after['steering']!.data, before['steering']!.data) < 1e-5);
});

test('optional inputs that are written as left out, at the end of a node, are read as if they were not there', async () => {
  const network = new Network({ opset: 17 });
  const features = network.node('Relu', [
    network.convolution(
      network.input('image', ['N', 1, 8, 9]),
      { from: 1, to: 2 },
      { kernel: [3, 3] },
    ),
  ]);
  network.steering(
    network.node('LayerNormalization', [features, network.node('Softmax', [features]), '']),
    84,
  );
  const model = readModel(network.bytes(['steering']), 'left-out.onnx');
  assert.equal(model.nodes.find((node) => node.op === 'LayerNormalization')!.inputs.length, 2);
  // ONNX Runtime 1.30 ends the process where the empty name is left in.
  assert.ok(
    Number.isFinite(
      (await runNetwork(model, { image: randomFloats([1, 1, 8, 9]) }))['steering']!.data[0],
    ),
  );
});

test('nearly ten thousand nodes in reverse order are read', () => {
  const network = new Network();
  let value = network.input('x', ['N', 4]);
  for (let count = 0; count < 9_999; count++) value = network.node('Relu', [value]);
  const model = network.model([value]);
  const read = readModel(writeModel({ ...model, nodes: [...model.nodes].reverse() }), 'long.onnx');
  assert.deepEqual(
    read.nodes.map((node) => node.outputs[0]),
    model.nodes.map((node) => node.outputs[0]),
  );
  assert.equal(inferShapes(read).of(value).join(), 'N,4');
});

test('a thousand layers are folded and compiled', () => {
  const network = new Network();
  let value = network.input('image', ['N', 1, 8, 9]);
  for (let count = 0; count < 500; count++)
    value = network.node('Relu', [
      network.batchNormalization(
        network.convolution(value, { from: 1, to: 1 }, { kernel: [3, 3], pads: [1, 1, 1, 1] }),
        1,
      ),
    ]);
  network.steering(value, 72);
  const compiled = compile(network.model(['steering']), [{ id: 'visualbackprop' }]);
  assert.equal(compiled.nodes.filter((node) => node.op === 'BatchNormalization').length, 0);
});

test('forks upon forks are followed without counting every way through them', () => {
  const network = new Network();
  let value = network.node('Relu', [
    network.convolution(
      network.input('image', ['N', 1, 8, 9]),
      { from: 1, to: 2 },
      { kernel: [3, 3], pads: [1, 1, 1, 1] },
    ),
  ]);
  for (let count = 0; count < 60; count++)
    value = network.node('Add', [network.node('Relu', [value]), network.node('Neg', [value])]);
  network.steering(
    network.node('Relu', [network.convolution(value, { from: 2, to: 2 }, { kernel: [3, 3] })]),
    84,
  );
  writeModel(compile(network.model(['steering']), [{ id: 'visualbackprop' }]));
});
