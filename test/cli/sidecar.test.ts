import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { proposeSidecar } from '../../server/inference/propose-sidecar.ts';
import { parseSidecar } from '../../server/inference/sidecar.ts';
import { loadModel } from '../../server/onnx/load-model.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import { graphOnFloats } from '../../server/pipeline/passes-graph.ts';
import { METHODS } from '../../shared/methods.ts';
import { Network } from '../support/network.ts';
import { temporaryFolder } from '../support/paths.ts';
import { roadgaze } from '../support/warm-cli.ts';

const sidecar = (...args: string[]) => roadgaze('sidecar', ...args);

function writeNetwork(folder: string): string {
  const network = new Network({ name: 'car.onnx' });
  const picture = network.input('img_in', ['N', 12, 16, 3]);
  network.input('keep_prob', []);
  network.input('is_training', [], DataType.bool);
  network.input('speed_in', ['M', 1]);
  network.input('command', ['K', 4]);
  const planes = network.node('Transpose', [picture], { perm: [0, 3, 1, 2] });
  const seen = network.node('Flatten', [
    network.node('Relu', [network.convolution(planes, { from: 3, to: 2 }, { kernel: [3, 3] })]),
  ]);
  const training = network.node('Cast', ['is_training'], { to: DataType.float });
  const kept = network.node('Mul', [network.node('Add', [seen, training]), 'keep_prob']);
  const all = network.node('Concat', [kept, 'speed_in', 'command'], { axis: 1 });
  const head = (bins: number, name: string) =>
    network.node(
      'Softmax',
      [network.node('Gemm', [all, network.floats([2 * 10 * 14 + 5, bins])])],
      { axis: 1 },
      name,
    );
  head(20, 'throttle_out');
  head(15, 'angle_out');
  const path = join(folder, 'car.onnx');
  writeFileSync(
    path,
    network.bytes([
      { name: 'throttle_out', type: 1, shape: ['N', 20] },
      { name: 'angle_out', type: 1, shape: ['N', 15] },
    ]),
  );
  return path;
}

test('a sidecar is proposed for every input and the steering output, written once, and opens the network', async (t) => {
  const path = writeNetwork(temporaryFolder(t));
  const shown = await sidecar(path, '--preset', 'donkeycar');
  assert.deepEqual([shown.status, shown.stderr], [0, '']);
  assert.match(shown.stdout, /img_in float \[N, 12, 16, 3\]: the picture, as donkeycar makes it/);
  assert.match(shown.stdout, /throttle_out float \[N, 20\]: not explained/);
  const [, proposed] = /^(\{\n[^]*^\})$/m.exec(shown.stdout)!;
  assert.equal(parseSidecar(proposed!, 'shown').output?.tensor, 'angle_out');

  const written = await sidecar(path, '--preset', 'donkeycar', '--write');
  assert.deepEqual([written.status, written.stderr], [0, '']);
  const { feeds, input, output } = parseSidecar(
    readFileSync(path.replace('.onnx', '.json'), 'utf8'),
    'car.json',
  );
  assert.deepEqual(feeds, {
    keep_prob: { constant: 1 },
    is_training: { constant: 0 },
    speed_in: { signal: 'speed', unit: 'm/s', otherwise: 0 },
    command: { signal: 'command', oneHot: 4, otherwise: 0 },
  });
  assert.deepEqual(input, { tensor: 'img_in', scale: 1 / 255 });
  assert.deepEqual(output, {
    tensor: 'angle_out',
    bins: { from: -1, to: 1, read: 'argmax' },
    quantity: 'normalized',
    unit: '1',
    positive: 'right',
  });
  const network = await loadNetwork(path, 'steering');
  assert.doesNotThrow(() => graphOnFloats(network, [{ id: 'gradient' }], '+'));

  const again = await sidecar(path, '--write');
  assert.equal(again.status, 2);
  assert.match(again.stderr, /car\.json is there already/);
});

