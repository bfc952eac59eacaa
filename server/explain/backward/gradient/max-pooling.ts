import { intAttribute, type PlainAttribute } from '../../../onnx/attributes.ts';
import { DataType, int64Tensor } from '../../../onnx/tensor.ts';
import { extent, windowOf, type Window } from '../../../onnx/windows.ts';
import { alongAxis, inShape, matrixOf, pick, sizeAt, type AxisMatrix } from '../axes.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';
import { constant, floatConstant, floatValue, zerosLike } from '../values.ts';
import { isBest } from './comparison.ts';
import { signOf } from './further-activations.ts';

type Pair = readonly [number, number];

interface Pooling {
  readonly window: Window;
  /** Height and width before and after. */
  readonly from: Pair;
  readonly to: Pair;
}

function poolingOf(step: BackwardStep): Pooling {
  const size = (value: string): Pair => [sizeAt(step, step.shapes.of(value), 2), sizeAt(step, step.shapes.of(value), 3)];
  const from = size(step.node.inputs[0]!);
  const window = windowOf(step.node, from);
  if (!window) throw unsupported(step, 'its window makes no sense');
  return { window, from, to: size(step.node.outputs[0]!) };
}

/** Where along an axis each window has its tap number `tap`; −1 where that lies in the padding. */
function placesOfTap({ window, from, to }: Pooling, axis: 0 | 1, tap: number): number[] {
  return Array.from({ length: to[axis] }, (_, at) => {
    const place = at * window.strides[axis] - window.pads[axis] + tap * window.dilations[axis];
    return place >= 0 && place < from[axis] ? place : -1;
  });
}

/**
 * The winner takes all: the first of equal ones, row by row, as in ONNX Runtime and PyTorch. By the winners' places where one node can
 * bring the signals there, else by looking at the windows tap by tap.
 */
const maxPool: BackwardRule = (step) => {
  if (step.node.outputs[1] && step.arriving(1)) throw unsupported(step, 'its indices are used as values');
  const pooling = poolingOf(step);
  const { window } = pooling;
  const overlap = [0, 1].some((axis) => extent(window.kernel[axis]!, window.dilations[axis]!) > window.strides[axis]!);
  return [step.builder.opset >= (overlap ? 16 : 11) ? byPlaces(step, pooling, overlap) : byTaps(step, pooling)];
};

/** A pooling of its own tells the winners' places, so that the forward pass keeps its faster one. */
function byPlaces(step: BackwardStep, { window }: Pooling, overlap: boolean): string {
  const { builder, node, shapes } = step;
  const x = node.inputs[0]!;
  const [, places] = builder.outputsOf('MaxPool', [floatValue(step, x)], pooled(step, window), 2) as [string, string];
  const [flatZeros, flatPlaces, flatSignal] = [zerosLike(step, x), places, step.arriving(0)!].map((value) => builder.reshape(value, [-1])) as [string, string, string];
  const scattered = builder.node('ScatterElements', [flatZeros, flatPlaces, flatSignal], { axis: 0, ...(overlap ? { reduction: 'add' } : {}) });
  return inShape(step, scattered, shapes.of(x));
}

function pooled({ builder, node }: BackwardStep, window: Window): Readonly<Record<string, PlainAttribute>> {
  const plain = { kernel_shape: window.kernel, strides: window.strides, pads: window.pads };
  return builder.opset < 10 ? plain : { ...plain, dilations: window.dilations, ceil_mode: intAttribute(node, 'ceil_mode', 0) };
}

