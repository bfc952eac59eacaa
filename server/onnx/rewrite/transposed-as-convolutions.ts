import { GraphBuilder } from '../builder.ts';
import type { Model } from '../graph.ts';
import { inferKnownShapes } from '../infer-shapes.ts';
import { elementCount, floatTensor, int64Tensor, type Tensor } from '../tensor.ts';
import { filledUp } from './channel-blocks.ts';
import { axisOf, phasesOf, type Phase } from './stride-phases.ts';
import {
  COST,
  costOf,
  transposedConvolution,
  type TransposedConvolution,
} from './transposed-convolution.ts';
import { costInRows } from './transposed-in-rows.ts';

/** Slices take their ends as inputs from here on. */
const FIRST_OPSET = 10;

/**
 * How the pixels are computed: the phases of the rows each by itself, those of the columns too, or
 * all of them with the same window.
 */
interface Phases {
  readonly rows: readonly Phase[];
  readonly columns: readonly Phase[];
  readonly columnsApart: boolean;
}

/**
 * A transposed convolution as convolutions: every pixel of a row and column of each phase of the
 * stride reads the same window. ONNX Runtime computes those in blocks of `block` channels, and a
 * transposed convolution by writing out all products first, and adding them up. Several of one
 * value are computed together.
 */
export function transposedAsConvolutions(model: Model, block: number): Model {
  if (model.opset < FIRST_OPSET || !model.nodes.some(({ op }) => op === 'ConvTranspose'))
    return model;
  const shapes = inferKnownShapes(model);
  const groups = new Map<string, TransposedConvolution[]>();
  for (const node of model.nodes) {
    const transposed = transposedConvolution(model, shapes, node);
    if (!transposed) continue;
    // Only where rows are picked out of the result does it cost nothing to hand out the parts.
    const key =
      transposed.window.strides[0] > 1
        ? JSON.stringify([node.inputs[0], transposed.window, transposed.to])
        : node.outputs[0]!;
    groups.set(key, [...(groups.get(key) ?? []), transposed]);
  }
  return [...groups.values()].reduce((changed, group) => {
    const [first] = group as [TransposedConvolution];
    const rows = phasesOf(axisOf(first, 0), false);
    const withColumns = (columnsApart: boolean): Phases => ({
      rows,
      columns: phasesOf(axisOf(first, 1), !columnsApart),
      columnsApart,
    });
    const [together, apart] = [withColumns(false), withColumns(true)];
    const phases =
      convolutionsCost(group, apart, block) < convolutionsCost(group, together, block)
        ? apart
        : together;
    const otherwise = group.reduce(
      (sum, each) => sum + Math.min(costOf(each), costInRows(model, each)),
      0,
    );
    return convolutionsCost(group, phases, block) < otherwise
      ? withConvolutions(changed, group, phases)
      : changed;
  }, model);
}

const outputsOf = (group: readonly TransposedConvolution[]) =>
  group.reduce((sum, { weights }) => sum + weights.dims[1]!, 0);

function convolutionsCost(
  group: readonly TransposedConvolution[],
  { rows, columns, columnsApart }: Phases,
  block: number,
): number {
  const [{ weights, from, to, window }] = group as [TransposedConvolution];
  const [inputs, outputs] = [weights.dims[0]!, outputsOf(group)];
  const [down, right] = window.strides;
  const pixels = Math.ceil(to[0] / down) * Math.ceil(to[1] / right);
  const taps = (phases: readonly Phase[]) =>
    phases.reduce((sum, phase) => sum + phase.taps.length, 0);
  const perPixel = columnsApart
    ? taps(columns) * filledUp(outputs, block)
    : columns[0]!.taps.length * filledUp(right * outputs, block);
  const rest = inputs % block;
  const products = taps(rows) * perPixel * (inputs - rest + rest * COST.outsideBlocks) * pixels;
  const entering = inputs * from[0] * from[1] * COST.copied * (rest > 0 ? 2 : 1);
  const copies = 2 + (down > 1 ? 2 : 0) + Number(to[1] % right > 0);
  const nodes = down * (columnsApart ? right : 1) + (right > 1 ? 2 : 0) + copies;
  return (
    products +
    entering +
    outputs * pixels * down * right * (copies * COST.copied + (right > 1 ? COST.interleaved : 0)) +
    nodes * COST.node
  );
}

