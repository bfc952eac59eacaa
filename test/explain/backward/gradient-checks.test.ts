import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { compile } from '../../../server/explain/compile.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { inferShapes, knownOperators } from '../../../server/onnx/infer-shapes.ts';
import { elementCount } from '../../../server/onnx/tensor.ts';
import { inHalfPrecision } from '../../support/half-precision.ts';
import { Network, randomNumbers } from '../../support/network.ts';
import { relativeError, withNetwork, type Feeds } from '../../support/onnx-runtime.ts';
import type { OperatorCase } from './operator-case.ts';
import { operatorCases } from './operator-cases.ts';

const PICTURE = [2, 6, 8] as const;
const PIXELS = elementCount(PICTURE);

/**
 * Picture → Conv → the operator → a random dense layer → Tanh, so that signals of every size and
 * sign come back through the operator.
 */
function networkWith({ build, title }: OperatorCase, opset: number): Model {
  const network = new Network({ opset, seed: 11, name: title });
  const image = network.input('image', ['N', ...PICTURE]);
  const value = build(
    network,
    network.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3], pads: [1, 1, 1, 1] }),
  );
  const row = inferShapes(network.model([value]))
    .of(value)
    .slice(1)
    .map(Number);
  const features = network.node('Flatten', [value]);
  const dense = network.node('Gemm', [
    features,
    network.floats([elementCount(row), 1], -0.3, 0.3),
    network.floats([1]),
  ]);
  network.node(
    'Tanh',
    [network.node('Mul', [dense, network.floats([1], 0.2, 0.2)])],
    {},
    'steering',
  );
  return network.model(['steering']);
}

/** Runs a network on pictures; see `withNetwork`. */
type Run = Parameters<Parameters<typeof withNetwork>[1]>[0];

function feedsOf(pictures: readonly Float32Array[]): Feeds {
  const data = new Float32Array(pictures.length * PIXELS);
  pictures.forEach((picture, index) => data.set(picture, index * PIXELS));
  return { image: new Tensor('float32', data, [pictures.length, ...PICTURE]) };
}

async function steeringOf(run: Run, pictures: readonly Float32Array[]): Promise<Float32Array> {
  return (await run(feedsOf(pictures)))['steering']!.data;
}

/** Central differences of the steering by every pixel, with this step. */
async function differences(run: Run, picture: Float32Array, step: number): Promise<number[]> {
  const moved = [step, -step].flatMap((by) =>
    Array.from(picture, (value, pixel) => picture.with(pixel, value + by)),
  );
  const steering = await steeringOf(run, moved);
  return Array.from(
    picture,
    (_, pixel) => (steering[pixel]! - steering[PIXELS + pixel]!) / (2 * step),
  );
}

async function explanationsOf(
  run: Run,
  pictures: readonly Float32Array[],
): Promise<Float32Array[]> {
  const { data, dims } = (await run(feedsOf(pictures)))['explanation']!;
  assert.deepEqual(dims, [pictures.length, ...PICTURE]);
  return pictures.map((_, index) => data.slice(index * PIXELS, (index + 1) * PIXELS));
}

function pictureOf(seed: number, low = -1, high = 1): Float32Array {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: PIXELS }, () => random(low, high));
}

describe('the gradient of every operator', () => {
  for (const operatorCase of operatorCases) {
    for (const opset of new Set(operatorCase.opsets)) {
      it(`${operatorCase.title}, operator set ${opset}, equals finite differences, alone and in a batch, and stays finite`, async () => {
        const model = networkWith(operatorCase, opset);
        const compiled = compile(model, [{ id: 'gradient' }]);
        const pictures = [pictureOf(3), pictureOf(4)];
        const odd = [pictureOf(1, 0, 0), pictureOf(1, 30, 30), pictureOf(5, -255, 255)];
        const [wide, narrow, steering] = await withNetwork(
          model,
          async (run) =>
            [
              await differences(run, pictures[0]!, 4e-3),
              await differences(run, pictures[0]!, 1.5e-3),
              await steeringOf(run, odd),
            ] as const,
        );
        const largest = Math.max(...wide.map(Math.abs));
        assert.ok(largest > 1e-4, `the network is dead: ${largest}`);
        // Where the two steps disagree, a kink lies between the pictures compared.
        const smooth = wide.map(
          (value, pixel) => Math.abs(value - narrow[pixel]!) < 5e-3 * largest,
        );
        assert.ok(
          smooth.filter(Boolean).length > 0.7 * PIXELS,
          `only ${smooth.filter(Boolean).length} pixels without a kink`,
        );
        // A network that overflows by itself is not explained.
        const sound = odd.filter((_, index) => Number.isFinite(steering[index]!));
        assert.ok(sound.length > 0);
        const [[alone], [second], together, maps] = await withNetwork(
          compiled,
          async (run) =>
            [
              await explanationsOf(run, pictures.slice(0, 1)),
              await explanationsOf(run, pictures.slice(1)),
              await explanationsOf(run, pictures),
              await explanationsOf(run, sound),
            ] as const,
        );
        wide.forEach((value, pixel) => {
          if (smooth[pixel])
            assert.ok(
              Math.abs(value - alone![pixel]!) < 1e-2 * largest,
              `pixel ${pixel}: ${alone![pixel]!} instead of ${value}, largest ${largest}`,
            );
        });
        assert.ok(
          relativeError(together[0]!, alone!) < 1e-4 && relativeError(together[1]!, second!) < 1e-4,
        );
        for (const map of maps)
          assert.ok(map.every(Number.isFinite), 'an odd picture gives what is no number');
      });
    }
  }
});

describe('the gradient of a network in half precision', () => {
  // These run in single precision only. Of operators with many forms a few are enough here.
  const seen = new Map(
    ['Celu', 'LSTM', 'GRU', 'RNN', 'Attention', 'GridSample'].map((op) => [op, 3]),
  );
  // It replaces in half precision, but does not add.
  seen.set('ScatterElements', 2);
  const few = operatorCases.filter(({ covers: [operator] }) => {
    seen.set(operator!, (seen.get(operator!) ?? 0) + 1);
    return seen.get(operator!)! <= 3;
  });
  for (const operatorCase of few) {
    const opset = operatorCase.opsets.at(-1)!;
    // Rounding moves values across the jumps of these.
    const tolerance = /Floor|Ceil|Round|Sign|Where|cast to numbers/.test(operatorCase.title)
      ? 0.5
      : 0.06;
    it(`${operatorCase.title}, operator set ${opset}, is that of single precision, rounded`, async () => {
      const model = networkWith(operatorCase, opset);
      const picture = [pictureOf(3)];
      const [single, half] = await Promise.all(
        [model, inHalfPrecision(model)].map((each) =>
          withNetwork(compile(each, [{ id: 'gradient' }]), async (run) => {
            const [map] = await explanationsOf(run, picture);
            return map;
          }),
        ),
      );
      assert.ok(relativeError(half!, single!) < tolerance, `${relativeError(half!, single!)}`);
    });
  }
});

describe('the table of gradient rules', () => {
  it('is checked here whole', () => {
    const covered = new Set(operatorCases.flatMap(({ covers }) => covers));
    assert.deepEqual(
      knownOperators.filter((operator) => !covered.has(operator)),
      [],
    );
  });
});
