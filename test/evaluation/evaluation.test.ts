import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readInput } from '../../server/cli/explain-input.ts';
import { measureMap, shiftSlope } from '../../server/evaluation/map-measures.ts';
import { brightness, nullMaps } from '../../server/evaluation/null-maps.ts';
import { relevancePlane } from '../../server/evaluation/relevance-plane.ts';
import { symmetricGain } from '../../server/evaluation/symmetric-relevance-gain.ts';
import type { TrustCard } from '../../server/evaluation/trust-card.ts';
import { compile } from '../../server/explain/compile.ts';
import { pictureGrid } from '../../server/explain/iterative/picture-grid.ts';
import { weightLayers, withRandomWeights } from '../../server/explain/random-weights.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import { pictureColors } from '../../server/pipeline/picture-colors.ts';
import { runNode } from '../setup/support.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, runNetwork, withNetwork } from '../support/onnx-runtime.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

const main = join(repositoryRoot, 'dist/node/server/cli/main.js');

test('layers are made random from the last one on, each the same however many are', async () => {
  const network = new Network({ seed: 3 });
  const image = network.input('image', ['N', 1, 8, 8]);
  const features = network.node('Relu', [
    network.convolution(image, { from: 1, to: 2 }, { kernel: [3, 3] }),
  ]);
  network.steering(features, 2 * 36);
  const model = network.model(['steering']);
  const layers = weightLayers(model, 'steering');
  assert.deepEqual(
    layers.map((names) => names.map((name) => model.initializers.get(name)!.dims)),
    [
      [[72, 1], [1]],
      [[2, 1, 3, 3], [2]],
    ],
  );
  const [one, both] = [1, 2].map((count) =>
    withRandomWeights(model, 'steering', { layers: count, seed: 4 }),
  );
  const data = (of: typeof model, name: string) => of.initializers.get(name)!.data as Float32Array;
  const size = (values: Float32Array) =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const [last, first] = [layers[0]![0]!, layers[1]![0]!];
  assert.deepEqual(data(one!, first), data(model, first));
  assert.notDeepEqual(data(one!, last), data(model, last));
  assert.deepEqual(data(both!, last), data(one!, last));
  assert.notDeepEqual(data(both!, first), data(model, first));
  assert.ok(Math.abs(size(data(one!, last)) / size(data(model, last)) - 1) < 0.25);

  // VisualBackProp reads the convolutions alone: it does not see what comes behind them.
  const picture = { image: randomFloats([1, 1, 8, 8]) };
  const mapOf = async (of: typeof model, id: string) =>
    (await runNetwork(compile(of, [{ id }]), picture))['explanation']!.data;
  const shown = await mapOf(model, 'visualbackprop');
  assert.deepEqual(await mapOf(one!, 'visualbackprop'), shown);
  assert.notDeepEqual(await mapOf(both!, 'visualbackprop'), shown);
  assert.notDeepEqual(await mapOf(one!, 'gradient'), await mapOf(model, 'gradient'));
});

test('weights behind other nodes are found, and those that are no floats change places', () => {
  const network = new Network();
  const image = network.input('image', ['N', 4]);
  const bytes = network.constant({
    type: DataType.int8,
    dims: [4, 3],
    data: Int8Array.from({ length: 12 }, (_, index) => index - 5),
  });
  const weights = network.node('DequantizeLinear', [
    bytes,
    network.constant({ type: DataType.float, dims: [], data: Float32Array.of(0.5) }),
    network.constant({ type: DataType.int8, dims: [], data: Int8Array.of(0) }),
  ]);
  network.node('MatMul', [image, weights], {}, 'steering');
  const model = network.model(['steering']);
  assert.deepEqual(weightLayers(model, 'steering'), [[bytes]]);
  const { data } = withRandomWeights(model, 'steering', { layers: 1, seed: 1 }).initializers.get(
    bytes,
  )!;
  assert.notDeepEqual(data, model.initializers.get(bytes)!.data);
  assert.deepEqual(
    [...(data as Int8Array)].sort((a, b) => a - b),
    [...(model.initializers.get(bytes)!.data as Int8Array)],
  );
});

/** Boards that the shortcut network steers by, in frame 93 of the drive, in its own pixels. */
const BOARDS = [
  [26, 0, 55, 25],
  [84, 4, 102, 17],
  [124, 6, 134, 12],
] as const;

