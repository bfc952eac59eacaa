import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { compiledMethods } from '../../server/explain/methods.ts';
import { loadNetwork, type NetworkFile } from '../../server/inference/network-file.ts';
import type { Model, ValueInfo } from '../../server/onnx/graph.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { randomNumbers } from '../support/network.ts';
import { relativeError, runNetwork, withNetwork, type Feeds } from '../support/onnx-runtime.ts';
import { sharedFolder } from '../support/paths.ts';

/**
 * Networks as people's exporters lay them out, and how many methods have a meaning for each and are
 * compiled; of those that are not listed none. `npm test -- real-networks` prints the table.
 */
const COMPILED: Readonly<Record<string, number>> = {
  'networks/autosteer.onnx': 17,
  'networks/cil_gather.onnx': 17,
  'networks/cil_if.onnx': 17,
  'networks/cil_onehot.onnx': 17,
  'networks/conv3d.onnx': 17,
  'networks/desire.onnx': 17,
  'networks/dk_3dcnn.onnx': 17,
  'networks/dk_imu.onnx': 17,
  'networks/dk_lstm5d.onnx': 16,
  'networks/dk_memory.onnx': 17,
  'networks/dynamo_attention_op23.onnx': 19,
  'networks/dynamo_groupnorm_op21.onnx': 18,
  'networks/dynamo_localfunctions.onnx': 18,
  'networks/fixed_batch8.onnx': 17,
  'networks/fixfold_vit_op13.onnx': 12,
  'networks/head_argmax.onnx': 2,
  'networks/idiom_conv1d.onnx': 17,
  'networks/idiom_coord.onnx': 17,
  'networks/idiom_focus.onnx': 18,
  'networks/loop.onnx': 18,
  'networks/multihead_argmax_second.onnx': 17,
  'networks/norm_group.onnx': 17,
  'networks/norm_lrn.onnx': 17,
  'networks/op_einsum.onnx': 17,
  'networks/op_reducel2.onnx': 17,
  'networks/ort_optimised_fusedconv.onnx': 18,
  'networks/pad_zeropad2d_fixed.onnx': 18,
  'networks/quant_dynamic.onnx': 17,
  'networks/quant_qdq.onnx': 17,
  'networks/quant_qdq_norelu.onnx': 17,
  'networks/quant_weightonly.onnx': 17,
  'networks/rnn5d_lstm.onnx': 16,
  'networks/rnnstate_gru_elementary.onnx': 17,
  'networks/rnnstate_lstm.onnx': 17,
  'networks/shufflenet_v2.onnx': 18,
  'networks/sq_squeeze_dyn.onnx': 17,
  'networks/stack12.onnx': 17,
  'networks/stack2_gray2.onnx': 17,
  'networks/stack30.onnx': 17,
  'networks/swin_op17.onnx': 12,
  'networks/vit_op13.onnx': 12,
  'trouble/onnx/argmax.onnx': 2,
  'trouble/onnx/batch8.onnx': 17,
  'trouble/onnx/bntrain.onnx': 17,
  'trouble/onnx/donkey-categorical.onnx': 17,
  'trouble/onnx/function.onnx': 17,
  'trouble/onnx/groupnorm.onnx': 17,
  'trouble/onnx/groupnorm17.onnx': 17,
  'trouble/onnx/keep_prob.onnx': 17,
  'trouble/onnx/lstm.onnx': 17,
  'trouble/onnx/qdq.onnx': 17,
  'trouble/onnx/scalar.onnx': 17,
};

/**
 * Their gradient is not that of the answer: it is that of their nodes without rounding, or of the
 * score in front of a Softmax.
 */
const OTHERWISE = /quant|qdq|categorical/;

/**
 * So many kinks lie around a picture of these that a step in all pixels crosses some. Few pixels are
 * moved, and a step counts only where the slopes before and behind the picture agree, which says
 * without the gradient that no kink lies in it.
 */
const KINKED = /conv3d|3dcnn/;
/** Share of the pixels that are moved then. */
const FEW = 0.01;
/**
 * Its answer moves by little more than float32 rounds: what is compared is the mean of many
 * directions, in which rounding cancels.
 */
