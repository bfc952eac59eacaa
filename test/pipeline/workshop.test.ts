import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import { Hand } from '../../server/pipeline/workshop/hands.ts';
import { inWorkshop } from '../../server/pipeline/workshop/workshop.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { ModelProto } from '../../server/onnx/schema.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import { greedyNetworks } from '../support/greedy-networks.ts';
import { writeDeepNetwork } from '../support/deep-network.ts';
import { Network } from '../support/network.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

test('networks that ask for too much are refused in the workshop as they are elsewhere', async (t) => {
  const folder = temporaryFolder(t);
  for (const [what, { bytes, code, words }] of Object.entries(greedyNetworks)) {
    const path = join(folder, 'greedy.onnx');
    writeFileSync(path, bytes());
    await assert.rejects(
      inWorkshop('compiled', { path, methods: [{ id: 'gradient' }], target: '+' }),
      (error) => error instanceof RoadgazeError && error.code === code && words.test(error.message),
      what,
    );
  }
});

test(
  'every hostile file is listed with one sentence, or without an error',
  { skip: sharedFolder ? false : 'the shared networks are not here' },
  async () => {
    const folder = join(sharedFolder!, 'real', 'hostile');
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.onnx'))) {
      const { error } = await inWorkshop('listing', { path: join(folder, name) });
      if (!error) continue;
      assert.notEqual(error.code, 'INTERNAL', `${name}: ${error.message}`);
      assert.match(error.message, /^[^\n]+\.$/, name);
    }
  },
);

type Given = Parameters<Hand['give']>;

test('who leaves ends the work on a network at once, and the next one is served', async (t) => {
  const folder = temporaryFolder(t);
  const stop = new AbortController();
  const give = t.mock.method(Hand.prototype, 'give', function (this: Hand, ...given: Given) {
    give.mock.restore();
    this.give(...given);
    stop.abort(new Error('left'));
  });
  const working = inWorkshop(
    'compiled',
    { path: writeDeepNetwork(folder, 4000), methods: [{ id: 'gradient' }], target: '+' },
    { signal: stop.signal },
  );
  await assert.rejects(working, { message: 'left' });
  const { nodes } = await inWorkshop('compiled', {
    path: writeSteeringNetwork(folder),
    methods: [{ id: 'gradient' }],
    target: '+',
  });
  assert.ok(nodes > 0);
});

test('a network in a list is checked as far as every method needs it', async (t) => {
  const folder = temporaryFolder(t);
  const network = new Network();
  network.steering(
    network.node('Relu', [
      network.convolution(
        network.input('image', ['N', 9, 8, 9]),
        { from: 9, to: 1 },
        { kernel: [3, 3] },
      ),
    ]),
    42,
  );
  const path = join(folder, 'stack.onnx');
  writeFileSync(path, network.bytes(['steering']));
  writeFileSync(
    join(folder, 'stack.json'),
    JSON.stringify({
      roadgaze: 2,
      kind: 'steering',
      inputs: { image: { picture: { frames: { count: 1 } } } },
    }),
  );
  const { error } = await inWorkshop('listing', { path });
  assert.match(
    error!.message,
    /has 9 channels; Roadgaze fills pictures of 1 \(grey\) or 3 \(colour\)\.$/,
  );
  assert.doesNotMatch(error!.message, /sidecar/);
});

test('work is measured by the processor time that it takes: too much is told with the limit, and the next one is served', async (t) => {
  const folder = temporaryFolder(t);
  const deep = writeDeepNetwork(folder, 4000);
  await assert.rejects(
    inWorkshop(
      'compiled',
      { path: deep, methods: [{ id: 'gradient' }], target: '+' },
      { seconds: 0.2 },
    ),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'MODEL_SHAPE' &&
      /takes more than 0 s of processor time/.test(error.message),
  );
  // A process that has worked for long already has its whole time for the next network.
  for (let i = 0; i < 3; i++) {
    const { nodes } = await inWorkshop(
      'compiled',
      { path: writeSteeringNetwork(folder), methods: [{ id: 'gradient' }], target: '+' },
      { seconds: 2 },
    );
    assert.ok(nodes > 0);
  }
});

