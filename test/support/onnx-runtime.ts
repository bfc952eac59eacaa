import '../../server/inference/native-settings.ts';
import * as ort from 'onnxruntime-node';
import type { Model } from '../../server/onnx/graph.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { randomNumbers } from './network.ts';

/** A result of ONNX Runtime, float32 unless the network says otherwise. */
export interface Output {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export type Feeds = Readonly<Record<string, ort.Tensor>>;

/**
 * The execution provider under test: ROADGAZE_TEST_PROVIDER=cuda or webgpu puts every network of
 * these tests on a GPU.
 */
const testedProvider = process.env['ROADGAZE_TEST_PROVIDER'] ?? 'cpu';
const quiet: ort.InferenceSession.SessionOptions = {
  executionProviders: [testedProvider],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 4,
};

/** Loads the network as it is and runs it once, without any code of Roadgaze in between. */
export function runNetwork(
  network: Model | Uint8Array,
  feeds: Feeds,
  options: ort.InferenceSession.SessionOptions = {},
): Promise<Record<string, Output>> {
  return withNetwork(network, (run) => run(feeds), options);
}

/** The same for several runs: to load a small network takes longer than to run it. */
export async function withNetwork<T>(
  network: Model | Uint8Array,
  use: (run: (feeds: Feeds) => Promise<Record<string, Output>>) => Promise<T>,
  options: ort.InferenceSession.SessionOptions = {},
): Promise<T> {
  const bytes = network instanceof Uint8Array ? network : writeModel(network);
  const session = await ort.InferenceSession.create(bytes, { ...quiet, ...options });
  try {
    return await use(
      async (feeds) => (await session.run(feeds)) as unknown as Record<string, Output>,
    );
  } finally {
    await session.release();
  }
}

export function floats(dims: readonly number[], data: ArrayLike<number>): ort.Tensor {
  return new ort.Tensor('float32', Float32Array.from(data), [...dims]);
}

export function randomFloats(dims: readonly number[], seed = 7, low = 0, high = 1): ort.Tensor {
  const random = randomNumbers(seed);
  return floats(
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random(low, high)),
  );
}

/** Largest absolute difference ÷ largest absolute value of `expected`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let largest = 0;
  for (let index = 0; index < expected.length; index++) {
    const gap = Math.abs(actual[index]! - expected[index]!);
    if (Number.isNaN(gap)) return NaN;
    difference = Math.max(difference, gap);
    largest = Math.max(largest, Math.abs(expected[index]!));
  }
  return difference === 0 ? 0 : difference / largest;
}