function withConvolutions(
  model: Model,
  group: readonly TransposedConvolution[],
  { rows, columns, columnsApart }: Phases,
): Model {
  const [{ node, to, window }] = group as [TransposedConvolution];
  const outputs = outputsOf(group);
  const [down, right] = window.strides;
  const [high, wide] = [Math.ceil(to[0] / down), Math.ceil(to[1] / right)];
  const gone = new Set(group.map((each) => each.node));
  const builder = new GraphBuilder(
    { ...model, nodes: model.nodes.filter((each) => !gone.has(each)) },
    'roadgaze/phases',
  );
  const isOne = down === 1 && right === 1;
  const isCut = to[1] < wide * right;
  const phases = rows.flatMap((row) =>
    (columnsApart ? columns.map((column) => [column]) : [columns]).map((some) => {
      const [{ taps, before, after }] = some as [Phase];
      const biases = group.some(({ bias }) => bias)
        ? [builder.constant(phaseBias(group, some.length), 'bias')]
        : [];
      const inputs = [
        node.inputs[0]!,
        builder.constant(phaseWeights(group, row, some), 'weights'),
        ...biases,
      ];
      return builder.node(
        'Conv',
        inputs,
        {
          kernel_shape: [row.taps.length, taps.length],
          pads: [row.before, before, row.after, after],
        },
        isOne ? node.outputs[0] : undefined,
      );
    }),
  );
  if (isOne) return builder.build({ outputs: model.outputs });
  // Channels are the phases of the rows, each with those of the columns and the outputs, or with
  // the outputs and those of the columns.
  let value = phases.length > 1 ? builder.node('Concat', phases, { axis: 1 }) : phases[0]!;
  if (right > 1)
    value = builder.transpose(
      builder.reshape(
        value,
        columnsApart
          ? [0, down, right, outputs * high * wide]
          : [0, down * outputs, right, high * wide],
      ),
      [0, 1, 3, 2],
    );
  if (down > 1) value = builder.reshape(value, [0, down * outputs * high, wide * right]);
  let first = 0;
  for (const {
    node: {
      outputs: [whole],
    },
    weights,
  } of group) {
    const count = weights.dims[1]!;
    const part =
      down > 1
        ? builder.node(
            'Gather',
            [
              value,
              builder.constant(
                rowPlaces({ first, count, of: outputs }, high, down, to[0]),
                'places',
              ),
            ],
            { axis: 1 },
          )
        : value;
    const shaped = builder.reshape(
      part,
      [0, count, to[0], wide * right],
      isCut ? undefined : whole,
    );
    if (isCut)
      builder.node(
        'Slice',
        [shaped, ...[0, to[1], 3].map((number) => builder.constant(int64Tensor([number]), 'cut'))],
        {},
        whole,
      );
    first += count;
  }
  return builder.build({ outputs: model.outputs });
}

/**
 * Where each of the `rows` rows of `count` outputs from `first` lies among the rows of all, in the
 * order phase, output, row of the phase.
 */
function rowPlaces(
  { first, count, of }: { readonly first: number; readonly count: number; readonly of: number },
  high: number,
  phases: number,
  rows: number,
): Tensor {
  return int64Tensor(
    Array.from({ length: count * rows }, (_, place) => {
      const [output, row] = [first + Math.floor(place / rows), place % rows];
      return ((row % phases) * of + output) * high + Math.floor(row / phases);
    }),
  );
}

/**
 * Of all [inputs, outputs, height, width] those of one phase of rows and some of columns: [outputs
 * × columns, inputs, height, width].
 */
function phaseWeights(
  group: readonly TransposedConvolution[],
  row: Phase,
  columns: readonly Phase[],
): Tensor {
  const shape = [
    outputsOf(group) * columns.length,
    group[0]!.weights.dims[0]!,
    row.taps.length,
    columns[0]!.taps.length,
  ];
  const values = new Float32Array(elementCount(shape));
  let at = 0;
  for (const {
    weights: { dims, data },
  } of group) {
    const [inputs, outputs, height, width] = dims as [number, number, number, number];
    for (let output = 0; output < outputs; output++) {
      for (const column of columns) {
        for (let input = 0; input < inputs; input++) {
          for (const y of row.taps) {
            for (const x of column.taps)
              values[at++] =
                y === null || x === null
                  ? 0
                  : Number(data[((input * outputs + output) * height + y) * width + x]);
          }
        }
      }
    }
  }
  return floatTensor(shape, values);
}

/** The bias of every output, `columns` times. */
function phaseBias(group: readonly TransposedConvolution[], columns: number): Tensor {
  const values = group.flatMap(({ weights, bias }) =>
    Array.from({ length: weights.dims[1]! * columns }, (_, channel) =>
      Number(bias?.data[Math.floor(channel / columns)] ?? 0),
    ),
  );
  return floatTensor([values.length], values);
}