/** A small network with so many further weights, which lie in weights.bin beside it. */
function writeWithWeightsBeside(folder: string, bytes: number): string {
  const path = writeSteeringNetwork(folder);
  const message = ModelProto.toObject(ModelProto.decode(readFileSync(path)), {
    arrays: true,
    defaults: false,
  }) as { graph: { initializer: object[] } };
  message.graph.initializer.push({
    name: 'beside',
    dataType: 1,
    dims: [bytes / 4],
    dataLocation: 1,
    externalData: [{ key: 'location', value: 'weights.bin' }],
  });
  writeFileSync(path, ModelProto.encode(ModelProto.fromObject(message)).finish());
  return path;
}

test('a network that takes more memory than its files are worth is ended with the limit, and the next one is served', async (t) => {
  const folder = temporaryFolder(t);
  const bytes = 1.2e9;
  const path = writeWithWeightsBeside(folder, bytes);
  // Holes, which take nothing on the disk.
  writeFileSync(join(folder, 'weights.bin'), '');
  truncateSync(join(folder, 'weights.bin'), bytes);
  await assert.rejects(
    inWorkshop('info', { path, kind: 'steering' }),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'MODEL_SHAPE' &&
      /^small\.onnx takes more than 734 MB of memory to be made ready, which is the limit for a file of its size\.$/.test(
        error.message,
      ),
  );
  const { nodes } = await inWorkshop('compiled', {
    path: writeSteeringNetwork(folder),
    methods: [{ id: 'gradient' }],
    target: '+',
  });
  assert.ok(nodes > 0);
});

test('weights beside a network count as its size: a large one opens, again and again', async (t) => {
  const folder = temporaryFolder(t);
  const bytes = 360e6;
  const path = writeWithWeightsBeside(folder, bytes);
  writeFileSync(join(folder, 'weights.bin'), new Uint8Array(bytes).fill(1));
  for (let i = 0; i < 2; i++)
    assert.equal((await inWorkshop('info', { path, kind: 'steering' })).source, 'small.onnx');
});

/** A value of 12 GB that an operator makes that Roadgaze does not read. */
function withWindowOf12GB(isRead: boolean): Network {
  const network = new Network({ opset: 17 });
  const features = network.node('Relu', [
    network.convolution(
      network.input('image', ['N', 3, 24, 32]),
      { from: 3, to: 4 },
      { kernel: [3, 3] },
    ),
  ]);
  const flat = network.node('Flatten', [network.node('GlobalAveragePool', [features])]);
  const steering = network.node('Gemm', [flat, network.floats([4, 1])]);
  const length = network.constant({
    type: DataType.int64,
    dims: [],
    data: BigInt64Array.of(3_000_000_000n),
  });
  network.node('HannWindow', [length], {}, 'window');
  const added = isRead
    ? network.node('ReduceMax', ['window'], { keepdims: 0 })
    : network.floats([], 0, 0);
  network.node('Add', [steering, added], {}, 'steering');
  return network;
}

const declared = { name: 'steering', type: DataType.float, shape: ['N', 1] };

const asFrames = {
  methods: [{ id: 'visualbackprop' }],
  video: { width: 64, height: 48, colorSpace: 'bt709' },
  scored: false,
};

test('a network whose operators are not all read runs in the workshop first: one that takes gigabytes is refused', async (t) => {
  const path = join(temporaryFolder(t), 'window.onnx');
  writeFileSync(path, withWindowOf12GB(true).bytes([declared]));
  await assert.rejects(
    inWorkshop('frames', { path, ...asFrames }),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'MODEL_SHAPE' &&
      error.message.startsWith('window.onnx takes more than 734 MB of memory'),
  );
});

test('what only other outputs of a network need is not run', async (t) => {
  const path = join(temporaryFolder(t), 'window.onnx');
  writeFileSync(path, withWindowOf12GB(false).bytes([declared, 'window']));
  const frames = await inWorkshop('frames', { path, ...asFrames });
  assert.equal(frames.missing, null);
  const model = readModel(frames.link.model, 'link.onnx');
  assert.deepEqual(
    model.nodes.filter(({ op }) => op === 'HannWindow'),
    [],
  );
});