test('on the demo’s shortcut network the boards beat every map that knows nothing, and the road does not', async () => {
  const modelPath = join(repositoryRoot, 'recordings/networks/pilotnet-shortcut.onnx');
  const network = await loadNetwork(modelPath, 'steering');
  const { image, model } = network;
  const drive = join(repositoryRoot, 'recordings/drives/misleading-signs.mp4');
  const { picture } = await readInput(drive, network, { frame: 93 });
  const grid = pictureGrid(image);
  const size = grid.width * grid.height;
  const dims = [1, image.channels, image.height, image.width];
  const boards = new Float32Array(size).map((_, place) => {
    const [x, y] = [place % grid.width, Math.floor(place / grid.width)];
    return BOARDS.some(([x0, y0, x1, y1]) => x >= x0 && x < x1 && y >= y0 && y < y1) ? 1 : 0;
  });
  const gray = brightness(pictureColors(network, image, picture, { isOfVideo: true }));
  const road = Uint8Array.from({ length: size }, (_, place) =>
    Math.floor(place / grid.width) > 20 && boards[place] === 0 ? 255 : 0,
  );
  const vbp = (
    await runNetwork(compile(model, [{ id: 'visualbackprop' }]), {
      [image.name]: floats(dims, picture),
    })
  )['explanation']!;
  await withNetwork(model, async (run) => {
    const predict = async (pictures: readonly Float32Array[]) => {
      const answers = new Float64Array(pictures.length);
      for (const [index, each] of pictures.entries())
        answers[index] =
          ((await run({ [image.name]: floats(dims, each) }))['steering']!.data[0]! * 0.5 * 180) /
          Math.PI;
      return answers;
    };
    const answer = (await predict([picture]))[0]!;
    const salient = new Uint8Array(size);
    const whole = await shiftSlope(predict, { picture, grid, salient, which: 'whole', answer });
    const scoreOf = (plane: Float32Array) =>
      measureMap(predict, {
        picture,
        grid,
        answer,
        plane,
        road,
        fills: ['road'],
        seed: 1,
        whole,
      });
    const right = await scoreOf(boards);
    const gainOf = (score: typeof right) => symmetricGain(score.gains.get('road')!.curves);
    for (const [id, plane] of nullMaps({ gray, size: grid, road, seed: 1 })) {
      const other = await scoreOf(plane);
      assert.ok(gainOf(right) > gainOf(other) + 2, `${id}: ${gainOf(other)} of ${gainOf(right)}`);
    }
    const shown = await scoreOf(
      relevancePlane('visualbackprop', { values: vbp.data, dims: vbp.dims }, image),
    );
    // It marks the boards, so most of its mass is off the road.
    assert.equal(right.mass, 0);
    assert.ok(shown.mass! < 0.5);
    // Moving the boards turns the wheel, and moving all but them does not do so the same way.
    assert.ok(Math.abs(right.shift.salient) > Math.abs(right.shift.rest));
  });
});

function setUp(t: TestContext): { folder: string; model: string; out: string } {
  const folder = temporaryFolder(t);
  const model = writeSteeringNetwork(folder, {
    sidecar: {
      roadgaze: 1,
      kind: 'steering',
      name: 'Small <b>net</b>',
      input: { color: 'gray', scale: 1 / 255 },
      output: { unit: 'rad', positive: 'left' },
    },
  });
  return { folder, model, out: join(folder, 'out') };
}

test('evaluate writes a card as JSON and as a page that needs nothing else, and tells it in 80 columns', async (t) => {
  const { folder, model, out } = setUp(t);
  const clip = await makeNumberedClip(join(folder, 'clip.mp4'), { frames: 20 });
  const args = ['--methods', 'visualbackprop,gradient,occlusion,cam', '--frames', '6'];
  const more = ['--fills', 'mean,road', '--provider', 'cpu', '--workers', '1'];
  const command = [main, 'evaluate', clip, '--model', model, '-o', out, ...args, ...more];
  const { status, stdout, stderr } = await runNode(command);
  assert.equal(status, 0, stderr);
  // 3 methods and 5 null maps: what is expected is told before it starts.
  assert.match(stderr, /^3 methods and 5 maps that know nothing, on 6 frames: about \d+ passes/);
  assert.deepEqual(readdirSync(out).sort(), ['evaluation.html', 'evaluation.json']);
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
  const card = JSON.parse(readFileSync(join(out, 'evaluation.json'), 'utf8')) as TrustCard;
  assert.deepEqual([card.unit, card.network.name], ['deg', 'Small <b>net</b>']);
  assert.deepEqual(
    card.unsuited.map(({ id }) => id),
    ['cam'],
  );
  const scores = new Map(card.maps.map((map) => [map.id, map]));
  assert.deepEqual(
    card.maps.map(({ isNull }) => isNull),
    [false, false, false, true, true, true, true, true],
  );
  assert.deepEqual(card.settings.randomLayers, [1, 2, 3]);
  const similarity = (id: string) => scores.get(id)!.randomisation!.similarity;
  assert.deepEqual(
    [similarity('visualbackprop')[0], similarity('gradient')[0]! < 0.999],
    [1, true],
  );
  assert.equal(scores.get('occlusion')!.randomisation, null);
  // Of six frames the first and the sixth are explained by methods of many passes.
  assert.deepEqual(
    ['gradient', 'occlusion', 'null-random'].map((id) => scores.get(id)!.frames),
    [6, 2, 6],
  );
  for (const { id, gains, faithful, cost, isNull, sensitivity } of card.maps) {
    assert.deepEqual(Object.keys(gains), ['mean', 'road']);
    assert.ok(Math.abs((gains.mean!.faithful + gains.road!.faithful) / 2 - faithful) < 1e-12, id);
    assert.ok(Math.abs(faithful) <= 1);
    assert.equal(cost !== null, !isNull);
    assert.equal(sensitivity !== null, ['visualbackprop', 'gradient'].includes(id));
  }
  const page = readFileSync(join(out, 'evaluation.html'), 'utf8');
  assert.ok(page.includes('Small &lt;b&gt;net&lt;/b&gt;') && !page.includes('<b>'));
  assert.doesNotMatch(page, /(?:src|href)="(?!data:image\/png;base64,|#)|url\(|@import|<script/);
  for (const { id } of card.maps) assert.ok(page.includes(`<section id="${id}">`));
  // The picture, and each of the maps, on two frames.
  assert.equal(page.split('data:image/png').length - 1, 2 * (1 + card.maps.length));
});

test('evaluate that is interrupted leaves nothing behind, and a slip is told before the work', async (t) => {
  const { folder, model, out } = setUp(t);
  const clip = await makeNumberedClip(join(folder, 'clip.mp4'), { frames: 20 });
  const command = [main, 'evaluate', clip, '--model', model, '-o', out];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  await once(child.stderr, 'data');
  child.kill('SIGINT');
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 130);
  assert.deepEqual(readdirSync(out), []);
  const { status: failed, stderr } = await runNode([...command, '--fills', 'mean,white']);
  assert.equal(failed, 2);
  assert.match(stderr, /^error USAGE: --fills knows no "white"/);
});
