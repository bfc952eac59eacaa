import { intAttribute, type PlainAttribute } from '../../../onnx/attributes.ts';
import { DataType, int64Tensor, LARGEST_FLOAT } from '../../../onnx/tensor.ts';
import { extent, windowOf, type Window } from '../../../onnx/windows.ts';
import { alongAxis, inShape, matrixOf, pick, sizeAt, type AxisMatrix } from '../axes.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';
import { constant, floatValue } from '../values.ts';
import { signOf } from './further-activations.ts';

type Pair = readonly [number, number];

interface Pooling {
  readonly window: Window;
  /** Height and width before and after. */
  readonly from: Pair;
  readonly to: Pair;
}

function poolingOf(step: BackwardStep): Pooling {
  const size = (value: string): Pair => [
    sizeAt(step, step.shapes.of(value), 2),
    sizeAt(step, step.shapes.of(value), 3),
  ];
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
 * The winner takes all: the first of equal ones, row by row, as in ONNX Runtime and PyTorch. The
 * windows are looked at tap by tap: a tap gets the signals of the windows that it wins and that no
 * tap before it has won. (That a pooling tells its winners' places is not to be had on every
 * execution provider.)
 */
export const maxPool: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  if (node.outputs[1] && step.arriving(1))
    throw unsupported(step, 'its indices are used as values');
  const pooling = poolingOf(step);
  const { window, from, to } = pooling;
  if (
    window.kernel.every((length, axis) => length === from[axis]) &&
    window.dilations.every((dilation) => dilation === 1) &&
    window.pads.every((pad) => pad === 0)
  )
    return globalMaxPool(step);
  const x = floatValue(step, node.inputs[0]!);
  const shape = shapes.of(node.outputs[0]!);
  // As with Max, in single precision.
  const y =
    shapes.type(node.outputs[0]!) === DataType.float
      ? node.outputs[0]!
      : builder.node('MaxPool', [x], plainAttributes(step, window));
  const missing = [0, 1].map((axis) =>
    Math.max(
      0,
      (to[axis]! - 1) * window.strides[axis]! +
        extent(window.kernel[axis]!, window.dilations[axis]!) -
        from[axis]! -
        window.pads[axis]!,
    ),
  ) as [number, number];
  const padded = builder.pad(
    x,
    [0, 0, window.pads[0], window.pads[1], 0, 0, ...missing],
    -LARGEST_FLOAT,
  );
  let open = step.arriving(0)!;
  const columnsOfTaps = Array.from({ length: window.kernel[1] }, (_, tap) =>
    placesOfTap(pooling, 1, tap),
  ).flat();
  const rowsOfTaps = Array.from({ length: window.kernel[0] }, (_, tap) =>
    placesOfTap(pooling, 0, tap),
  ).flat();
  const lines = Array.from({ length: window.kernel[0] }, (_, tapDown) => {
    const won = Array.from({ length: window.kernel[1] }, (_, tapAcross) => {
      // What no other tap has won is the last one's.
      if (tapDown === window.kernel[0] - 1 && tapAcross === window.kernel[1] - 1) return open;
      const isBeaten = builder.node('Less', [
        everyTap(step, padded, pooling, [tapDown, tapAcross]),
        y,
      ]);
      const [signal, rest] = parted(step, isBeaten, open);
      open = rest;
      return signal;
    });
    return sideBySide(step, won, 3);
  });
  const across = shape.map((dim, axis) =>
    axis === 3 ? columnsOfTaps.length : axis === 2 ? to[0] * window.kernel[0] : dim,
  );
  const placed = alongAxis(
    step,
    sideBySide(step, lines, 2),
    across,
    3,
    placing(columnsOfTaps, from[1]),
  );
  return [alongAxis(step, placed.value, placed.shape, 2, placing(rowsOfTaps, from[0])).value];
};

function sideBySide({ builder }: BackwardStep, values: readonly string[], axis: number): string {
  return values.length === 1 ? values[0]! : builder.node('Concat', values, { axis });
}

/** What a MaxPool says of this window, with auto_pad resolved. */
function plainAttributes(
  { builder, node }: BackwardStep,
  window: Window,
): Readonly<Record<string, PlainAttribute>> {
  const plain = { kernel_shape: window.kernel, strides: window.strides, pads: window.pads };
  return builder.opset < 10
    ? plain
    : { ...plain, dilations: window.dilations, ceil_mode: intAttribute(node, 'ceil_mode', 0) };
}