const FAINT = /cil_onehot/;
const MANY = 100;

const QUICK = ['visualbackprop', 'gradcam', 'lrp-epsilon-plus'];

/** To optimise the graph of all methods at once takes ONNX Runtime much longer above this. */
const MANY_NODES = 200;
const inFours = (ids: readonly string[]) =>
  Array.from({ length: Math.ceil(ids.length / 4) }, (_, four) => ids.slice(4 * four, 4 * four + 4));

const folders = ['networks', 'trouble/onnx'];
const files = sharedFolder
  ? folders.flatMap((folder) =>
      readdirSync(join(sharedFolder!, 'real', folder))
        .filter((name) => name.endsWith('.onnx'))
        .map((name) => `${folder}/${name}`),
    )
  : Object.keys(COMPILED);

/** Numbers in −1 … 1 for every input; where whole numbers are asked for, ones. */
function feedsOf(inputs: readonly ValueInfo[], seed: number): Feeds {
  const random = randomNumbers(seed);
  return Object.fromEntries(
    inputs.map(({ name, type, shape }) => {
      const dims = shape!.map((dim) => (typeof dim === 'number' ? dim : 1));
      const count = dims.reduce((all, dim) => all * dim, 1);
      const whole = type !== DataType.float;
      return [
        name,
        type === DataType.int64
          ? new Tensor('int64', new BigInt64Array(count).fill(1n), dims)
          : type === DataType.uint8
            ? new Tensor('uint8', new Uint8Array(count).fill(100), dims)
            : new Tensor(
                'float32',
                Float32Array.from({ length: count }, () => (whole ? 1 : random(-1, 1))),
                dims,
              ),
      ];
    }),
  );
}

interface Attempt {
  readonly ids: readonly string[];
  readonly refusals: ReadonlyMap<string, string>;
}

/** Which methods can be compiled into the network, and why the others cannot. */
function attempt({ model, sidecar }: NetworkFile): Attempt {
  const ids: string[] = [];
  const refusals = new Map<string, string>();
  for (const { id } of compiledMethods) {
    try {
      writeModel(compile(model, [{ id }], subjectOf(sidecar)));
      ids.push(id);
    } catch (error) {
      assert.ok(error instanceof RoadgazeError, String(error));
      refusals.set(id, error.message);
    }
  }
  return { ids, refusals };
}

/**
 * How far the gradient is from differences of the network's own answer along random directions, as
 * a part of the steepest. They go uphill, so that the answer moves by more than rounding. The best
 * of several steps counts, because a kink may lie in one.
 */
async function gradientError(
  bytes: Uint8Array,
  compiled: Model,
  { image, sidecar, model }: NetworkFile,
  { isKinked, isFaint }: { readonly isKinked: boolean; readonly isFaint: boolean },
): Promise<number> {
  const answer = sidecar.output?.tensor ?? model.outputs[0]!.name;
  const feeds = feedsOf(model.inputs, 5);
  const picture = feeds[image.name]!;
  const { explanation } = await runNetwork(compiled, feeds);
  const random = randomNumbers(17);
  const values = picture.data as Float32Array;
  return withNetwork(bytes, async (run) => {
    const at = async (data: Float32Array) => {
      const moved = { ...feeds, [image.name]: new Tensor('float32', data, picture.dims) };
      return Number((await run(moved))[answer]!.data[0]);
    };
    const middle = await at(values);
    const pairs: [number, number][] = [];
    const enough = isFaint ? MANY : 3;
    for (let tried = 0; tried < (isKinked ? 60 : enough) && pairs.length < enough; tried++) {
      // Of a fixed batch the first picture alone, whose answer is looked at.
      const direction = values.map((_, index) =>
        index < values.length / picture.dims[0]! && (!isKinked || random(0, 1) < FEW)
          ? random(0, 1) * Math.sign(explanation!.data[index]!)
          : 0,
      );
      const slope = direction.reduce((sum, by, index) => sum + by * explanation!.data[index]!, 0);
      let nearest = Infinity;
      for (const step of isFaint ? [3e-4] : [3e-3, 1e-3, 3e-4, 1e-4]) {
        const [up, down] = [
          await at(values.map((value, index) => value + step * direction[index]!)),
          await at(values.map((value, index) => value - step * direction[index]!)),
        ];
        const measured = (up - down) / (2 * step);
        const bend = Math.abs(up - 2 * middle + down) / step;
        if (isKinked && bend > 1e-3 * Math.abs(measured)) continue;
        if (Math.abs(measured - slope) < Math.abs(nearest - slope)) nearest = measured;
      }
      if (nearest !== Infinity) pairs.push([slope, nearest]);
    }
    assert.equal(pairs.length, enough, 'every step crosses a kink');
    if (isFaint) {
      const total = (which: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[which], 0);
      return Math.abs(total(0) - total(1)) / Math.abs(total(0));
    }
    const largest = Math.max(...pairs.flat().map(Math.abs), 1e-12);
    return Math.max(...pairs.map(([slope, measured]) => Math.abs(slope - measured))) / largest;
  });
}

