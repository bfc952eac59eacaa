import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { explainTensor } from '../../server/pipeline/explain-tensor.ts';
import type { FrameExplanation } from '../../server/pipeline/stream-explainer.ts';
import { attributes } from '../../server/onnx/attributes.ts';
import { Network, randomNumbers } from '../support/network.ts';
import { floats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { temporaryFolder } from '../support/paths.ts';

const [height, width] = [14, 20];
const pixels = height * width;
const FEATURES = 4 * 6 * 9;

interface Form {
  readonly batch: number | string;
  readonly opset?: number;
  /** From features [N,4,6,9] to "steering". */
  readonly end: (network: Network, features: string) => void;
}

const forms: Readonly<Record<string, Form>> = {
  'a free batch': {
    batch: 'N',
    end: (network, features) => void network.steering(features, FEATURES),
  },
  'BatchNormalization in training mode': {
    batch: 'N',
    opset: 15,
    end(network, features) {
      const parameters = [
        network.floats([4], 0.5, 1.5),
        network.floats([4]),
        network.floats([4]),
        network.floats([4], 0.5, 2),
      ];
      const [normal] = network.nodeOf(
        'BatchNormalization',
        [features, ...parameters],
        attributes({ training_mode: 1 }),
        ['normal', 'mean', 'variance'],
      );
      network.steering(normal!, FEATURES);
    },
  },
  'a mean over the batch': {
    batch: 'N',
    end(network, features) {
      const steering = network.steering(features, FEATURES, 'own');
      network.node(
        'Add',
        [
          network.node('Mul', [steering, network.floats([1])]),
          network.node('ReduceMean', [steering], { axes: [0] }),
        ],
        {},
        'steering',
      );
    },
  },
  'a fixed batch of 8': {
    batch: 8,
    end: (network, features) => void network.steering(features, FEATURES),
  },
  'a fixed batch of 3 and a mean over it': {
    batch: 3,
    end(network, features) {
      const steering = network.steering(features, FEATURES, 'own');
      network.node(
        'Add',
        [steering, network.node('ReduceMean', [steering], { axes: [0] })],
        {},
        'steering',
      );
    },
  },
  'an output of rank 0': {
    batch: 1,
    end: (network, features) =>
      void network.node('Squeeze', [network.steering(features, FEATURES, 'own')], {}, 'steering'),
  },
  'a squeezed free batch': {
    batch: 'N',
    end: (network, features) =>
      void network.node('Squeeze', [network.steering(features, FEATURES, 'own')], {}, 'steering'),
  },
};

function write(folder: string, { batch, opset = 13, end }: Form): string {
  const network = new Network({ seed: 4, opset });
  const image = network.input('image', [batch, 1, height, width]);
  end(
    network,
    network.node('Relu', [
      network.convolution(image, { from: 1, to: 4 }, { kernel: [3, 3], strides: [2, 2] }),
    ]),
  );
  const path = join(folder, 'network.onnx');
  writeFileSync(path, network.bytes([{ name: 'steering', type: 1, shape: null }]));
  writeFileSync(
    join(folder, 'network.json'),
    JSON.stringify({ roadgaze: 1, kind: 'steering', input: { color: 'gray', scale: 1 / 255 } }),
  );
  return path;
}

const random = randomNumbers(9);
const frames = Array.from({ length: 11 }, () =>
  Uint8Array.from({ length: pixels }, () => 255 * random()),
);
const video = { width, height, colorSpace: 'unknown' };
const methods = [{ id: 'visualbackprop' }, { id: 'gradient' }];

const numbers = ({ steering, scores, agreement }: FrameExplanation) => [
  steering,
  ...scores.flatMap((score) => Object.values(score) as number[]),
  ...(Object.values(agreement ?? {}) as number[]),
];

for (const [name, form] of Object.entries(forms)) {
  test(`numbers and masks depend neither on workers nor on batches: ${name}`, async (t) => {
    const modelPath = write(temporaryFolder(t), form);
    const rows = async (workers: number, together: boolean): Promise<FrameExplanation[]> => {
      const explainer = await openStreamExplainer({
        modelPath,
        road: {
          kind: 'guess',
          points: [
            [0, 1],
            [0.5, 0.2],
            [1, 1],
          ],
        },
        video,
        methods,
        wish: { provider: 'cpu', workers },
      });
      try {
        const ask = (frame: Uint8Array, at: number) => explainer.explain([frame.slice()], at);
        if (together) return await Promise.all(frames.map(ask));
        const one: FrameExplanation[] = [];
        for (const [at, frame] of frames.entries()) one.push(await ask(frame, at));
        return one;
      } finally {
        await explainer.close();
      }
    };
    const one = await rows(1, false);
    assert.ok(
      new Set(one.map(({ steering }) => steering.toFixed(5))).size > 5,
      'the network tells the frames apart',
    );
    for (const other of [await rows(1, true), await rows(2, true)]) {
      other.forEach((row, at) => {
        assert.ok(
          relativeError(Float32Array.from(numbers(row)), Float32Array.from(numbers(one[at]!))) <
            1e-5,
          `numbers of frame ${at}`,
        );
        row.masks.forEach((mask, method) =>
          assert.ok(
            mask.every((value, pixel) => Math.abs(value - one[at]!.masks[method]![pixel]!) <= 1),
            `mask of frame ${at}`,
          ),
        );
      });
    }
  });

  test(`the steering of one picture is what ONNX Runtime says of a batch of nothing else, in every way of explaining: ${name}`, async (t) => {
    const modelPath = write(temporaryFolder(t), form);
    const picture = Float32Array.from(frames[0]!, (byte) => byte / 255);
    const batch = typeof form.batch === 'number' ? form.batch : 1;
    const own = await runNetwork(readFileSync(modelPath), {
      image: floats(
        [batch, 1, height, width],
        Array.from({ length: batch }, () => [...picture]).flat(),
      ),
    });
    const explained = await explainTensor({
      modelPath,
      methods: [
        { id: 'gradcam' },
        { id: 'lrp-epsilon-plus' },
        { id: 'occlusion' },
        { id: 'integratedgradients' },
      ],
      target: '+',
      picture,
      wish: { provider: 'cpu', workers: 2 },
    });
    for (const { id, steering, values } of explained) {
      assert.ok(Math.abs(steering - own['steering']!.data[0]!) < 1e-4, id);
      assert.ok(values.every(Number.isFinite), id);
    }
  });
}