/** What every window sees at one tap. */
function everyTap(step: BackwardStep, padded: string, { window, to }: Pooling, taps: Pair): string {
  const { builder } = step;
  const starts = taps.map((tap, axis) => tap * window.dilations[axis]!);
  const last = starts.map((start, axis) => start + (to[axis]! - 1) * window.strides[axis]!);
  if (builder.opset >= 10) {
    const ranges = [starts, last.map((place) => place + 1), [2, 3], window.strides];
    return builder.node('Slice', [
      padded,
      ...ranges.map((list) => builder.constant(int64Tensor(list), 'range')),
    ]);
  }
  // Without steps in Slice.
  return starts.reduce(
    (value, start, axis) =>
      pick(
        step,
        value,
        axis + 2,
        Array.from({ length: to[axis]! }, (_, at) => start + at * window.strides[axis]!),
      ),
    padded,
  );
}

/** The signals of windows whose tap is not beaten, and of those whose tap is. */
function parted({ builder }: BackwardStep, isBeaten: string, open: string): [string, string] {
  // Cheaper in ONNX Runtime than two Wheres.
  const rest = builder.node('Mul', [
    open,
    builder.node('Cast', [isBeaten], { to: DataType.float }),
  ]);
  return [builder.node('Sub', [open, rest]), rest];
}

/** Brings what belongs to window number i to the place that is given for it. */
function placing(places: readonly number[], size: number): AxisMatrix {
  return matrixOf(size, places.length, (add) =>
    places.forEach((place, at) => {
      if (place >= 0) add(place, at, 1);
    }),
  );
}

/** The first of the largest pixels takes all. */
export const globalMaxPool: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const shape = shapes.of(node.inputs[0]!);
  const pixels = shape
    .slice(2)
    .reduce<number>((product, _, axis) => product * sizeAt(step, shape, axis + 2), 1);
  const planes = inShape(step, floatValue(step, node.inputs[0]!), [...shape.slice(0, 2), pixels]);
  const winner = builder.node('ArgMax', [planes], { axis: 2, keepdims: 1 });
  const numbers = builder.constant(
    int64Tensor(
      Array.from({ length: pixels }, (_, at) => at),
      [1, 1, pixels],
    ),
    'pixels',
  );
  const isWinner = builder.node('Cast', [builder.node('Equal', [numbers, winner])], {
    to: DataType.float,
  });
  const signal = inShape(step, step.arriving(0)!, [...shape.slice(0, 2), 1]);
  return [inShape(step, builder.node('Mul', [isWinner, signal]), shape)];
};

/** Norms of windows smaller than this are taken for it, so that nothing is divided by 0. */
const SMALLEST = 1e-9;

/** y = (Σ |x|ᵖ)^(1/p): ∂x = sign(x)·|x|ᵖ⁻¹·Σ ∂y ÷ yᵖ⁻¹ over the windows that see x. */
export const lpPool: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const pooling = poolingOf(step);
  const p = intAttribute(node, 'p', 2);
  const x = floatValue(step, node.inputs[0]!);
  const y = builder.clip(floatValue(step, node.outputs[0]!), SMALLEST, Number.MAX_SAFE_INTEGER);
  const power = (value: string, exponent: number) =>
    exponent === 1 ? value : builder.node('Pow', [value, constant(step, exponent)]);
  let share = {
    value: p === 1 ? step.arriving(0)! : builder.node('Div', [step.arriving(0)!, power(y, p - 1)]),
    shape: shapes.of(node.outputs[0]!),
  };
  for (const axis of [1, 0] as const) {
    const taps = matrixOf(pooling.from[axis], pooling.to[axis], (add) => {
      for (let tap = 0; tap < pooling.window.kernel[axis]; tap++)
        placesOfTap(pooling, axis, tap).forEach((place, at) => {
          if (place >= 0) add(place, at, 1);
        });
    });
    share = alongAxis(step, share.value, share.shape, axis + 2, taps);
  }
  if (p === 2) return [builder.node('Mul', [x, share.value])];
  const slope =
    p === 1
      ? signOf(step, x)
      : builder.node('Mul', [signOf(step, x), power(builder.node('Abs', [x]), p - 1)]);
  return [builder.node('Mul', [slope, share.value])];
};
