import {
  MOST_SET,
  type NetworkInput,
  type NetworkOutput,
} from '../../shared/protocol/network-inputs.ts';
import type { Model, ValueInfo } from '../onnx/graph.ts';
import { DataType, elementCount } from '../onnx/tensor.ts';
import type { NetworkPicture } from './network-pictures.ts';
import { isConstant, isSignal, isState, type Sidecar } from './sidecar-form.ts';
import { rowOfInput } from './signal-inputs.ts';
import type { StateInput } from './state-inputs.ts';

/** What a network takes and gives, as its file has it, with what it is fed with. */
export interface NetworkPorts {
  readonly inputs: readonly NetworkInput[];
  readonly outputs: readonly NetworkOutput[];
}

/** `model`: as it is in the file. */
export function networkPorts(
  model: Model,
  sidecar: Sidecar,
  {
    pictures,
    states,
  }: { readonly pictures: readonly NetworkPicture[]; readonly states: readonly StateInput[] },
): NetworkPorts {
  const batch = model.inputs.find(({ name }) => name === pictures[0]?.fields.tensor)?.shape?.[0];
  return {
    inputs: model.inputs.flatMap((input) => portOf(input, sidecar, pictures, states) ?? []),
    outputs: model.outputs.map(({ name, shape }) => ({
      name,
      shape: shape ?? [],
      elements: shape ? elementsOf(shape, batch) : null,
    })),
  };
}

function portOf(
  input: ValueInfo,
  sidecar: Sidecar,
  pictures: readonly NetworkPicture[],
  states: readonly StateInput[],
): NetworkInput | null {
  const { name } = input;
  const shape = input.shape ?? [];
  const at = pictures.findIndex(
    ({ image, fields }) => (fields.tensor ?? image.name) === name || image.name === name,
  );
  if (at >= 0) {
    const { fields, stack } = pictures[at]!;
    const { camera = null, color = stack.channels === 1 ? 'gray' : 'rgb' } = fields;
    const { count: frames, step } = stack;
    const isExplained = at === 0;
    return {
      name,
      shape,
      feed: { kind: 'picture', camera, frames, step, color, isExplained },
      settable: 0,
    };
  }
  const feed = Object.hasOwn(sidecar.feeds ?? {}, name) ? sidecar.feeds![name]! : null;
  if (feed === null) return null;
  if (isConstant(feed)) {
    const values = [feed.constant].flat();
    return {
      name,
      shape,
      feed: { kind: 'constant', values: values.slice(0, MOST_SET) },
      settable: settableOf(input),
    };
  }
  if (isSignal(feed)) {
    const { unit = null, oneHot = null, otherwise } = feed;
    const signals = [feed.signal].flat();
    return {
      name,
      shape,
      feed: { kind: 'signal', signals, unit, oneHot, otherwise, note: '' },
      settable: signals.length,
    };
  }
  if (!isState(feed)) return null;
  const state = states.find((each) => each.name === name);
  return {
    name,
    shape,
    feed: {
      kind: 'state',
      of: [feed.state].flat(),
      warmUp: state?.warmUp ?? 0,
      isQueue: feed.queue ?? false,
    },
    settable: 0,
  };
}

/** Numbers of a constant input; truth values and texts are none. */
function settableOf(input: ValueInfo): number {
  if (!input.shape || input.type === DataType.string || input.type === DataType.bool) return 0;
  const row = rowOfInput(input);
  return row.every((size) => typeof size === 'number') ? elementCount(row.map(Number)) : 0;
}

function elementsOf(
  shape: readonly (number | string)[],
  batch: number | string | undefined,
): number | null {
  const row = typeof shape[0] === 'string' || shape[0] === batch ? shape.slice(1) : shape;
  return row.every((size) => typeof size === 'number') ? elementCount(row.map(Number)) : null;
}
