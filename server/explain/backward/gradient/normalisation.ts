import { floatAttribute, intAttribute } from '../../../onnx/attributes.ts';
import { alongAxis, axisFromFront, inShape, matrixOf, sizeAt } from '../axes.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';
import { constant, floatValue } from '../values.ts';
import { signOf } from './further-activations.ts';

/**
 * Deviations and norms smaller than this are taken for it, so that a constant picture divides
 * nothing by 0.
 */
const SMALLEST = 1e-9;
const LARGEST = Number.MAX_SAFE_INTEGER;

type Appending = Pick<BackwardStep, 'builder'>;

const plus = ({ builder }: Appending, a: string, b: string) => builder.node('Add', [a, b]);
const minus = ({ builder }: Appending, a: string, b: string) => builder.node('Sub', [a, b]);
const times = ({ builder }: Appending, a: string, b: string) => builder.node('Mul', [a, b]);
const over = ({ builder }: Appending, a: string, b: string) => builder.node('Div', [a, b]);
const atLeast = ({ builder }: Appending, a: string, least: number) =>
  builder.clip(a, least, LARGEST);

function parametersOnly(step: BackwardStep): void {
  if (step.node.inputs.some((_, index) => index > 0 && step.wanted(index)))
    throw unsupported(step, 'its parameters depend on the picture');
}

/** One number per channel, for a value with channels on axis 1. */
function perChannel(step: BackwardStep, values: string): string {
  const rank = step.shapes.of(step.node.inputs[0]!).length;
  return step.builder.reshape(values, [-1, ...new Array<number>(rank - 2).fill(1)]);
}

/** As a running network has it, with fixed mean and variance: ∂x = ∂y·γ ÷ √(σ² + ε). */
export const batchNormalization: BackwardRule = (step) => {
  const { builder, node } = step;
  parametersOnly(step);
  if (intAttribute(node, 'training_mode', 0) === 1)
    throw unsupported(step, 'it is in training mode');
  const deviation = builder.node('Sqrt', [
    plus(
      step,
      floatValue(step, node.inputs[4]!),
      constant(step, floatAttribute(node, 'epsilon', 1e-5)),
    ),
  ]);
  // All of it is constant: ONNX Runtime computes it once.
  const factor = over(step, floatValue(step, node.inputs[1]!), atLeast(step, deviation, SMALLEST));
  return [times(step, step.arriving(0)!, perChannel(step, factor))];
};

/**
 * x̂ = (x − μ) ÷ √(σ² + ε) over the axes: ∂x = (g − mean g − x̂·mean(g·x̂)) ÷ √(σ² + ε), g the
 * signal at x̂. With the deviation held fixed, what it has to do with x falls away.
 */
function standardisedBack(
  step: BackwardStep,
  g: string,
  { axes, epsilon, isFixed }: { axes: readonly number[]; epsilon: number; isFixed: boolean },
  x = floatValue(step, step.node.inputs[0]!),
): string {
  const { builder } = step;
  const mean = (value: string) => builder.reduce('ReduceMean', value, axes);
  const centred = minus(step, x, mean(x));
  const deviation = atLeast(
    step,
    builder.node('Sqrt', [
      plus(step, mean(times(step, centred, centred)), constant(step, epsilon)),
    ]),
    SMALLEST,
  );
  const alone = minus(step, g, mean(g));
  if (isFixed) return over(step, alone, deviation);
  const standard = over(step, centred, deviation);
  const rest = minus(step, alone, times(step, standard, mean(times(step, g, standard))));
  return over(step, rest, deviation);
}

const instanceNorm =
  (isFixed: boolean): BackwardRule =>
  (step) => {
    const { node, shapes } = step;
    parametersOnly(step);
    const axes = shapes
      .of(node.inputs[0]!)
      .map((_, axis) => axis)
      .slice(2);
    return [
      standardisedBack(
        step,
        times(step, step.arriving(0)!, perChannel(step, floatValue(step, node.inputs[1]!))),
        { axes, epsilon: floatAttribute(node, 'epsilon', 1e-5), isFixed },
      ),
    ];
  };

const layerNorm =
  (isFixed: boolean): BackwardRule =>
  (step) => {
    const { node, shapes } = step;
    parametersOnly(step);
    if (step.arriving(1) || step.arriving(2))
      throw unsupported(step, 'its mean and deviation are used as values');
    const rank = shapes.of(node.inputs[0]!).length;
    const first = axisFromFront(intAttribute(node, 'axis', -1), rank);
    const axes = Array.from({ length: rank - first }, (_, offset) => first + offset);
    return [
      standardisedBack(step, times(step, step.arriving(0)!, floatValue(step, node.inputs[1]!)), {
        axes,
        epsilon: floatAttribute(node, 'epsilon', 1e-5),
        isFixed,
      }),
    ];
  };

/**
 * Standardised over groups of channels. Its scale has a number for each group in operator sets 18
 * to 20, and for each channel since.
 */
