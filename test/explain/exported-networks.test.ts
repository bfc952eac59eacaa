import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { compiledMethods } from '../../server/explain/methods.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { proposeSidecar } from '../../server/inference/propose-sidecar.ts';
import { parseSidecar } from '../../server/inference/sidecar.ts';
import type { ValueInfo } from '../../server/onnx/graph.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { floats, runNetwork, type Feeds } from '../support/onnx-runtime.ts';
import { repositoryRoot } from '../support/paths.ts';

/** What the scripts in `fixtures` keep of what a framework computes. */
interface Kept {
  readonly largest: number;
  readonly every: number;
  readonly values: readonly number[];
  readonly waves: readonly [number, number];
}
interface Reference {
  readonly shape: readonly number[];
  readonly answer: number;
  readonly gradient?: Kept;
  readonly attnlrp?: Kept;
}

const folder = join(repositoryRoot, 'test/explain/fixtures/exported');
const references = ['torch', 'keras'].flatMap((framework) =>
  Object.entries(
    JSON.parse(readFileSync(join(folder, `references-${framework}.json`), 'utf8')) as Record<
      string,
      Reference
    >,
  ),
);

const TURNS = [0.7, 0.013] as const;

/** As `picture` in `fixtures/reference.py`; Keras' pictures are in 0 … 1. */
function pictureOf(shape: readonly number[], largest: number): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = Float32Array.from(
    { length: count },
    (_, index) => (((index * 7919) % 1009) / 1009) * 255,
  );
  return largest === 255 ? bytes : bytes.map((value) => value / 255);
}

/** The largest difference, as a part of the largest value, or of the waves' own size. */
function differenceOf(values: ArrayLike<number>, kept: Kept): number {
  const list = Array.from(values);
  const picked = list.filter((_, index) => index % kept.every === 0);
  const size = Math.sqrt(list.reduce((sum, value) => sum + value * value, 0) / 2);
  return Math.max(
    ...picked.map((value, index) => Math.abs(value - kept.values[index]!) / kept.largest),
    ...TURNS.map(
      (turn, at) =>
        Math.abs(
          list.reduce((sum, value, index) => sum + value * Math.sin(index * turn), 0) -
            kept.waves[at]!,
        ) / size,
    ),
  );
}

/**
 * Frames [T, H, W, C], as Keras has them, in the order of planes [T, C, H, W], as Roadgaze feeds
 * them; or back.
 */
function inPlanes(
  values: ArrayLike<number>,
  [frames, height, width, channels]: readonly number[],
  back = false,
): Float32Array {
  const plane = height! * width!;
  const moved = new Float32Array(values.length);
  for (let frame = 0; frame < frames!; frame++)
    for (let place = 0; place < plane; place++)
      for (let channel = 0; channel < channels!; channel++) {
        const last = (frame * plane + place) * channels! + channel;
        const first = (frame * channels! + channel) * plane + place;
        if (back) moved[last] = values[first]!;
        else moved[first] = values[last]!;
      }
  return moved;
}

/** Every method but those that are made for other networks. */
const ELSEWHERE = ['cam', 'attnlrp', 'attention-rollout'];
const OF_TRUNKS = /^visualbackprop$|cam/;

function refusedOf(name: string): readonly string[] {
  if (/^(vit|swin)/.test(name))
    return compiledMethods.flatMap(({ id }) =>
      OF_TRUNKS.test(id) && !ELSEWHERE.includes(id) ? [id] : [],
    );
  // Its scale is another one for each picture.
  if (name === 'pilotnet-int8-dynamic') return ['lrp-epsilon-gamma-box'];
  return name === 'donkeycar-lstm' ? ['visualbackprop', 'fullgrad'] : [];
}

describe('networks, exported by frameworks as people do it, are explained', () => {
  for (const [name, { shape, answer, gradient, attnlrp }] of references) {
    it(name, async () => {
      const path = join(folder, `${name}.onnx`);
      const network = await loadNetwork(
        path,
        'steering',
        undefined,
        undefined,
        undefined,
        (model) =>
          // Other inputs are 0.5, as in the scripts.
          parseSidecar(
            proposeSidecar(model, null).text.replaceAll('"constant": 0', '"constant": 0.5'),
            name,
          ),
      );
      const { model, image, axes } = network;
      // Not of the bins that the proposal reads: what the framework differentiates.
      const output = { tensor: model.outputs[0]!.name, index: 0 };
      const subject = subjectOf({ ...network.sidecar, output });
      const ids: string[] = [];
      const refused: string[] = [];
      for (const { id } of compiledMethods)
        try {
          compile(model, [{ id }], subject);
          ids.push(id);
        } catch (error) {
          assert.ok(error instanceof RoadgazeError, String(error));
          if (!ELSEWHERE.includes(id)) refused.push(id);
        }
      assert.deepEqual(refused, refusedOf(name));

      const given = pictureOf(shape, name.startsWith('donkeycar') ? 1 : 255);
      const isSequence = shape.length > 3;
      const picture = isSequence ? inPlanes(given, shape) : given;
      const feeds = feedsOf(model.inputs, image.name, picture);
      const after = await runNetwork(
        compile(
          model,
          ids.map((id) => ({ id })),
          subject,
        ),
        feeds,
      );
      const told = Number(after[output.tensor]!.data[0]);
      assert.ok(
        Math.abs(told - answer) < 1e-4 * Math.max(1, Math.abs(answer)),
        `${told}, not ${answer}`,
      );
      for (const id of ids) assert.ok(after[`explanation_${id}`]!.data.every(Number.isFinite), id);
      assert.equal(axes.length > 0, isSequence);
      if (gradient) {
        const map = after['explanation_gradient']!.data;
        const error = differenceOf(isSequence ? inPlanes(map, shape, true) : map, gradient);
        assert.ok(error < 1e-3, `the gradient is ${error} off`);
      }
      if (attnlrp) {
        const error = differenceOf(after['explanation_attnlrp']!.data, attnlrp);
        assert.ok(error < 1e-3, `AttnLRP is ${error} off`);
      }
    });
  }
});

/** Further inputs are 0.5. */
function feedsOf(inputs: readonly ValueInfo[], picture: string, values: Float32Array): Feeds {
  return Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const dims = shape!.map((dim) => (typeof dim === 'number' ? dim : 1));
      const count = dims.reduce((product, size) => product * size, 1);
      return [
        name,
        floats(dims, name === picture ? [...values] : new Array<number>(count).fill(0.5)),
      ];
    }),
  );
}
