import { attributes, intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { consumers, type Model, type Node } from '../graph.ts';
import { DataType, floatTensor, int64Tensor, type Tensor } from '../tensor.ts';
import { unusedName } from './unused-name.ts';

/**
 * So many channels at most lie interleaved where this is faster: ONNX Runtime reads them without
 * rearranging them first.
 */
const FEW = 4;

/**
 * Spares a network whose input has its channels last (NHWC) the Transpose in front of its first
 * convolutions: interleaved pixels are one channel of a picture `channels` times as wide, over
 * which the same weights, interleaved too, move in steps of whole pixels.
 */
export function convolveInterleaved(model: Model): Model {
  const read = consumers(model);
  const outputs = new Set(model.outputs.map((output) => output.name));
  const initializers = new Map(model.initializers);
  const instead = new Map<Node, Node>();
  for (const transpose of model.nodes) {
    const value = transpose.outputs[0]!;
    const picture = interleavedPicture(model, transpose);
    const convolutions = read.get(value) ?? [];
    if (
      !picture ||
      outputs.has(value) ||
      !convolutions.every((node) => canBeInterleaved(model, node, value))
    )
      continue;
    const shape = unusedName({ ...model, initializers }, `${value}/interleaved`);
    initializers.set(shape, int64Tensor([0, 1, picture.height, picture.width * picture.channels]));
    instead.set(transpose, {
      ...transpose,
      op: 'Reshape',
      inputs: [transpose.inputs[0]!, shape],
      attributes: new Map(),
    });
    for (const node of convolutions) {
      const weights = unusedName({ ...model, initializers }, `${node.outputs[0]}/interleaved`);
      initializers.set(weights, interleavedWeights(model.initializers.get(node.inputs[1]!)!));
      instead.set(
        node,
        interleavedConvolution(
          node,
          weights,
          picture.channels,
          model.initializers.get(node.inputs[1]!)!.dims,
        ),
      );
    }
  }
  return instead.size === 0
    ? model
    : { ...model, initializers, nodes: model.nodes.map((node) => instead.get(node) ?? node) };
}

/**
 * The network's input [N, height, width, channels] that the node brings into NCHW order; null where
 * it is another node, or sizes are open.
 */
function interleavedPicture(
  model: Model,
  transpose: Node,
): { height: number; width: number; channels: number } | null {
  if (
    transpose.op !== 'Transpose' ||
    transpose.domain !== '' ||
    intsAttribute(transpose, 'perm')?.join() !== '0,3,1,2'
  )
    return null;
  const input = model.inputs.find((each) => each.name === transpose.inputs[0]);
  const [height, width, channels] = input?.shape?.slice(1) ?? [];
  if (
    input?.type !== DataType.float ||
    typeof height !== 'number' ||
    typeof width !== 'number' ||
    typeof channels !== 'number' ||
    channels > FEW
  )
    return null;
  return { height, width, channels };
}

function canBeInterleaved(model: Model, node: Node, value: string): boolean {
  const weights = model.initializers.get(node.inputs[1] ?? '');
  return (
    node.op === 'Conv' &&
    node.domain === '' &&
    node.inputs[0] === value &&
    !node.inputs.slice(1).includes(value) &&
    weights?.type === DataType.float &&
    weights.dims.length === 4 &&
    intAttribute(node, 'group', 1) === 1 &&
    ['NOTSET', 'VALID'].includes(stringAttribute(node, 'auto_pad', 'NOTSET')) &&
    (intsAttribute(node, 'dilations')?.[1] ?? 1) === 1
  );
}

function interleavedConvolution(
  node: Node,
  weights: string,
  channels: number,
  [, , kernelHeight, kernelWidth]: readonly number[],
): Node {
  const [down, right] = intsAttribute(node, 'strides') ?? [1, 1];
  const [top, left, bottom, rightPad] = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
  const changed = attributes({
    kernel_shape: [kernelHeight!, kernelWidth! * channels],
    strides: [down!, right! * channels],
    pads: [top!, left! * channels, bottom!, rightPad! * channels],
  });
  const kept = [...node.attributes].filter(([name]) => name === 'dilations');
  return {
    ...node,
    inputs: [node.inputs[0]!, weights, ...node.inputs.slice(2)],
    attributes: new Map([...kept, ...changed]),
  };
}

/** Weights [outputs, channels, height, width] as [outputs, 1, height, width × channels]. */
function interleavedWeights({ dims, data }: Tensor): Tensor {
  const [outputs, channels, height, width] = dims as [number, number, number, number];
  const values = new Float32Array(data.length);
  let from = 0;
  for (let output = 0; output < outputs; output++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++)
          values[((output * height + row) * width + column) * channels + channel] = Number(
            data[from++],
          );
      }
    }
  }
  return floatTensor([outputs, 1, height, width * channels], values);
}