const groupNorm =
  (isFixed: boolean): BackwardRule =>
  (step) => {
    const { builder, node, shapes } = step;
    parametersOnly(step);
    const shape = shapes.of(node.inputs[0]!);
    const channels = sizeAt(step, shape, 1);
    const groups = intAttribute(node, 'num_groups', 1);
    const rows = (value: string) =>
      inShape(step, value, [
        shape[0]!,
        groups,
        shape
          .slice(2)
          .reduce<number>((all, _, at) => all * sizeAt(step, shape, at + 2), channels / groups),
      ]);
    const scale = floatValue(step, node.inputs[1]!);
    const isPerGroup = shapes.of(node.inputs[1]!)[0] === groups && groups !== channels;
    const signal = step.arriving(0)!;
    const g = isPerGroup
      ? times(step, rows(signal), builder.reshape(scale, [groups, 1]))
      : rows(times(step, signal, perChannel(step, scale)));
    const back = standardisedBack(
      step,
      g,
      { axes: [2], epsilon: floatAttribute(node, 'epsilon', 1e-5), isFixed },
      rows(floatValue(step, node.inputs[0]!)),
    );
    return [inShape(step, back, shape)];
  };

/** y = x ÷ √(mean x² + ε)·γ: ∂x = (g − ŷ·mean(g·ŷ)) ÷ √(…), ŷ without γ. */
const rootMeanSquareNorm =
  (isFixed: boolean): BackwardRule =>
  (step) => {
    const { builder, node, shapes } = step;
    parametersOnly(step);
    const rank = shapes.of(node.inputs[0]!).length;
    const first = axisFromFront(intAttribute(node, 'axis', -1), rank);
    const axes = Array.from({ length: rank - first }, (_, offset) => first + offset);
    const mean = (value: string) => builder.reduce('ReduceMean', value, axes);
    const x = floatValue(step, node.inputs[0]!);
    const g = times(step, step.arriving(0)!, floatValue(step, node.inputs[1]!));
    const epsilon = constant(step, floatAttribute(node, 'epsilon', 1e-5));
    const size = atLeast(
      step,
      builder.node('Sqrt', [plus(step, mean(times(step, x, x)), epsilon)]),
      SMALLEST,
    );
    if (isFixed) return [over(step, g, size)];
    const y = over(step, x, size);
    return [over(step, minus(step, g, times(step, y, mean(times(step, g, y)))), size)];
  };

/**
 * y = x·d^−β with d = bias + α/size·Σ x² over neighbouring channels: ∂x = ∂y·d^−β − 2αβ/size·x·Σ
 * ∂y·x·d^(−β−1) over those that see x.
 */
export const localResponseNormalization: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const size = intAttribute(node, 'size', 1);
  const [alpha, beta, bias] = [
    floatAttribute(node, 'alpha', 1e-4),
    floatAttribute(node, 'beta', 0.75),
    floatAttribute(node, 'bias', 1),
  ];
  const shape = shapes.of(node.inputs[0]!);
  const channels = sizeAt(step, shape, 1);
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const isNear = (from: number, to: number) => to >= from - before && to <= from + after;
  const near = (turned: boolean) =>
    matrixOf(channels, channels, (add) => {
      for (let a = 0; a < channels; a++)
        for (let b = 0; b < channels; b++) if (turned ? isNear(b, a) : isNear(a, b)) add(a, b, 1);
    });
  const x = floatValue(step, node.inputs[0]!);
  const signal = step.arriving(0)!;
  const squares = alongAxis(step, times(step, x, x), shape, 1, near(false)).value;
  const divisor = atLeast(
    step,
    plus(step, builder.scale(squares, alpha / size), constant(step, bias)),
    SMALLEST,
  );
  const power = (exponent: number) => builder.node('Pow', [divisor, constant(step, exponent)]);
  const seen = alongAxis(
    step,
    times(step, times(step, signal, x), power(-beta - 1)),
    shape,
    1,
    near(true),
  ).value;
  return [
    minus(
      step,
      times(step, signal, power(-beta)),
      builder.scale(times(step, x, seen), (2 * alpha * beta) / size),
    ),
  ];
};

/**
 * y = x ÷ ‖x‖ along an axis: ∂x = (∂y − ∂‖x‖·Σ ∂y·y) ÷ ‖x‖, with ∂‖x‖ = y for the Euclidean norm,
 * sign(x) for the sum of sizes.
 */
export const lpNormalization: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const axes = [axisFromFront(intAttribute(node, 'axis', -1), shapes.of(node.inputs[0]!).length)];
  const isEuclidean = intAttribute(node, 'p', 2) === 2;
  const x = floatValue(step, node.inputs[0]!);
  const sum = (value: string) => builder.reduce('ReduceSum', value, axes);
  const norm = atLeast(
    step,
    isEuclidean ? builder.node('Sqrt', [sum(times(step, x, x))]) : sum(builder.node('Abs', [x])),
    SMALLEST,
  );
  const y = over(step, x, norm);
  const signal = step.arriving(0)!;
  const total = sum(times(step, signal, y));
  return [
    over(step, minus(step, signal, times(step, isEuclidean ? y : signOf(step, x), total)), norm),
  ];
};

export const instanceNormalization = instanceNorm(false);
export const layerNormalization = layerNorm(false);
export const groupNormalization = groupNorm(false);
export const rootMeanSquareNormalization = rootMeanSquareNorm(false);

/** The same with the deviation held fixed. */
export const fixed = {
  instance: instanceNorm(true),
  layer: layerNorm(true),
  group: groupNorm(true),
  rootMeanSquare: rootMeanSquareNorm(true),
} as const;