test('frames, cameras and state are proposed by names and shapes, and open the network', async (t) => {
  const folder = temporaryFolder(t);
  const network = new Network({ name: 'seeing.onnx' });
  const left = network.input('left', ['N', 9, 12, 16]);
  const right = network.input('right', ['N', 2, 3, 12, 16]);
  const state = network.input('h_in', [1, 6]);
  const seen = [left, network.node('Reshape', [right, network.ints(-1, 6, 12, 16)])].map(
    (planes, index) =>
      network.node('Flatten', [
        network.node('Relu', [
          network.convolution(planes, { from: index ? 6 : 9, to: 2 }, { kernel: [3, 3] }),
        ]),
      ]),
  );
  const all = network.node('Concat', [...seen, state], { axis: 1 });
  network.node('Gemm', [all, network.floats([2 * 2 * 140 + 6, 6])], {}, 'h_out');
  network.node('Gemm', ['h_out', network.floats([6, 1])], {}, 'steering');
  const path = join(folder, 'seeing.onnx');
  writeFileSync(
    path,
    network.bytes([
      { name: 'steering', type: 1, shape: ['N', 1] },
      { name: 'h_out', type: 1, shape: [1, 6] },
    ]),
  );
  const { model } = await loadModel(path);
  const { text } = proposeSidecar(model, null);
  const frames = (count: number, along: number | string) => ({
    count,
    step: 1,
    along,
    order: 'oldest-first',
  });
  assert.deepEqual(JSON.parse(text).inputs, {
    left: { picture: { camera: 'left', frames: frames(3, 'channels') } },
    right: { picture: { camera: 'right', frames: frames(2, 1) } },
    h_in: { state: 'h_out', start: 0, warmUp: 20 },
  });
  writeFileSync(join(folder, 'seeing.json'), text);
  const opened = await loadNetwork(path, 'steering');
  assert.doesNotThrow(() => graphOnFloats(opened, [{ id: 'gradient' }], '+'));
});

test('networks are listed with what they are fed with, and what explains them', async (t) => {
  const folder = temporaryFolder(t);
  writeNetwork(folder);
  writeFileSync(join(folder, 'car2.onnx'), 'no network');
  const networks = (...args: string[]) => roadgaze('networks', ...args);
  const [shown, told, table] = await Promise.all([
    networks(folder),
    networks(folder, '--json'),
    networks(join(folder, 'car.onnx'), '--markdown'),
  ]);
  assert.deepEqual([shown.status, shown.stderr], [0, '']);
  assert.match(
    shown.stdout,
    /^car\.onnx\n {2}fed with {2}img_in: the picture, 3 × 12 × 16; keep_prob: 1; is_training: 0; speed_in: signal speed; command: signal command\n {4}it has no sidecar yet/,
  );
  assert.match(shown.stdout, /\n {2}methods {3}visualbackprop, gradient, /);
  assert.match(shown.stdout, /\n {2}not {7}attnlrp, attention-rollout: AttnLRP is made for/);
  assert.match(shown.stdout, /\ncar2\.onnx\n {2}cannot be used: .*\n {4}→ /);
  assert.match(shown.stdout, /\n1 of 2 networks can be used\n$/);

  const [car, other] = JSON.parse(told.stdout) as {
    file: string;
    needsSidecar: boolean;
    explains: string;
    error: { code: string } | null;
    methods: { id: string; error: { code: string } | null }[];
  }[];
  assert.deepEqual(
    [car!.file, car!.needsSidecar, car!.explains, car!.error],
    ['car.onnx', true, 'the bin of output "angle_out" that wins', null],
  );
  const refused = car!.methods.filter(({ error }) => error !== null);
  assert.deepEqual(
    refused.map(({ id, error }) => [id, error!.code]),
    ['cam', 'attnlrp', 'attention-rollout'].map((id) => [id, 'METHOD_UNSUITED']),
  );
  assert.equal(car!.methods.length, METHODS.length);
  assert.equal(other!.error?.code, 'MODEL_UNREADABLE');
  assert.match(
    table.stdout,
    new RegExp(
      `^\\| network .*\\n\\| -+ .*\\n\\| \`.*car\\.onnx\` \\| img_in: .* \\| ${METHODS.length - 3} of ${METHODS.length} \\|`,
    ),
  );
});
