import type { Shape } from '../../../onnx/graph.ts';
import { DataType, int64Tensor } from '../../../onnx/tensor.ts';
import { inShape, reducedAxes, sizeAt, spreadOver } from '../axes.ts';
import type { BackwardRule, BackwardStep } from '../rule.ts';
import { floatValue } from '../values.ts';
import { isBest } from './comparison.ts';
import { slice } from './layout.ts';
import { signOf, STEEPEST } from './further-activations.ts';

/** The reduction's axes, and the shape of its result with those axes kept as 1. */
function reduction(step: BackwardStep): { axes: readonly number[]; kept: Shape } {
  const axes = reducedAxes(step);
  return {
    axes,
    kept: step.shapes.of(step.node.inputs[0]!).map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
  };
}

function withAxesKept(step: BackwardStep, value: string, kept: Shape): string {
  return step.shapes.of(step.node.outputs[0]!).length === kept.length
    ? value
    : inShape(step, value, kept);
}

/** Every value gets the signal of the sum; of the mean ÷ the number of values in it. */
export const shared =
  (isMean: boolean): BackwardRule =>
  (step) => {
    const { builder, shapes, node } = step;
    const x = node.inputs[0]!;
    const { axes, kept } = reduction(step);
    const count = isMean
      ? axes.reduce((product, axis) => product * sizeAt(step, shapes.of(x), axis), 1)
      : 1;
    const signal = count === 1 ? step.arriving(0)! : builder.scale(step.arriving(0)!, 1 / count);
    return [spreadOver(step, withAxesKept(step, signal, kept), kept, x)];
  };

/**
 * The signal goes to the largest (smallest) value; equal ones share it evenly, as torch.amax has
 * it.
 */
export const extreme =
  (operator: 'ReduceMax' | 'ReduceMin', beaten: 'Less' | 'Greater'): BackwardRule =>
  (step) => {
    const { builder, node, shapes } = step;
    const { axes, kept } = reduction(step);
    if (axes.length === 0) return [step.arriving(0)];
    const x = floatValue(step, node.inputs[0]!);
    // As with Max, in single precision.
    const best =
      shapes.type(node.outputs[0]!) === DataType.float
        ? withAxesKept(step, node.outputs[0]!, kept)
        : builder.reduce(operator, x, axes);
    const isChosen = isBest(step, x, best, beaten);
    const share = builder.node('Div', [
      withAxesKept(step, step.arriving(0)!, kept),
      builder.reduce('ReduceSum', isChosen, axes),
    ]);
    return [builder.node('Mul', [isChosen, share])];
  };

/**
 * For y = g(Σ f(x)): every value gets the signal times what `slope` says of it; `x` has the shape of
 * the values, `y` and the signal 1 along what was reduced.
 */
const sloping =
  (slope: (step: BackwardStep, x: string, y: string) => string): BackwardRule =>
  (step) => {
    const { builder, node } = step;
    const { kept } = reduction(step);
    const y = withAxesKept(step, floatValue(step, node.outputs[0]!), kept);
    const signal = withAxesKept(step, step.arriving(0)!, kept);
    return [builder.node('Mul', [slope(step, floatValue(step, node.inputs[0]!), y), signal])];
  };

/** Divisors smaller than this are taken for it. */
const atLeastTiny = ({ builder }: BackwardStep, value: string) =>
  builder.clip(value, 1 / STEEPEST, Number.MAX_SAFE_INTEGER);

export const sumOfSizes = sloping((step, x) => signOf(step, x));
export const sumOfSquares = sloping((step, x) => step.builder.scale(x, 2));
/** y = √Σx²: x ÷ y. */
export const euclideanNorm = sloping((step, x, y) =>
  step.builder.node('Div', [x, atLeastTiny(step, y)]),
);
/** y = ln Σ x: 1 ÷ Σ x. */
export const logSum = sloping((step, x, y) => {
  const { builder } = step;
  const sum = atLeastTiny(step, builder.node('Exp', [y]));
  // As many as there are values: x − x would not be finite where x is not.
  return builder.node('Div', [builder.clip(x, 1, 1), sum]);
});
/** y = ln Σ eˣ: e^(x − y). */
export const logSumOfExponentials = sloping((step, x, y) =>
  step.builder.node('Exp', [step.builder.node('Sub', [x, y])]),
);

/** y = Π x: what the others make, also where one of them is 0. */
export const multiplied: BackwardRule = (step) => {
  const { builder, shapes, node } = step;
  const { axes, kept } = reduction(step);
  const value = node.inputs[0]!;
  const shape = shapes.of(value);
  const x = floatValue(step, value);
  let others = withAxesKept(step, step.arriving(0)!, kept);
  // Axis by axis: of a product along one axis, each place gets the product of all other places.
  for (const axis of axes) {
    const rest = axes.slice(axes.indexOf(axis) + 1);
    const lines =
      rest.length === 0
        ? x
        : builder.node('ReduceProd', [x, ...axesInput(step, rest)], axesAttribute(step, rest));
    others = builder.node('Mul', [
      others,
      productOfOthers(step, lines, axis, sizeAt(step, shape, axis)),
    ]);
  }
  return [others];
};

const axesInput = ({ builder }: BackwardStep, axes: readonly number[]) =>
  builder.opset >= 18 ? [builder.constant(int64Tensor(axes), 'axes')] : [];
const axesAttribute = ({ builder }: BackwardStep, axes: readonly number[]) => ({
  keepdims: 1,
  ...(builder.opset >= 18 ? {} : { axes }),
});

/** At each of the places of an axis the product of all other places. */
function productOfOthers(step: BackwardStep, x: string, axis: number, size: number): string {
  const { builder } = step;
  const places = Array.from({ length: size }, (_, at) => slice(step, x, axis, at, at + 1));
  const before: (string | null)[] = [null];
  const after: (string | null)[] = [null];
  const times = (a: string | null, b: string) => (a === null ? b : builder.node('Mul', [a, b]));
  for (let at = 0; at < size - 1; at++) {
    before.push(times(before[at]!, places[at]!));
    after.push(times(after[at]!, places[size - 1 - at]!));
  }
  return sideBySide(
    step,
    places.map((place, at) => {
      const [left, right] = [before[at]!, after[size - 1 - at]!];
      if (left === null && right === null) return builder.clip(place, 1, 1);
      return left === null ? right : right === null ? left : builder.node('Mul', [left, right]);
    }),
    axis,
  );
}

function sideBySide({ builder }: BackwardStep, values: readonly string[], axis: number): string {
  return values.length === 1 ? values[0]! : builder.node('Concat', values, { axis });
}
