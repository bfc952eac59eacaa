import { keepOnly, producers, type Model, type Node } from '../onnx/graph.ts';
import { DataType, type Tensor, type TensorData } from '../onnx/tensor.ts';
import { normalNumbers, randomNumbers } from './iterative/random.ts';

/** How much of a network is made random. */
export interface RandomLayers {
  /** So many layers with weights, from the last one on. */
  readonly layers: number;
  readonly seed: number;
}

/** Which inputs of a layer are its weights; of MatMul whichever is constant. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  QLinearConv: [3, 8],
  QLinearMatMul: [0, 3],
  ConvInteger: [1],
  MatMulInteger: [0, 1],
  LSTM: [1, 2, 3],
  GRU: [1, 2, 3],
  RNN: [1, 2, 3],
};

/**
 * Names of the weights of each layer that a value depends on, from the last layer on; weights that
 * layers share count with the last of them.
 */
export function weightLayers(model: Model, value: string): readonly (readonly string[])[] {
  const seen = new Set<string>();
  const layers = keepOnly(model, [value])
    .nodes.toReversed()
    .map((node) => weightsOf(model, node).filter((name) => !seen.has(name) && !!seen.add(name)));
  return layers.filter((names) => names.length > 0);
}

function weightsOf(model: Model, { op, inputs }: Node): string[] {
  return (WEIGHTS[op] ?? []).flatMap((index) => constantsBehind(model, inputs[index] ?? '') ?? []);
}

/** Of what is computed from constants alone, the largest of them; null where it is not. */
function constantsBehind(model: Model, value: string): string[] | null {
  if (model.initializers.has(value)) return [value];
  const node = producers(model).get(value);
  if (!node || node.inputs.length === 0) return null;
  const behind = node.inputs.filter(Boolean).map((input) => constantsBehind(model, input));
  if (behind.some((each) => each === null)) return null;
  const sizeOf = (name: string) => model.initializers.get(name)!.data.length;
  return [(behind as string[][]).flat().reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a))];
}

/**
 * The network with its last layers random, cascading (Adebayo et al. 2018): weights of floating
 * point are drawn normally around 0 with the root mean square that they had, so that signals keep
 * their size; all others change places. A layer's new weights do not depend on how many are random.
 */
export function withRandomWeights(
  model: Model,
  value: string,
  { layers, seed }: RandomLayers,
): Model {
  const initializers = new Map(model.initializers);
  weightLayers(model, value)
    .slice(0, layers)
    .forEach((names, layer) =>
      names.forEach((name, index) => {
        const random = randomNumbers(seed + 1000 * layer + index);
        initializers.set(name, randomTensor(model.initializers.get(name)!, random));
      }),
    );
  return { ...model, initializers };
}

function randomTensor(tensor: Tensor, random: () => number): Tensor {
  const { type, data } = tensor;
  if (type !== DataType.float && type !== DataType.double)
    return { ...tensor, data: shuffled(data, random) };
  const values = data as Float32Array | Float64Array;
  let squares = 0;
  for (const each of values) squares += each * each;
  const size = Math.sqrt(squares / values.length);
  const normal = normalNumbers(random);
  return { ...tensor, data: values.map(() => size * normal()) };
}

function shuffled(data: TensorData, random: () => number): TensorData {
  const result = data.slice() as Uint8Array;
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
