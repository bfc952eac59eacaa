import '../../server/inference/native-settings.ts';
import * as ort from 'onnxruntime-node';
import type { Model, ValueInfo } from '../../server/onnx/graph.ts';
import { DataType, elementCount, tensorNumbers } from '../../server/onnx/tensor.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { randomNumbers } from '../support/network.ts';
import { Defect } from './judge.ts';

/** Larger pictures are not run: what they cost is not what is sought here. */
const MOST_ELEMENTS = 10_000;
/** Weights beyond this may overflow on the way. */
const MODERATE = 100;
const TOLERANCE = 1e-3;
const quiet: ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 4,
};

type Outputs = Readonly<Record<string, ort.Tensor>>;

/**
 * Runs the network itself, and then each of its compiled forms on the same picture: they must run
 * where it does, and give the same answer.
 */
export async function runBoth(
  original: Uint8Array,
  model: Model,
  compiled: ReadonlyMap<string, Model>,
): Promise<string> {
  const feeds = feedsOf(model.inputs);
  if (!feeds) return 'not run';
  let expected: Outputs;
  try {
    expected = await runModel(original, feeds);
  } catch {
    return 'does not run';
  }
  const isModerate = [...model.initializers.values()].every((tensor) =>
    tensorNumbers(tensor).every((value) => Math.abs(value) <= MODERATE),
  );
  for (const [method, graph] of compiled) {
    let outputs: Outputs;
    try {
      outputs = await runModel(writeModel(graph), feeds);
    } catch (error) {
      throw new Defect(
        `Compiled with ${method} the network does not run any more: ${(error as Error).message.split('\n', 1)[0]!.slice(0, 300)}`,
      );
    }
    for (const { name } of model.outputs) compare(method, name, expected[name], outputs[name]);
    const explanation = numbersOf(outputs['explanation']);
    if (
      isModerate &&
      explanation?.some((value) => !Number.isFinite(value)) &&
      numbersOf(expected[model.outputs[0]!.name])?.every(Number.isFinite)
    )
      throw new Defect(`The explanation of ${method} is not finite`);
  }
  return 'ran';
}

function compare(
  method: string,
  output: string,
  expected: ort.Tensor | undefined,
  actual: ort.Tensor | undefined,
): void {
  const [before, after] = [numbersOf(expected), numbersOf(actual)];
  if (!before || !before.every((value) => Number.isFinite(value) && Math.abs(value) < 1e6)) return;
  if (!after || after.length !== before.length)
    throw new Defect(`Compiled with ${method} the network has another output`);
  const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  if (before.some((value, index) => !(Math.abs(value - after[index]!) <= TOLERANCE * largest)))
    throw new Defect(`Compiled with ${method} the network gives another answer in ${output}`);
}

const numbersOf = (tensor: ort.Tensor | undefined) =>
  tensor && tensor.type !== 'string' && tensor.type !== 'float16'
    ? Array.from(tensor.data as ArrayLike<number | bigint>, Number)
    : null;

async function runModel(bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<Outputs> {
  const session = await ort.InferenceSession.create(bytes, quiet);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

function feedsOf(inputs: readonly ValueInfo[]): Record<string, ort.Tensor> | null {
  const random = randomNumbers(3);
  const feeds: Record<string, ort.Tensor> = {};
  for (const { name, type, shape } of inputs) {
    const dims = (shape ?? []).map((size) => (typeof size === 'number' ? size : 1));
    const count = elementCount(dims);
    if (!(count <= MOST_ELEMENTS)) return null;
    const values = Array.from({ length: count }, () => random());
    if (type === DataType.float)
      feeds[name] = new ort.Tensor('float32', Float32Array.from(values), dims);
    else if (type === DataType.uint8)
      feeds[name] = new ort.Tensor(
        'uint8',
        Uint8Array.from(values, (value) => 255 * value),
        dims,
      );
    else return null;
  }
  return feeds;
}
