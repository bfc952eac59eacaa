import { GraphBuilder } from '../builder.ts';
import type { Model } from '../graph.ts';
import { inferKnownShapes } from '../infer-shapes.ts';
import { elementCount, floatTensor, int64Tensor, type Tensor } from '../tensor.ts';
import { filledUp } from './channel-blocks.ts';
import { COST, costOf, transposedConvolution, type TransposedConvolution } from './transposed-convolution.ts';

/** Slices take their ends as inputs from here on. */
const FIRST_OPSET = 10;

/** The pixels of one axis that lie a stride apart, as a convolution gives them. */
interface Phase {
  /** For each weight of it, the one of the transposed convolution; null: zero. */
  readonly taps: readonly (number | null)[];
  readonly before: number;
  readonly after: number;
}

/** Of the rows each by itself; of the columns all with the same window. */
interface Phases {
  readonly rows: readonly Phase[];
  readonly columns: readonly Phase[];
}

/**
 * A transposed convolution as convolutions: every pixel of a row and column of each phase of the stride reads the same window. ONNX Runtime computes those in blocks of
 * `block` channels, and a transposed convolution by writing out all products first, and adding them up.
 */
export function transposedAsConvolutions(model: Model, block: number): Model {
  if (model.opset < FIRST_OPSET || !model.nodes.some(({ op }) => op === 'ConvTranspose')) return model;
  const shapes = inferKnownShapes(model);
  return model.nodes.reduce((changed, node) => {
    const transposed = transposedConvolution(changed, shapes, node);
    if (!transposed) return changed;
    const phases = { rows: phasesOf(axisOf(transposed, 0), false), columns: phasesOf(axisOf(transposed, 1), true) };
    return convolutionsCost(transposed, phases, block) < costOf(transposed) ? withConvolutions(changed, transposed, phases) : changed;
  }, model);
}

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
}

function axisOf({ window, from, to }: TransposedConvolution, axis: 0 | 1): Axis {
  return { from: from[axis], to: to[axis], kernel: window.kernel[axis], stride: window.strides[axis], before: window.pads[axis] };
}

/**
 * Pixel s·i + p of the result is the sum of the weights s·j + r, of the same remainder as p with the border cut off, at pixels i + q − j.
 */
function phasesOf({ from, to, kernel, stride, before }: Axis, isShared: boolean): Phase[] {
  const count = Math.ceil(to / stride);
  const plain = Array.from({ length: stride }, (_, phase) => {
    const first = (phase + before) % stride;
    const shift = Math.floor((phase + before) / stride);
    return { first, shift, length: Math.max(1, Math.ceil((kernel - first) / stride)) };
  });
  return plain.map((phase) => {
    const alike = isShared ? plain : [phase];
    const nearest = Math.min(0, ...alike.map(({ shift, length }) => shift - length + 1));
    const furthest = Math.max(from - count, ...alike.map(({ shift }) => shift));
    const taps = Array.from({ length: furthest - nearest + 1 }, (_, tap) => {
      const weight = phase.first + stride * (phase.shift - nearest - tap);
      return weight >= 0 && weight < kernel && tap + nearest <= phase.shift ? weight : null;
    });
    return { taps, before: -nearest, after: count - 1 + furthest - (from - 1) };
  });
}

function convolutionsCost({ weights, to, window }: TransposedConvolution, { rows, columns }: Phases, block: number): number {
  const [inputs, outputs] = weights.dims as [number, number];
  const [down, right] = window.strides;
  const pixels = Math.ceil(to[0] / down) * Math.ceil(to[1] / right);
  const products = rows.reduce((sum, { taps }) => sum + taps.length * columns[0]!.taps.length, 0) * inputs * filledUp(right * outputs, block) * pixels;
  const copies = 2 + (down > 1 ? 2 : 0) + Number(to[1] % right > 0);
  const nodes = down + (right > 1 ? 2 : 0) + copies;
  return products + outputs * pixels * down * right * (copies * COST.copied + (right > 1 ? COST.interleaved : 0)) + nodes * COST.node;
}

function withConvolutions(model: Model, { node, weights, bias, to, window }: TransposedConvolution, { rows, columns }: Phases): Model {
  const outputs = weights.dims[1]!;
  const [down, right] = window.strides;
  const [high, wide] = [Math.ceil(to[0] / down), Math.ceil(to[1] / right)];
  const whole = node.outputs[0]!;
  const builder = new GraphBuilder({ ...model, nodes: model.nodes.filter((each) => each !== node) }, 'roadgaze/phases');
  const biases = bias ? [builder.constant(floatTensor([right * outputs], Float32Array.from({ length: right * outputs }, (_, channel) => Number(bias.data[Math.floor(channel / right)]))), 'bias')] : [];
  const isOne = down === 1 && right === 1;
  const isCut = to[1] < wide * right;
  const phases = rows.map((row) => {
    const pads = [row.before, columns[0]!.before, row.after, columns[0]!.after];
    return builder.node('Conv', [node.inputs[0]!, builder.constant(phaseWeights(weights, row, columns), 'weights'), ...biases], { kernel_shape: [row.taps.length, columns[0]!.taps.length], pads }, isOne ? whole : undefined);
  });
  // Channels are the phases of the rows, each with the outputs, each with the phases of the columns.
  let value = down > 1 ? builder.node('Concat', phases, { axis: 1 }) : phases[0]!;
  if (right > 1) value = builder.transpose(builder.reshape(value, [0, down * outputs, right, high * wide]), [0, 1, 3, 2]);
  if (down > 1) value = builder.node('Gather', [builder.reshape(value, [0, down * outputs * high, wide * right]), builder.constant(rowPlaces(outputs, high, down, to[0]), 'places')], { axis: 1 });
  if (!isOne) value = builder.reshape(value, [0, outputs, to[0], wide * right], isCut ? undefined : whole);
  if (isCut) builder.node('Slice', [value, ...[0, to[1], 3].map((number) => builder.constant(int64Tensor([number]), 'cut'))], {}, whole);
  return builder.build({ outputs: model.outputs });
}

/** Where each of the `count` rows of every output lies among rows in the order phase, output, row of the phase. */
function rowPlaces(outputs: number, high: number, phases: number, count: number): Tensor {
  return int64Tensor(Array.from({ length: outputs * count }, (_, place) => {
    const [output, row] = [Math.floor(place / count), place % count];
    return ((row % phases) * outputs + output) * high + Math.floor(row / phases);
  }));
}

/** Of [inputs, outputs, height, width] those of one phase of rows and all of columns: [outputs × columns, inputs, height, width]. */
function phaseWeights({ dims, data }: Tensor, row: Phase, columns: readonly Phase[]): Tensor {
  const [inputs, outputs, height, width] = dims as [number, number, number, number];
  const shape = [outputs * columns.length, inputs, row.taps.length, columns[0]!.taps.length];
  const values = new Float32Array(elementCount(shape));
  let at = 0;
  for (let output = 0; output < outputs; output++) {
    for (const column of columns) {
      for (let input = 0; input < inputs; input++) {
        for (const y of row.taps) {
          for (const x of column.taps) values[at++] = y === null || x === null ? 0 : Number(data[((input * outputs + output) * height + y) * width + x]);
        }
      }
    }
  }
  return floatTensor(shape, values);
}
