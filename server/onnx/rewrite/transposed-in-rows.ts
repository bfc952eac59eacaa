import { intsAttribute } from '../attributes.ts';
import { GraphBuilder } from '../builder.ts';
import { consumers, type Model, type Node } from '../graph.ts';
import { inferKnownShapes } from '../infer-shapes.ts';
import { elementCount, floatTensor, type Tensor } from '../tensor.ts';
import {
  COST,
  costOf,
  transposedConvolution,
  type TransposedConvolution,
} from './transposed-convolution.ts';

/**
 * A transposed convolution that moves along the rows in steps of more than a pixel, as one in steps
 * of one that gives the pixels of every phase of the stride in channels of their own: ONNX Runtime
 * adds values beside each other many at a time. What is read with its channels last gets them back
 * in place by the Transpose that does that.
 */
export function transposedInRows(model: Model): Model {
  if (!model.nodes.some(({ op }) => op === 'ConvTranspose')) return model;
  const shapes = inferKnownShapes(model);
  return model.nodes.reduce((changed, node) => {
    const transposed = transposedConvolution(changed, shapes, node);
    return transposed && costInRows(changed, transposed) < costOf(transposed)
      ? withRows(changed, transposed)
      : changed;
  }, model);
}

/** Whether all phases have as many pixels, and no border is cut off. */
function fits({ weights, from, to, window }: TransposedConvolution): boolean {
  const stride = window.strides[1];
  const [, left, , right] = window.pads;
  return (
    stride > 1 &&
    left === 0 &&
    right === 0 &&
    to[1] === stride * (from[1] + Math.ceil(weights.dims[3]! / stride) - 1)
  );
}

/** The Transpose to NHWC that alone reads the node. */
function channelsLast(model: Model, node: Node): Node | null {
  const [reader, ...more] = consumers(model).get(node.outputs[0]!) ?? [];
  const isLast =
    reader?.op === 'Transpose' &&
    reader.domain === '' &&
    intsAttribute(reader, 'perm')?.join() === '0,2,3,1';
  return isLast && more.length === 0 && !model.outputs.some(({ name }) => name === node.outputs[0])
    ? reader
    : null;
}

/** What the node costs that way, for one picture; Infinity where it cannot be computed so. */
export function costInRows(model: Model, transposed: TransposedConvolution): number {
  if (!fits(transposed)) return Infinity;
  const { node, weights, from, to, window } = transposed;
  const [inputs, outputs, height, width] = weights.dims as [number, number, number, number];
  const stride = window.strides[1];
  const spread = outputs * height * stride * Math.ceil(width / stride) * from[0] * from[1];
  return (
    spread * (inputs * COST.product + COST.addedBeside) +
    (channelsLast(model, node)
      ? COST.node
      : outputs * to[0] * to[1] * COST.interleaved + 3 * COST.node)
  );
}

function withRows(
  model: Model,
  { node, weights, bias, from, to, window }: TransposedConvolution,
): Model {
  const last = channelsLast(model, node);
  const [, outputs, height] = weights.dims as [number, number, number];
  const [down, stride] = window.strides;
  const width = Math.ceil(weights.dims[3]! / stride);
  const builder = new GraphBuilder(
    { ...model, nodes: model.nodes.filter((each) => each !== node && each !== last) },
    'roadgaze/rows',
  );
  // Phases before channels where channels come last, and behind them where every channel's rows are
  // put together.
  const order = last ? ([1, outputs] as const) : ([stride, 1] as const);
  const missing = to[0] - ((from[0] - 1) * down + height - window.pads[0] - window.pads[2]);
  const biases = bias ? [builder.constant(phaseBias(bias, stride, order), 'bias')] : [];
  const spread = builder.node(
    'ConvTranspose',
    [node.inputs[0]!, builder.constant(phaseWeights(weights, stride, order), 'weights'), ...biases],
    {
      kernel_shape: [height, width],
      strides: [down, 1],
      pads: [window.pads[0], 0, window.pads[2], 0],
      ...(missing > 0 ? { output_padding: [missing, 0] } : {}),
    },
  );
  if (last) {
    builder.reshape(
      builder.transpose(spread, [0, 2, 3, 1]),
      [0, to[0], to[1], outputs],
      last.outputs[0],
    );
  } else {
    const apart = builder.reshape(spread, [0, outputs, stride, to[0], to[1] / stride]);
    builder.reshape(
      builder.transpose(apart, [0, 1, 3, 4, 2]),
      [0, outputs, to[0], to[1]],
      node.outputs[0],
    );
  }
  return builder.build({ outputs: model.outputs });
}

/**
 * Of [inputs, outputs, height, width] as [inputs, outputs × phases, height, width of a phase], at
 * output · order[0] + phase · order[1].
 */
function phaseWeights(
  { dims, data }: Tensor,
  stride: number,
  [perOutput, perPhase]: readonly [number, number],
): Tensor {
  const [inputs, outputs, height, width] = dims as [number, number, number, number];
  const shape = [inputs, outputs * stride, height, Math.ceil(width / stride)] as const;
  const values = new Float32Array(elementCount(shape));
  let from = 0;
  for (let input = 0; input < inputs; input++) {
    for (let output = 0; output < outputs; output++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const channel = output * perOutput + (x % stride) * perPhase;
          values[((input * shape[1] + channel) * height + y) * shape[3] + Math.floor(x / stride)] =
            Number(data[from++]);
        }
      }
    }
  }
  return floatTensor(shape, values);
}

function phaseBias(
  { data }: Tensor,
  stride: number,
  [perOutput, perPhase]: readonly [number, number],
): Tensor {
  const values = new Float32Array(data.length * stride);
  for (let output = 0; output < data.length; output++)
    for (let phase = 0; phase < stride; phase++)
      values[output * perOutput + phase * perPhase] = Number(data[output]);
  return floatTensor([values.length], values);
}
