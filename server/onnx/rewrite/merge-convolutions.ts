import { intsAttribute, stringAttribute } from '../attributes.ts';
import { consumers, type Model, type Node } from '../graph.ts';
import { floatTensor, type Tensor } from '../tensor.ts';
import { filledUp, plainConvolution, splitInto, type PlainConvolution } from './channel-blocks.ts';
import { unusedName } from './unused-name.ts';

/** A convolution, and the Relu that alone reads it (null: none does). */
interface Member extends PlainConvolution {
  readonly relu: Node | null;
}

/**
 * Convolutions of one value with the same window become one whose outputs are split, where fewer
 * channels are computed that way in blocks of `block`: what a network computes, and what relevance
 * adds beside it. Rectifiers behind them stay inside the convolution if all have one.
 */
export function mergeConvolutions(model: Model, block: number): Model {
  const read = consumers(model);
  const outputs = new Set(model.outputs.map((output) => output.name));
  const onlyRelu = (value: string): Node | null => {
    const [reader, ...more] = read.get(value) ?? [];
    return reader?.op === 'Relu' && reader.domain === '' && more.length === 0 && !outputs.has(value)
      ? reader
      : null;
  };
  const groups = new Map<string, Member[]>();
  for (const node of model.nodes) {
    const convolution = plainConvolution(model, node);
    if (!convolution) continue;
    const key = `${windowKey(convolution)} ${node.inputs[0]}`;
    groups.set(key, [
      ...(groups.get(key) ?? []),
      { ...convolution, relu: onlyRelu(node.outputs[0]!) },
    ]);
  }
  let merged = model;
  for (const members of groups.values()) {
    const channels = members.map(({ weights }) => weights.dims[0]!);
    const apart = channels.reduce((sum, each) => sum + filledUp(each, block), 0);
    const isSame = members.every(({ relu }) => (relu === null) === (members[0]!.relu === null));
    if (
      isSame &&
      filledUp(
        channels.reduce((sum, each) => sum + each, 0),
        block,
      ) < apart
    )
      merged = withMerged(merged, members, channels);
  }
  return merged;
}

function withMerged(model: Model, members: readonly Member[], channels: readonly number[]): Model {
  const [first] = members as readonly [Member, ...Member[]];
  const initializers = new Map(model.initializers);
  const named = (name: string, tensor?: Tensor): string => {
    const free = unusedName({ ...model, initializers }, `${first.node.outputs[0]}/${name}`);
    if (tensor) initializers.set(free, tensor);
    return free;
  };
  const total = channels.reduce((sum, each) => sum + each, 0);
  const weights = named(
    'weights',
    floatTensor(
      [total, ...first.weights.dims.slice(1)],
      joined(members.map((member) => member.weights.data as Float32Array)),
    ),
  );
  const biases = members.some(({ bias }) => bias)
    ? [
        named(
          'bias',
          floatTensor(
            [total],
            joined(
              members.map(
                ({ bias }, index) =>
                  (bias?.data as Float32Array | undefined) ?? new Float32Array(channels[index]!),
              ),
            ),
          ),
        ),
      ]
    : [];
  const together = named('together');
  const convolution: Node = {
    ...first.node,
    inputs: [first.node.inputs[0]!, weights, ...biases],
    outputs: [together],
  };
  const nodes: Node[] = [convolution];
  let value = together;
  if (first.relu) {
    value = named('rectified');
    nodes.push({ ...first.relu, inputs: [together], outputs: [value] });
  }
  const parts = members.map(({ node, relu }) => (relu ?? node).outputs[0]!);
  nodes.push(splitInto(model, value, parts, channels, (sizes) => named('sizes', sizes)));
  // All read the same value, so that the first one's place is early enough for them, and late
  // enough for what they read.
  const gone = new Set(members.flatMap(({ node, relu }) => (relu ? [node, relu] : [node])));
  return {
    ...model,
    initializers,
    nodes: model.nodes.flatMap((node) =>
      node === first.node ? nodes : gone.has(node) ? [] : [node],
    ),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const values = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}

/** What two convolutions of one value must have in common to be computed as one. */
function windowKey({ node, weights }: PlainConvolution): string {
  const [, , height, width] = weights.dims;
  const list = (name: string, fallback: readonly number[]) =>
    (intsAttribute(node, name) ?? fallback).join();
  return [
    height,
    width,
    stringAttribute(node, 'auto_pad', 'NOTSET'),
    list('strides', [1, 1]),
    list('dilations', [1, 1]),
    list('pads', [0, 0, 0, 0]),
  ].join(' ');
}
