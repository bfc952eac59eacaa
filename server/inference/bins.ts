import { RoadgazeError } from '../../shared/errors.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import { keepOnly, producers, type Model, type Node, type ValueInfo } from '../onnx/graph.ts';
import { inferWhatIsKnown } from '../onnx/infer-shapes.ts';
import { DataType, elementCount, floatTensor, int64Tensor, tensorNumbers } from '../onnx/tensor.ts';
import { binMeaning } from './explained-number.ts';
import { BINS, imageInput, ownOutputs, rowOf } from './explained-output.ts';
import type { Sidecar } from './sidecar.ts';

/** Operators that change neither values nor their order. */
const keeping = new Set(['Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);
const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div']);

/**
 * The network with a number behind its bins, where its sidecar says that its output is some: bin i
 * of K stands for from + i × (to − from) ÷ (K − 1). `BINS.number` [N, 1] is the centre of the bin
 * with the highest score, or the mean of all centres, weighted by the bins' probabilities;
 * `BINS.score` [N, 1] is the score of that bin. Scores that are no probabilities yet become some by
 * softmax. Both are outputs of it; `ownOutputs` leaves them out. Throws SIDECAR_INVALID, MODEL_*.
 */
export function withBins(model: Model, sidecar: Sidecar): Model {
  const bins = sidecar.output?.bins;
  if (!bins) return model;
  const tensor = sidecar.output?.tensor ?? model.outputs[0]!.name;
  if (!model.outputs.some(({ name }) => name === tensor)) return model;
  const builder = new GraphBuilder(model, 'roadgaze/bins');
  const place = { model, builder, sidecar, tensor };
  const head = indexHead(model, tensor);
  if (head && bins.read === 'argmax') appendOfIndex(place, head, bins);
  else appendOfRow(place, bins);
  const added = bins.read === 'argmax' ? [BINS.score, BINS.number] : [BINS.number];
  const batch = imageInfo(model, sidecar).shape![0]!;
  return builder.build({
    outputs: [
      ...model.outputs,
      ...added.map((name) => ({ name, type: DataType.float, shape: [batch, 1] })),
    ],
  });
}

/** The network, perhaps with explanations, without the outputs that `withBins` added. */
export function withoutBins(model: Model): Model {
  const outputs = ownOutputs(model);
  if (outputs.length === model.outputs.length) return model;
  const kept = keepOnly(
    model,
    outputs.map(({ name }) => name),
  );
  return { ...model, ...kept, outputs };
}

function imageInfo(model: Model, { input }: Sidecar): ValueInfo {
  const { name } = imageInput(model, input?.tensor ?? null);
  return model.inputs.find((each) => each.name === name)!;
}

type Bins = NonNullable<NonNullable<Sidecar['output']>['bins']>;

interface Place {
  readonly model: Model;
  readonly builder: GraphBuilder;
  readonly sidecar: Sidecar;
  readonly tensor: string;
}

function appendOfRow(place: Place, bins: Bins): void {
  const { model, builder, tensor } = place;
  const { row, count, scores } = rowsOfBins(place);
  const centres = Array.from(
    { length: count },
    (_, index) => bins.from + (index * (bins.to - bins.from)) / (count - 1),
  );
  if (bins.read === 'argmax') {
    builder.node('Identity', [builder.reduce('ReduceMax', scores, [1])], {}, BINS.score);
    appendCentre(builder, firstOfLargest(builder, row, count), centres);
    return;
  }
  const meaning = binMeaning(model, tensor);
  const probabilities =
    meaning === 'probability'
      ? row
      : meaning === 'log-probability'
        ? builder.node('Exp', [row])
        : builder.node('Softmax', [row], { axis: 1 });
  builder.node(
    'MatMul',
    [probabilities, builder.constant(floatTensor([count, 1], centres), 'centres')],
    {},
    BINS.number,
  );
}

/**
 * The bins of every picture, float [N, count], and the scores in front of a softmax that makes
 * probabilities of them, in the same order; without one the same.
 */
function rowsOfBins({ model, builder, sidecar, tensor }: Place): {
  row: string;
  count: number;
  scores: string;
} {
  const shapes = inferWhatIsKnown(model);
  const batch = imageInfo(model, sidecar).shape![0]!;
  const shape = shapes.of(tensor);
  const dims = rowOf(shape, batch).row.filter((size) => typeof size === 'number');
  const element = [sidecar.output?.element ?? []].flat();
  const wrong = (what: string) =>
    new RoadgazeError(
      'SIDECAR_INVALID',
      `The sidecar of ${model.source} says that its output "${tensor}" [${shape.join(', ')}] is bins, but ${what}.`,
      'Correct "output" in the sidecar: "bins" are along the last axis, and "element" chooses a row where there are several.',
    );
  const count = dims.at(-1) ?? 1;
  const rows = dims.slice(0, -1);
  if (count < 2) throw wrong('it has one number for each picture');
  const isChosen = element.length === rows.length && element.every((at, axis) => at < rows[axis]!);
  if (!isChosen && (element.length > 0 || elementCount(rows) > 1))
    throw wrong(
      element.length > 0
        ? `there is no row ${element.join(', ')}`
        : `it has ${elementCount(rows)} rows of them`,
    );
  const first = count * element.reduce((index, at, axis) => index * rows[axis]! + at, 0);
  const elements = count * elementCount(rows);
  const rowOfValue = (value: string) => {
    const flat = builder.reshape(builder.node('Cast', [value], { to: DataType.float }), [
      -1,
      elements,
    ]);
    if (elements === count) return flat;
    const chosen = Array.from({ length: count }, (_, index) => first + index);
    return builder.node('Gather', [flat, builder.constant(int64Tensor(chosen), 'bins')], {
      axis: 1,
    });
  };
  const made = producers(model);
  const node = behindKeeping(made, tensor);
  const isShare = node?.domain === '' && (node.op === 'Softmax' || node.op === 'LogSoftmax');
  const row = rowOfValue(tensor);
  return { row, count, scores: isShare ? rowOfValue(node.inputs[0]!) : row };
}

/** The place of the largest value of each row, [N, 1] as float; of equal ones the first. */
function firstOfLargest(builder: GraphBuilder, row: string, count: number): string {
  const largest = builder.reduce('ReduceMax', row, [1]);
  const isLess = builder.node('Cast', [builder.node('Less', [row, largest])], {
    to: DataType.float,
  });
  const places = Array.from({ length: count }, (_, index) => index);
  return builder.reduce(
    'ReduceMin',
    builder.node('Add', [
      builder.scale(isLess, count),
      builder.constant(floatTensor([1, count], places), 'places'),
    ]),
    [1],
  );
}

/** `BINS.number` of places [N, 1] among the centres. */
function appendCentre(builder: GraphBuilder, place: string, centres: readonly number[]): void {
  const index = builder.node('Cast', [place], { to: DataType.int64 });
  const all = builder.constant(floatTensor([centres.length], centres), 'centres');
  builder.node('Gather', [all, index], { axis: 0 }, BINS.number);
}

/** An output that is the place of the best bin, or computed of it. */
interface IndexHead {
  readonly node: Node;
  /** What the network makes of the place itself: place × factor + offset. */
  readonly factor: number;
  readonly offset: number;
  readonly isPlain: boolean;
}

function indexHead(model: Model, tensor: string): IndexHead | null {
  const made = producers(model);
  const { constant } = inferWhatIsKnown(model);
  const steps: { op: string; by: number }[] = [];
  let node = behindKeeping(made, tensor);
  while (node && node.domain === '' && arithmetic.has(node.op)) {
    const at = node.inputs.findIndex((input) => constant(input)?.data.length === 1);
    if (at < 0 || (at === 0 && (node.op === 'Sub' || node.op === 'Div'))) return null;
    steps.unshift({ op: node.op, by: tensorNumbers(constant(node.inputs[at]!)!)[0]! });
    node = behindKeeping(made, node.inputs[1 - at]!);
  }
  if (node?.op !== 'ArgMax' || node.domain !== '') return null;
  const [offset, next] = [0, 1].map((start) =>
    steps.reduce(
      (value, { op, by }) =>
        op === 'Add'
          ? value + by
          : op === 'Sub'
            ? value - by
            : op === 'Mul'
              ? value * by
              : value / by,
      start,
    ),
  ) as [number, number];
  return { node, factor: next - offset, offset, isPlain: steps.length === 0 };
}

/**
 * The network has chosen the bin by itself: its scores are explained, and its own number is shown,
 * which must be what the sidecar says.
 */
function appendOfIndex(place: Place, head: IndexHead, bins: Bins): void {
  const { model, builder, sidecar, tensor } = place;
  const scores = head.node.inputs[0]!;
  const shapes = inferWhatIsKnown(model);
  const batch = imageInfo(model, sidecar).shape![0]!;
  const { row } = rowOf(shapes.of(scores), batch);
  const count = row.at(-1);
  if (typeof count !== 'number' || count < 2 || row.slice(0, -1).some((size) => size !== 1))
    throw new RoadgazeError(
      'MODEL_SHAPE',
      `${model.source} chooses its output "${tensor}" among [${row.join(', ')}], which is not one row of bins.`,
      'Export the network with the bins as its output.',
    );
  const step = (bins.to - bins.from) / (count - 1);
  const ends = [head.offset, head.offset + (count - 1) * head.factor] as const;
  const tolerance = 1e-4 * Math.max(Math.abs(bins.from), Math.abs(bins.to));
  if (
    !head.isPlain &&
    (Math.abs(ends[0] - bins.from) > tolerance || Math.abs(ends[1] - bins.to) > tolerance)
  )
    throw new RoadgazeError(
      'SIDECAR_INVALID',
      `${model.source} makes numbers from ${ends[0].toPrecision(4)} to ${ends[1].toPrecision(4)} of its ${count} bins by itself, but its sidecar says ${bins.from} to ${bins.to}.`,
      'Correct "output": { "bins": … } in the sidecar.',
    );
  const flat = builder.reshape(builder.node('Cast', [scores], { to: DataType.float }), [-1, count]);
  builder.node('Identity', [builder.reduce('ReduceMax', flat, [1])], {}, BINS.score);
  const own = builder.reshape(builder.node('Cast', [tensor], { to: DataType.float }), [-1, 1]);
  if (!head.isPlain) builder.node('Identity', [own], {}, BINS.number);
  else
    appendCentre(
      builder,
      own,
      Array.from({ length: count }, (_, index) => bins.from + index * step),
    );
}

function behindKeeping(made: ReadonlyMap<string, Node>, value: string): Node | undefined {
  let node = made.get(value);
  while (node && node.domain === '' && keeping.has(node.op)) node = made.get(node.inputs[0]!);
  return node;
}
