import { floatAttribute, intAttribute } from '../../onnx/attributes.ts';
import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Node } from '../../onnx/graph.ts';
import { DataType, floatTensor, type Tensor } from '../../onnx/tensor.ts';
import { enlargement, windowOf } from '../../onnx/windows.ts';
import { convolution, transposedConvolution, type ConvolutionShape } from './convolution.ts';
import { unsupported, type BackwardStep } from './rule.ts';
import { floatsOf, sizesOf } from './values.ts';
import { Weights } from './weights.ts';

/**
 * A layer y = W·x + b with constant weights: what every rule for layers with weights is written in.
 * Other weights of the same layout may stand in for its own. Values are float32.
 */
export interface LinearMap {
  readonly kind: 'convolution' | 'dense';
  readonly weights: Weights;
  /** Output channels. */
  readonly outputs: number;
  /** One per output channel, or null. */
  readonly bias: Float32Array | null;
  /** Appends W·x + b for a value shaped like the layer's input, or with a first axis of 1. */
  forward(x: string, weights: Weights, bias: Float32Array | null): string;
  /** Appends Wᵀ·s for a signal shaped like the layer's output; of several Wᵀ·s, their sum. */
  backward(...terms: readonly [WeightedSignal, ...WeightedSignal[]]): string;
}

export interface WeightedSignal {
  readonly signal: string;
  readonly weights: Weights;
}

export function isConvolutional(node: Node): boolean {
  return node.op === 'Conv' || node.op === 'ConvTranspose';
}

/**
 * Null where both factors of a product depend on the picture. Throws MODEL_OPERATOR_UNSUPPORTED for
 * forms that are not covered.
 */
export function linearMap(step: BackwardStep): LinearMap | null {
  const { model, node } = step;
  if (node.inputs.filter((_, index) => step.wanted(index)).length > 1) return null;
  const tensor = (index: number): Tensor | null => {
    const name = node.inputs[index];
    if (!name) return null;
    return (
      model.initializers.get(name) ??
      step.shapes.constant(name) ??
      fail(step, `its input "${name}" is computed, not constant`)
    );
  };
  if (node.op === 'MatMul')
    return step.wanted(0) ? product(step, tensor(1)!) : productFromLeft(step, tensor(0)!);
  if (!step.wanted(0)) return fail(step, 'the picture goes into its weights');
  const weights = tensor(1)!;
  const bias = tensor(2);
  if (node.op === 'Gemm') return gemm(step, weights, bias);
  const shape = convolutionShape(step, weights.dims);
  const { builder } = step;
  const isPlain = node.op === 'Conv';
  return {
    kind: 'convolution',
    weights: Weights.of(weights),
    outputs: isPlain ? weights.dims[0]! : weights.dims[1]! * shape.groups,
    bias: bias && floatsOf(bias),
    forward: (x, values, biases) =>
      isPlain
        ? convolution(builder, x, shape, values, biases)
        : transposedConvolution(builder, x, shape, values, biases),
    backward(...terms) {
      if (isPlain && shape.groups === 1 && !terms[0].weights.areLarge)
        return transposedSum(builder, shape, terms);
      return added(builder, terms, ({ signal, weights: values }) =>
        isPlain
          ? transposedConvolution(builder, signal, shape, values, null)
          : convolution(builder, signal, shape, values, null),
      );
    },
  };
}

/**
 * Over all signals side by side: what each pixel gets is then added up while it is spread, and not
 * once more for each.
 */
function transposedSum(
  builder: GraphBuilder,
  shape: ConvolutionShape,
  terms: readonly WeightedSignal[],
): string {
  const [{ signal, weights }, ...more] = terms as readonly [WeightedSignal, ...WeightedSignal[]];
  if (more.length === 0) return transposedConvolution(builder, signal, shape, weights, null);
  const [outputs, ...kernel] = shape.dims;
  const together = new Float32Array(terms.length * weights.length);
  terms.forEach((term, index) => together.set(term.weights.numbers(), index * weights.length));
  const beside = builder.node(
    'Concat',
    terms.map((term) => term.signal),
    { axis: 1 },
  );
  return transposedConvolution(
    builder,
    beside,
    { ...shape, dims: [terms.length * outputs, ...kernel] },
    Weights.of({ type: DataType.float, dims: [together.length], data: together }),
    null,
  );
}

function added(
  builder: GraphBuilder,
  terms: readonly WeightedSignal[],
  each: (term: WeightedSignal) => string,
): string {
  return terms.map(each).reduce((sum, value) => builder.node('Add', [sum, value]));
}

function fail(step: BackwardStep, what: string): never {
  throw unsupported(step, what);
}

/**
 * The window between the larger grid (a Conv's input, a ConvTranspose's output) and the smaller
 * one.
 */
