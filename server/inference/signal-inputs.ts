import { RoadgazeError } from '../../shared/errors.ts';
import { attributes } from '../onnx/attributes.ts';
import type { Model, Node, ValueInfo } from '../onnx/graph.ts';
import { DataType, elementCount, int64Tensor } from '../onnx/tensor.ts';
import { imageInput, type ImageInput } from './explained-output.ts';
import { withBatch } from './settled-network.ts';
import { isPicture, isSignal, type Sidecar, type SignalFeed } from './sidecar-form.ts';

/** An input that is fed with float32 numbers, whatever its own type and shape. */
export interface FlatInput {
  readonly name: string;
  /** For each picture. */
  readonly elements: number;
  /** Of the float32 input [N, elements] that stands for it in a graph that Roadgaze runs. */
  readonly fed: string;
}

/** An input that is fed with the log, anew for every frame. */
export interface SignalInput extends FlatInput {
  /** Whole numbers are not taken between two that were logged. */
  readonly isWhole: boolean;
  readonly feed: SignalFeed;
}

const fractional: ReadonlySet<number> = new Set([
  DataType.float,
  DataType.double,
  DataType.float16,
]);
const named = (name: string) => JSON.stringify(name);

/**
 * The inputs that the sidecar feeds with signals, checked against the network. Throws
 * SIDECAR_INVALID, MODEL_*.
 */
export function signalInputs(model: Model, sidecar: Sidecar): readonly SignalInput[] {
  return Object.entries(sidecar.feeds ?? {}).flatMap(([name, feed]) => {
    if (!isSignal(feed)) return [];
    const wrong = (what: string) =>
      new RoadgazeError(
        'SIDECAR_INVALID',
        `The sidecar of ${model.source} ${what}.`,
        `Correct the entry ${named(name)} under "inputs" in the sidecar.`,
      );
    if (sidecar.kind === 'road')
      throw wrong(`feeds ${named(name)} with a signal, which only a "steering" network has`);
    const input = model.inputs.find((each) => each.name === name)!;
    if (!input.shape || input.type === DataType.string || input.type === DataType.bool)
      throw wrong(`feeds ${named(name)} with a signal, but that input takes no numbers`);
    const row = rowOfInput(input);
    if (!row.every((size) => typeof size === 'number'))
      throw wrong(
        `feeds ${named(name)}, but the network leaves its size open: [${input.shape.join(', ')}]`,
      );
    const elements = elementCount(row);
    const given = feed.oneHot ?? [feed.signal].flat().length;
    if (given !== elements)
      throw wrong(
        `gives ${given === 1 ? 'one number' : `${given} numbers`} to ${named(name)} [${input.shape.join(', ')}], which takes ${elements}`,
      );
    return [
      {
        name,
        elements,
        fed: `roadgaze/signal/${name}`,
        isWhole: feed.oneHot !== undefined || !fractional.has(input.type),
        feed,
      },
    ];
  });
}

/** What an input of a network has for one picture: all of it where it has no axis for the batch. */
export function rowOfInput({ shape }: ValueInfo): readonly (number | string)[] {
  const [first, ...rest] = shape ?? [];
  return typeof first === 'string' || rest.length > 0 ? rest : (shape ?? []);
}

/**
 * Signals and further pictures get the batch of the picture, whatever the exporter called it. Where one of them has no
 * axis for the batch, the network takes one picture at a time.
 */
export function withBatchOfPicture(model: Model, sidecar: Sidecar): Model {
  const signals = new Set(
    Object.entries(sidecar.feeds ?? {}).flatMap(([name, feed]) =>
      isSignal(feed) || isPicture(feed) ? [name] : [],
    ),
  );
  if (signals.size === 0) return model;
  const image = imageInput(model, sidecar.input?.tensor ?? null);
  const batch = model.inputs.find(({ name }) => name === image.name)!.shape![0]!;
  let single = false;
  const inputs = model.inputs.map((input) => {
    if (!signals.has(input.name) || !input.shape) return input;
    if (typeof input.shape[0] === 'string')
      return { ...input, shape: [batch, ...input.shape.slice(1)] };
    single ||= image.batch === null;
    return input;
  });
  const changed = { ...model, inputs };
  return single ? withBatch(changed, image.name, 1) : changed;
}

/**
 * The model with float32 inputs [N, elements] in place of those that are fed so. Throws
 * MODEL_SHAPE where the network takes several pictures at once, and such an input once.
 */
export function withFlatFeeds(model: Model, flat: readonly FlatInput[], image: ImageInput): Model {
  if (flat.length === 0) return model;
  const batch = model.inputs.find(({ name }) => name === image.name)?.shape?.[0] ?? image.batch!;
  const nodes: Node[] = [];
  const initializers = new Map(model.initializers);
  const inputs = model.inputs.map((input) => {
    const found = flat.find(({ name }) => name === input.name);
    if (!found) return input;
    const { fed, elements } = found;
    const isRow = input.shape![0] === batch;
    if (!isRow && batch !== 1)
      throw new RoadgazeError(
        'MODEL_SHAPE',
        `${model.source} takes ${batch} pictures at once, but its input "${input.name}" [${input.shape!.join(', ')}] only once.`,
        'Export the network for a batch of one.',
      );
    const shape = `${fed}/shape`;
    const dims = isRow ? [-1, ...input.shape!.slice(1).map(Number)] : input.shape!.map(Number);
    initializers.set(shape, int64Tensor(dims));
    const isFloat = input.type === DataType.float;
    const shaped = isFloat ? input.name : `${fed}/shaped`;
    nodes.push(node('Reshape', [fed, shape], shaped));
    if (!isFloat) nodes.push(node('Cast', [shaped], input.name, input.type));
    return { name: fed, type: DataType.float, shape: [batch, elements] };
  });
  return { ...model, inputs, initializers, nodes: [...nodes, ...model.nodes] };
}

function node(op: string, inputs: readonly string[], output: string, to?: number): Node {
  return {
    op,
    domain: '',
    name: `${output}/${op}`,
    inputs,
    outputs: [output],
    attributes: attributes(to === undefined ? {} : { to }),
  };
}
