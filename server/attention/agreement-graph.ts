import type { Size } from '../../shared/geometry.ts';
import type { Agreement } from '../../shared/protocol/frame-message.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import type { Model } from '../onnx/graph.ts';
import { DataType, floatTensor, int64Tensor, scalar } from '../onnx/tensor.ts';

/**
 * Larger planes are averaged over square cells, the smallest that leave no more than this: ranks
 * and SSIM of a whole picture cost milliseconds.
 */
const MOST_CELLS = 16_384;
/**
 * Fineness of ranks: values whose fourth roots fall into the same of so many steps are tied. Fourth
 * roots, because small values are many.
 */
const LEVELS = 16_384;
const TOP_SHARE = 0.05;

/**
 * Of Wang et al. 2004, doi 10.1109/TIP.2003.819861: an 11 × 11 Gaussian window of σ 1.5, K1 0.01,
 * K2 0.03, values up to 1.
 */
const WINDOW = 11;
const SIGMA = 1.5;
const [C1, C2] = [0.01 ** 2, 0.03 ** 2];

/** Side of a cell in pixels. */
export function cellSide({ width, height }: Size): number {
  let side = 1;
  while (Math.ceil(width / side) * Math.ceil(height / side) > MOST_CELLS) side++;
  return side;
}

/**
 * A model that compares planes: `first` and `second`, float [N, H × W], sizes ≥ 0 with their
 * largest at 255. Output `agreement` float [N, 3]: Spearman's ρ with mean ranks for ties,
 * intersection ÷ union of the cells with the highest 5 % of values (more where there are ties,
 * zeros never), and the mean SSIM over all places where its window fits ([N, 2] where there is
 * none). NaN where it is not defined, as for a plane of one value.
 */
export function agreementGraph(size: Size): Model {
  const pixels = size.height * size.width;
  const empty: Model = {
    source: 'the comparison of methods',
    irVersion: 8,
    opset: 17,
    otherOpsets: new Map(),
    metadata: new Map(),
    name: 'agreement',
    nodes: [],
    initializers: new Map(),
    inputs: ['first', 'second'].map((name) => ({
      name,
      type: DataType.float,
      shape: ['N', pixels],
    })),
    outputs: [],
  };
  const builder = new GraphBuilder(empty, 'agreement');
  const cells = appendCells(builder, size);
  const order = appendOrder(builder, cells);
  const numbers = [appendSpearman(builder, order), appendTopOverlap(builder, order)];
  if (cells.height >= WINDOW && cells.width >= WINDOW) numbers.push(appendSsim(builder, cells));
  builder.node('Concat', numbers, { axis: 1 }, 'agreement');
  return builder.build({
    outputs: [{ name: 'agreement', type: DataType.float, shape: ['N', numbers.length] }],
  });
}

/** What `agreementGraph` found for one picture. */
export function agreementOf([spearman, topOverlap, ssim]:
  readonly number[] | Float32Array): Agreement {
  const known = (value: number | undefined) =>
    value !== undefined && Number.isFinite(value) ? value : null;
  return { spearman: known(spearman), ssim: known(ssim), topOverlap: known(topOverlap) };
}

/** Both planes as channels, float [N, 2, height, width], up to 1. */
interface Cells extends Size {
  readonly values: string;
}

function appendCells(builder: GraphBuilder, size: Size): Cells {
  const planes = ['first', 'second'].map((name) =>
    builder.reshape(name, [0, 1, size.height, size.width]),
  );
  const both = builder.scale(builder.node('Concat', planes, { axis: 1 }), 1 / 255);
  const side = cellSide(size);
  if (side === 1) return { ...size, values: both };
  const values = builder.node('AveragePool', [both], {
    kernel_shape: [side, side],
    strides: [side, side],
    ceil_mode: 1,
  });
  return { values, height: Math.ceil(size.height / side), width: Math.ceil(size.width / side) };
}

/** Where the cells stand among the others of their plane: found by a histogram, without sorting. */
interface Order {
  readonly count: number;
  /** int64 [2N, cells] */
  readonly levels: string;
  /** float [2N, LEVELS]: cells of each level, and of all levels up to it. */
  readonly histogram: string;
  readonly upTo: string;
}

function appendOrder(builder: GraphBuilder, { values, height, width }: Cells): Order {
  const count = height * width;
  const roots = builder.node('Sqrt', [builder.node('Sqrt', [values])]);
  const levels = builder.reshape(
    builder.node('Cast', [builder.clip(builder.scale(roots, LEVELS - 1), 0, LEVELS - 1)], {
      to: DataType.int64,
    }),
    [-1, count],
  );
  const batch = builder.node('Shape', [levels], { end: 1 });
  const filled = (length: number, value: number) =>
    builder.node('Expand', [
      builder.constant(floatTensor([1, 1], [value])),
      builder.node('Concat', [batch, builder.constant(int64Tensor([length]))], { axis: 0 }),
    ]);
  const histogram = builder.node('ScatterElements', [filled(LEVELS, 0), levels, filled(count, 1)], {
    axis: 1,
    reduction: 'add',
  });
  const upTo = builder.node('CumSum', [histogram, builder.constant(int64Tensor([1], []))]);
  return { count, levels, histogram, upTo };
}