describe('networks as exporters lay them out', () => {
  const rows: string[] = [];
  for (const file of files) {
    it(
      `${file} is compiled with every method that has a meaning for it, or refused with a reason`,
      { skip: sharedFolder ? false : '../shared is not here' },
      async () => {
        const expected = COMPILED[file] ?? 0;
        const path = join(sharedFolder!, 'real', file);
        let network: NetworkFile;
        try {
          network = await loadNetwork(path, 'steering');
          assert.ok(network.image);
        } catch (error) {
          assert.ok(error instanceof RoadgazeError, String(error));
          rows.push(`${file.padEnd(40)} 0   ${error.message}`);
          assert.equal(expected, 0, error.message);
          return;
        }
        const { ids, refusals } = attempt(network);
        rows.push(
          `${file.padEnd(40)} ${String(ids.length).padEnd(3)} ${[...new Set(refusals.values())].join(' ')}`,
        );
        assert.equal(ids.length, expected, [...refusals].join('\n'));
        if (ids.length === 0) return;
        const { model, sidecar, axes } = network;
        const feeds = feedsOf(model.inputs, 3);
        // With a further axis of frames the file itself takes its picture otherwise.
        const bytes = axes.length > 0 ? writeModel(model) : readFileSync(path);
        // All of them, but of the largest pictures, where the suite would take seconds more.
        const { channels, height, width } = network.image;
        const run = channels * height * width > 1e6 ? ids.filter((id) => QUICK.includes(id)) : ids;
        // Of a network in training mode the answer is the one that it gives to one picture alone.
        const before = await runNetwork(bytes, feeds);
        for (const together of model.nodes.length > MANY_NODES ? inFours(run) : [run]) {
          const compiled = compile(
            model,
            together.map((id) => ({ id })),
            subjectOf(sidecar),
          );
          const after = await runNetwork(compiled, feeds);
          for (const { name, type } of model.outputs)
            if (/quant|qdq/.test(file))
              assert.deepEqual(after[name]!.data, before[name]!.data, name);
            else if (type === DataType.float && !file.includes('bntrain'))
              assert.ok(relativeError(after[name]!.data, before[name]!.data) < 1e-3, name);
          for (const id of together) {
            const map = after[together.length === 1 ? 'explanation' : `explanation_${id}`]!.data;
            assert.ok(map.every(Number.isFinite), id);
          }
        }
        const isFloat = model.inputs.every(({ type }) => type === DataType.float);
        if (
          !ids.includes('gradient') ||
          OTHERWISE.test(file) ||
          file.includes('bntrain') ||
          !isFloat
        )
          return;
        const error = await gradientError(
          bytes,
          compile(model, [{ id: 'gradient' }], subjectOf(sidecar)),
          network,
          { isKinked: KINKED.test(file), isFaint: FAINT.test(file) },
        );
        assert.ok(error < 1e-3, `the gradient is ${error} off`);
      },
    );
  }
  it('are counted', { skip: sharedFolder ? false : '../shared is not here' }, (t) => {
    t.diagnostic(`network, methods of ${compiledMethods.length}, what stands in the way`);
    for (const row of rows) t.diagnostic(row);
  });
});
