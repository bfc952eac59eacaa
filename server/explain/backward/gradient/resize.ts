import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../../onnx/attributes.ts';
import { tensorNumbers } from '../../../onnx/tensor.ts';
import { alongAxis, axisFromFront, matrixOf, type AxisMatrix } from '../axes.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';

/**
 * How one axis is scaled: sizes before and after, and the scale that the operator computes places
 * with.
 */
interface AxisScaling {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** What the operator does, whatever its version calls it. */
interface Interpolation {
  readonly mode: string;
  readonly place: (at: number, scaling: AxisScaling) => number;
  readonly nearest: (place: number, scaling: AxisScaling) => number;
  readonly cubic: number;
  readonly excludesOutside: boolean;
  readonly antialias: boolean;
}

/**
 * Resizing is linear and works axis by axis, so that the way back is the transposed matrix of each
 * axis.
 */
export const resize: BackwardRule = (step) => {
  const { node, shapes } = step;
  const interpolation = interpolationOf(step);
  let signal = { value: step.arriving(0)!, shape: shapes.of(node.outputs[0]!) };
  for (const scaling of scalingsOf(step)) {
    const entries = Array.from({ length: scaling.to }, (_, at) =>
      weightsAt(at, scaling, interpolation),
    );
    signal = alongAxis(step, signal.value, signal.shape, scaling.axis, turned(entries, scaling));
  }
  return [signal.value];
};

type Weights = readonly (readonly [place: number, weight: number])[];

function turned(entries: readonly Weights[], { from, to }: AxisScaling): AxisMatrix {
  return matrixOf(from, to, (add) =>
    entries.forEach((weights, at) =>
      weights.forEach(([place, weight]) => add(Math.max(0, Math.min(from - 1, place)), at, weight)),
    ),
  );
}

/** The axes that change, last first: the fewer values, the cheaper the axes that follow. */
function scalingsOf(step: BackwardStep): AxisScaling[] {
  const { builder, node, shapes } = step;
  const [from, to] = [shapes.of(node.inputs[0]!), shapes.of(node.outputs[0]!)];
  const axes =
    intsAttribute(node, 'axes')?.map((axis) => axisFromFront(axis, from.length)) ??
    from.map((_, axis) => axis);
  const isOld = node.op === 'Upsample' || builder.opset < 11;
  const given = node.inputs[isOld ? 1 : 2];
  const sizes = isOld ? null : node.inputs[3] ? shapes.sizes(node.inputs[3]) : null;
  const attribute = node.attributes.get('scales');
  const scales = sizes
    ? null
    : attribute?.kind === 'floats'
      ? attribute.value
      : tensorNumbers(shapes.constant(given!)!);
  const policy = stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch');
  const ratios = sizes?.map((size, position) => Number(size) / Number(from[axes[position]!]));
  const common =
    !ratios || policy === 'stretch'
      ? null
      : policy === 'not_larger'
        ? Math.min(...ratios)
        : Math.max(...ratios);
  return axes
    .flatMap((axis, position): AxisScaling[] => {
      const [before, after] = [from[axis], to[axis]];
      const scale = Math.fround(scales ? scales[position]! : (common ?? ratios![position]!));
      // An axis of open size is the batch, which keeps it.
      if (
        typeof before !== 'number' ||
        typeof after !== 'number' ||
        (scale === 1 && before === after)
      )
        return [];
      return [{ axis, from: before, to: after, scale }];
    })
    .reverse();
}

function interpolationOf(step: BackwardStep): Interpolation {
  const { builder, node } = step;
  const mode = stringAttribute(node, 'mode', 'nearest');
  const isOld = node.op === 'Upsample' || builder.opset < 11;
  const transformation = isOld
    ? 'asymmetric'
    : stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = isOld ? 'simple' : stringAttribute(node, 'nearest_mode', 'round_prefer_floor');
  const place = places[transformation];
  const nearest = roundings[rounding];
  if (!place || !nearest || !['nearest', 'linear', 'bilinear', 'cubic'].includes(mode))
    throw unsupported(step, `${mode} with ${transformation} and ${rounding}`);
  return {
    mode,
    place,
    nearest,
    cubic: floatAttribute(node, 'cubic_coeff_a', -0.75),
    excludesOutside: intAttribute(node, 'exclude_outside', 0) === 1,
    antialias: intAttribute(node, 'antialias', 0) === 1,
  };
}

const f = Math.fround;

/**
 * Where an entry of the result lies on the axis that it was made from (ONNX, Resize:
 * coordinate_transformation_mode), in float32 as ONNX Runtime has it.
 */
const places: Readonly<Record<string, Interpolation['place']>> = {
  half_pixel: (at, { scale }) => f(f(f(at + 0.5) / scale) - 0.5),
  pytorch_half_pixel: (at, { scale, to }) => (to > 1 ? f(f(f(at + 0.5) / scale) - 0.5) : 0),
  half_pixel_symmetric: (at, { scale, from, to }) => {
    const centre = from / 2;
    return f(centre * (1 - to / (scale * from)) + f(f(at + 0.5) / scale) - 0.5);
  },
  asymmetric: (at, { scale }) => f(at / scale),
  align_corners: (at, { from, to }) => (to === 1 ? 0 : f(f(at * (from - 1)) / f(to - 1))),
  tf_half_pixel_for_nn: (at, { scale }) => f(f(at + 0.5) / scale),
};

/**
 * Which entry is the nearest (ONNX, Resize: nearest_mode); `simple` is the rule before operator set
 * 11.
 */
const roundings: Readonly<Record<string, Interpolation['nearest']>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
  simple: (place, { scale }) => (scale < 1 ? Math.ceil(place) : Math.floor(place)),
};

/** What an entry of the result is made of. Places beyond an end stand for the entry at that end. */
function weightsAt(at: number, scaling: AxisScaling, interpolation: Interpolation): Weights {
  const place = interpolation.place(at, scaling);
  if (interpolation.mode === 'nearest') return [[interpolation.nearest(place, scaling), 1]];
  const isCubic = interpolation.mode === 'cubic';
  const kernel = isCubic ? cubicKernel(interpolation.cubic) : triangle;
  // Against aliasing the kernel is as wide as the step between entries of the result.
  const stretch = interpolation.antialias ? Math.max(1, 1 / scaling.scale) : 1;
  const reach = (isCubic ? 2 : 1) * stretch;
  const first = Math.floor(place - reach) + 1;
  const all = Array.from(
    { length: Math.ceil(place + reach) - first },
    (_, offset): [number, number] => [first + offset, kernel((first + offset - place) / stretch)],
  );
  const isInside = ([entry]: readonly [number, number]) => entry >= 0 && entry < scaling.from;
  const kept =
    interpolation.excludesOutside && (interpolation.antialias || isCubic)
      ? all.filter(isInside)
      : all;
  const total = kept.reduce((sum, [, weight]) => sum + weight, 0);
  return kept.map(([entry, weight]) => [entry, weight / total]);
}

const triangle = (distance: number) => Math.max(0, 1 - Math.abs(distance));

/** Keys' cubic convolution kernel. */
const cubicKernel = (a: number) => (distance: number) => {
  const x = Math.abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
};