function channel(builder: GraphBuilder, values: string, index: number): string {
  return builder.node('Slice', [
    values,
    ...[index, index + 1, 1].map((at) => builder.constant(int64Tensor([at]))),
  ]);
}

/** Spearman 1904: the product-moment correlation of ranks, [N, 1]. */
function appendSpearman(builder: GraphBuilder, { count, levels, histogram, upTo }: Order): string {
  // A level's cells have the ranks up to its cumulated number: their mean, less the mean of all
  // ranks.
  const meanRank = builder.node('Sub', [
    builder.node('Sub', [upTo, builder.scale(histogram, 0.5)]),
    builder.constant(scalar(count / 2)),
  ]);
  const ranks = builder.reshape(
    builder.node('GatherElements', [builder.scale(meanRank, 1 / count), levels], { axis: 1 }),
    [-1, 2, count],
  );
  const [first, second] = [channel(builder, ranks, 0), channel(builder, ranks, 1)];
  const sum = (a: string, b: string) =>
    builder.reshape(
      builder.reduce('ReduceMean', builder.reshape(builder.node('Mul', [a, b]), [-1, count]), [1]),
      [-1, 1],
    );
  const deviation = builder.node('Sqrt', [
    builder.node('Mul', [sum(first, first), sum(second, second)]),
  ]);
  return builder.node('Div', [sum(first, second), deviation]);
}

/** [N, 1] */
function appendTopOverlap(builder: GraphBuilder, { count, levels, upTo }: Order): string {
  const below = builder.node(
    'Cast',
    [
      builder.node('Less', [
        upTo,
        builder.constant(scalar(count - Math.ceil(TOP_SHARE * count) + 0.5)),
      ]),
    ],
    { to: DataType.float },
  );
  // So many levels lie below that of the weakest cell that counts; level 0 is that of zeros.
  const least = builder.node('Max', [
    builder.reduce('ReduceSum', below, [1]),
    builder.constant(scalar(1)),
  ]);
  const isTop = builder.reshape(
    builder.node('GreaterOrEqual', [levels, builder.node('Cast', [least], { to: DataType.int64 })]),
    [-1, 2, count],
  );
  const [first, second] = [channel(builder, isTop, 0), channel(builder, isTop, 1)];
  const number = (flags: string) =>
    builder.reshape(
      builder.reduce(
        'ReduceSum',
        builder.reshape(builder.node('Cast', [flags], { to: DataType.float }), [-1, count]),
        [1],
      ),
      [-1, 1],
    );
  return builder.node('Div', [
    number(builder.node('And', [first, second])),
    number(builder.node('Or', [first, second])),
  ]);
}

/** [N, 1] */
function appendSsim(builder: GraphBuilder, { values }: Cells): string {
  const product = (a: string, b: string) => builder.node('Mul', [a, b]);
  const sum = (a: string, b: string) => builder.node('Add', [a, b]);
  const plus = (value: string, constant: number) =>
    builder.node('Add', [value, builder.constant(scalar(constant))]);
  const [x, y] = [channel(builder, values, 0), channel(builder, values, 1)];
  const planes = [values, sum(product(x, x), product(y, y)), product(x, y)];
  const means = smoothed(builder, builder.node('Concat', planes, { axis: 1 }), 4);
  const [meanX, meanY, meanSquares, meanProduct] = [0, 1, 2, 3].map((index) =>
    channel(builder, means, index),
  ) as [string, string, string, string];
  // Variances are needed as their sum only.
  const [productOfMeans, squaresOfMeans] = [
    product(meanX, meanY),
    sum(product(meanX, meanX), product(meanY, meanY)),
  ];
  const covariance = builder.node('Sub', [meanProduct, productOfMeans]);
  const variances = builder.node('Sub', [meanSquares, squaresOfMeans]);
  const upper = product(
    plus(builder.scale(productOfMeans, 2), C1),
    plus(builder.scale(covariance, 2), C2),
  );
  const lower = product(plus(squaresOfMeans, C1), plus(variances, C2));
  return builder.reshape(
    builder.reduce('ReduceMean', builder.node('Div', [upper, lower]), [1, 2, 3]),
    [-1, 1],
  );
}

/** Gaussian means of each of the planes, without padding: the window is separable. */
function smoothed(builder: GraphBuilder, planes: string, count: number): string {
  const weights = Array.from({ length: WINDOW }, (_, at) =>
    Math.exp(-((at - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const all = Array.from({ length: count }, () => weights.map((weight) => weight / total)).flat();
  const pass = (value: string, kernel: readonly [number, number]) =>
    builder.node(
      'Conv',
      [value, builder.constant(floatTensor([count, 1, ...kernel], all), 'window')],
      { kernel_shape: kernel, group: count },
    );
  return pass(pass(planes, [WINDOW, 1]), [1, WINDOW]);
}