function convolutionShape(step: BackwardStep, dims: readonly number[]): ConvolutionShape {
  const { node, shapes } = step;
  const size = (value: string) => shapes.of(value).slice(2).map(Number) as [number, number];
  const [input, output] = [size(node.inputs[0]!), size(node.outputs[0]!)];
  const kernel = [dims[2]!, dims[3]!] as const;
  const window =
    node.op === 'Conv' ? windowOf(node, input, kernel) : enlargement(node, input, kernel)?.window;
  if (!window) return fail(step, 'its window makes no sense');
  const [large, small] = node.op === 'Conv' ? [input, output] : [output, input];
  return {
    window,
    groups: intAttribute(node, 'group', 1),
    dims: dims as ConvolutionShape['dims'],
    large,
    small,
  };
}

function gemm(step: BackwardStep, weights: Tensor, bias: Tensor | null): LinearMap {
  const { node } = step;
  if (intAttribute(node, 'transA', 0) !== 0) return fail(step, 'its first factor is transposed');
  const alpha = floatAttribute(node, 'alpha', 1);
  const beta = floatAttribute(node, 'beta', 1);
  const [rows, columns] = weights.dims as [number, number];
  const isTurned = intAttribute(node, 'transB', 0) !== 0;
  const [inputs, outputs] = isTurned ? [columns, rows] : [rows, columns];
  if (bias && bias.data.length !== outputs && bias.data.length !== 1)
    return fail(step, 'its bias is not one per output');
  const biases =
    bias &&
    Float32Array.from(
      { length: outputs },
      (_, index) => beta * floatsOf(bias)[index % bias.data.length]!,
    );
  return dense(step, Weights.of(weights).times(alpha), biases, { inputs, outputs, isTurned });
}

/** x [N, …, inputs] · W [inputs, outputs]. */
function product(step: BackwardStep, weights: Tensor): LinearMap {
  const [inputs, outputs, ...more] = weights.dims;
  if (inputs === undefined || outputs === undefined || more.length > 0)
    return fail(step, 'its weights are not a matrix');
  return dense(step, Weights.of(weights), null, { inputs, outputs, isTurned: false });
}

interface DenseForm {
  readonly inputs: number;
  readonly outputs: number;
  /** The network has the weights as [outputs, inputs]. */
  readonly isTurned: boolean;
}

function dense(
  step: BackwardStep,
  weights: Weights,
  bias: Float32Array | null,
  { inputs, outputs, isTurned }: DenseForm,
): LinearMap {
  const { builder } = step;
  const own = isTurned ? ([outputs, inputs] as const) : ([inputs, outputs] as const);
  const isMatrix = step.shapes.of(step.node.inputs[0]!).length === 2;
  /** A Gemm turns large weights as it reads them; before operator set 11 it needs a bias. */
  const turnsThem = (values: Weights, biases: Float32Array | null) =>
    values.areLarge && isMatrix && (builder.opset >= 11 || biases !== null);
  return {
    kind: 'dense',
    weights,
    outputs,
    bias,
    forward(x, values, biases) {
      const added = biases ? [builder.constant(floatTensor([outputs], biases), 'bias')] : [];
      if (isTurned && turnsThem(values, biases))
        return builder.node('Gemm', [x, values.in(builder, own), ...added], { transB: 1 });
      const matrix = isTurned ? turnedRound(builder, values, own) : values.in(builder, own);
      if (isMatrix && biases) return builder.node('Gemm', [x, matrix, ...added]);
      const result = builder.node('MatMul', [x, matrix]);
      return biases ? builder.node('Add', [result, ...added]) : result;
    },
    backward: (...terms) =>
      added(builder, terms, ({ signal, weights: values }) => {
        if (isTurned) return builder.node('MatMul', [signal, values.in(builder, own)]);
        return turnsThem(values, null)
          ? builder.node('Gemm', [signal, values.in(builder, own)], { transB: 1 })
          : builder.node('MatMul', [signal, turnedRound(builder, values, own)]);
      }),
  };
}

/** W [outputs, inputs] · x [N, …, inputs, columns]. */
function productFromLeft(step: BackwardStep, weights: Tensor): LinearMap {
  const { builder } = step;
  const [outputs, inputs, ...more] = weights.dims;
  if (
    inputs === undefined ||
    outputs === undefined ||
    more.length > 0 ||
    sizesOf(step, step.node.inputs[1]!).length < 1
  )
    return fail(step, 'its weights are not a matrix');
  const own = [outputs, inputs] as const;
  return {
    kind: 'dense',
    weights: Weights.of(weights),
    outputs,
    bias: null,
    forward: (x, values) => builder.node('MatMul', [values.in(builder, own), x]),
    backward: (...terms) =>
      added(builder, terms, ({ signal, weights: values }) =>
        builder.node('MatMul', [turnedRound(builder, values, own), signal]),
      ),
  };
}

/** A matrix of weights with its rows as columns. */
function turnedRound(
  builder: GraphBuilder,
  values: Weights,
  dims: readonly [rows: number, columns: number],
): string {
  if (values.areLarge) return builder.transpose(values.in(builder, dims), [1, 0]);
  const [rows, columns] = dims;
  const turned = transposed(values.numbers(), rows, columns);
  return builder.constant(floatTensor([columns, rows], turned), 'weights');
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = values[row * columns + column]!;
  return result;
}