/** Each tap of the windows in turn: its signals are those of windows that it wins and that no tap before it has won. */
function byTaps(step: BackwardStep, pooling: Pooling): string {
  const { builder, node, shapes } = step;
  const { window, from, to } = pooling;
  const x = floatValue(step, node.inputs[0]!);
  const shape = shapes.of(node.outputs[0]!);
  // As with Max, in single precision.
  const y = shapes.type(node.outputs[0]!) === DataType.float ? node.outputs[0]! : builder.node('MaxPool', [x], pooled(step, window));
  let open = step.arriving(0)!;
  const rows = Array.from({ length: window.kernel[0] }, (_, tapDown) => {
    const down = placesOfTap(pooling, 0, tapDown);
    const picked = pick(step, x, 2, down.map((place) => Math.max(0, place)));
    const across = Array.from({ length: window.kernel[1] }, (_, tapAcross) => {
      const places = placesOfTap(pooling, 1, tapAcross);
      const seen = pick(step, picked, 3, places.map((place) => Math.max(0, place)));
      const isInside = floatConstant(step, [1, 1, ...to], down.flatMap((row) => places.map((column) => (row >= 0 && column >= 0 ? 1 : 0))), 'inside');
      const won = builder.node('Mul', [isBest(step, seen, y, 'Less'), isInside]);
      const signal = builder.node('Mul', [open, won]);
      open = builder.node('Sub', [open, signal]);
      return alongAxis(step, signal, shape, 3, placing(places, from[1]));
    });
    const line = across.map(({ value }) => value).reduce((sum, part) => builder.node('Add', [sum, part]));
    return alongAxis(step, line, across[0]!.shape, 2, placing(down, from[0])).value;
  });
  return rows.reduce((sum, part) => builder.node('Add', [sum, part]));
}

/** Brings what belongs to window number i to the place that is given for it. */
function placing(places: readonly number[], size: number): AxisMatrix {
  return matrixOf(size, places.length, (add) => places.forEach((place, at) => { if (place >= 0) add(place, at, 1); }));
}

/** The first of the largest pixels takes all. */
const globalMaxPool: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const shape = shapes.of(node.inputs[0]!);
  const pixels = shape.slice(2).reduce<number>((product, _, axis) => product * sizeAt(step, shape, axis + 2), 1);
  const planes = inShape(step, floatValue(step, node.inputs[0]!), [...shape.slice(0, 2), pixels]);
  const winner = builder.node('ArgMax', [planes], { axis: 2, keepdims: 1 });
  const numbers = builder.constant(int64Tensor(Array.from({ length: pixels }, (_, at) => at), [1, 1, pixels]), 'pixels');
  const isWinner = builder.node('Cast', [builder.node('Equal', [numbers, winner])], { to: DataType.float });
  const signal = inShape(step, step.arriving(0)!, [...shape.slice(0, 2), 1]);
  return [inShape(step, builder.node('Mul', [isWinner, signal]), shape)];
};

/** Norms of windows smaller than this are taken for it, so that nothing is divided by 0. */
const SMALLEST = 1e-9;

/** y = (Σ |x|ᵖ)^(1/p): ∂x = sign(x)·|x|ᵖ⁻¹·Σ ∂y ÷ yᵖ⁻¹ over the windows that see x. */
const lpPool: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const pooling = poolingOf(step);
  const p = intAttribute(node, 'p', 2);
  const x = floatValue(step, node.inputs[0]!);
  const y = builder.clip(floatValue(step, node.outputs[0]!), SMALLEST, Number.MAX_SAFE_INTEGER);
  const power = (value: string, exponent: number) => (exponent === 1 ? value : builder.node('Pow', [value, constant(step, exponent)]));
  let share = { value: p === 1 ? step.arriving(0)! : builder.node('Div', [step.arriving(0)!, power(y, p - 1)]), shape: shapes.of(node.outputs[0]!) };
  for (const axis of [1, 0] as const) {
    const taps = matrixOf(pooling.from[axis], pooling.to[axis], (add) => {
      for (let tap = 0; tap < pooling.window.kernel[axis]; tap++) placesOfTap(pooling, axis, tap).forEach((place, at) => { if (place >= 0) add(place, at, 1); });
    });
    share = alongAxis(step, share.value, share.shape, axis + 2, taps);
  }
  if (p === 2) return [builder.node('Mul', [x, share.value])];
  const slope = p === 1 ? signOf(step, x) : builder.node('Mul', [signOf(step, x), power(builder.node('Abs', [x]), p - 1)]);
  return [builder.node('Mul', [slope, share.value])];
};

export const maxPoolingRules: Readonly<Record<string, BackwardRule>> = { MaxPool: maxPool, GlobalMaxPool: globalMaxPool, LpPool: lpPool };
