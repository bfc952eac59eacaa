import type { Dimension, Shape } from '../../onnx/graph.ts';
import { intAttribute, intsAttribute } from '../../onnx/attributes.ts';
import { int64Tensor } from '../../onnx/tensor.ts';
import { unsupported, type BackwardStep } from './rule.ts';
import { floatConstant } from './values.ts';

type Appending = Pick<BackwardStep, 'builder' | 'model' | 'node'>;

/** A matrix for one axis: rows × columns, `at` row-major. */
export interface AxisMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly at: Float32Array;
}

export function matrixOf(
  rows: number,
  columns: number,
  fill: (add: (row: number, column: number, value: number) => void) => void,
): AxisMatrix {
  const at = new Float32Array(rows * columns);
  fill((row, column, value) => {
    at[row * columns + column]! += value;
  });
  return { rows, columns, at };
}

/** The value in a shape of which at most one size is open. */
export function inShape(step: Appending, value: string, shape: Shape): string {
  const target = shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  if (target.indexOf(-1) !== target.lastIndexOf(-1))
    throw unsupported(step, 'several of its sizes are open');
  return step.builder.reshape(value, target);
}

/** The axis of a shape, counted from the front. */
export function axisFromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The size of an axis. Throws where it is open. */
export function sizeAt(step: Appending, shape: Shape, axis: number): number {
  const size = shape[axis];
  if (typeof size !== 'number') throw unsupported(step, `the size of axis ${axis} is open`);
  return size;
}

/** Multiplies every line along `axis` of a value of the given shape with the matrix. */
export function alongAxis(
  step: Appending,
  value: string,
  shape: Shape,
  axis: number,
  matrix: AxisMatrix,
): { value: string; shape: Shape } {
  const { builder } = step;
  const changed: Dimension[] = shape.map((dim, at) => (at === axis ? matrix.rows : dim));
  const behind = shape.slice(axis + 1).map((_, offset) => sizeAt(step, shape, axis + 1 + offset));
  if (behind.length === 0) {
    return {
      value: builder.node('MatMul', [
        value,
        floatConstant(step, [matrix.columns, matrix.rows], transposed(matrix), 'matrix'),
      ]),
      shape: changed,
    };
  }
  const factor = floatConstant(step, [matrix.rows, matrix.columns], matrix.at, 'matrix');
  if (behind.length === 1)
    return { value: builder.node('MatMul', [factor, value]), shape: changed };
  const lines = builder.reshape(value, [
    -1,
    matrix.columns,
    behind.reduce((product, size) => product * size, 1),
  ]);
  return { value: inShape(step, builder.node('MatMul', [factor, lines]), changed), shape: changed };
}

function transposed({ rows, columns, at }: AxisMatrix): Float32Array {
  return Float32Array.from(
    at,
    (_, index) => at[(index % rows) * columns + Math.floor(index / rows)]!,
  );
}

/** The entries of `axis` at constant places. */
export function pick(
  { builder }: Pick<BackwardStep, 'builder'>,
  value: string,
  axis: number,
  places: readonly number[],
): string {
  return builder.node('Gather', [value, builder.constant(int64Tensor(places), 'places')], { axis });
}

/**
 * The way back of a pick: entry i of an axis of `size` gets the sum of what stands where `places`
 * says i. Places outside take nothing back. Exact, because it moves numbers and only adds where a
 * place was picked twice.
 */
export function putBack(
  step: Appending,
  signal: string,
  shape: Shape,
  axis: number,
  places: readonly number[],
  size: number,
): string {
  const { builder } = step;
  const first = places[0] ?? 0;
  if (
    first >= 0 &&
    first + places.length <= size &&
    places.every((place, at) => place === first + at)
  ) {
    const before = shape.map((_, at) => (at === axis ? first : 0));
    const after = shape.map((_, at) => (at === axis ? size - first - places.length : 0));
    return builder.pad(signal, [...before, ...after]);
  }
  const takers = Array.from({ length: size }, (): number[] => []);
  places.forEach((place, at) => takers[place]?.push(at));
  const rounds = Math.max(1, ...takers.map((list) => list.length));
  // One entry of zeros behind the others serves all that nothing was picked from.
  const padded = builder.pad(signal, [
    ...shape.map(() => 0),
    ...shape.map((_, at) => (at === axis ? 1 : 0)),
  ]);
  return Array.from({ length: rounds }, (_, round) =>
    pick(
      step,
      padded,
      axis,
      takers.map((list) => list[round] ?? places.length),
    ),
  ).reduce((sum, part) => builder.node('Add', [sum, part]));
}

/** Repeats axes of size 1 until the signal is shaped like `value`. */
export function spreadOver(
  step: Pick<BackwardStep, 'builder' | 'shapes' | 'model' | 'node'>,
  signal: string,
  shape: Shape,
  value: string,
): string {
  const { builder, shapes } = step;
  const wide = shapes.of(value);
  if (wide.every((dim, axis) => dim === shape[axis])) return signal;
  if (builder.opset >= 8) return builder.node('Expand', [signal, builder.node('Shape', [value])]);
  const repeats = wide.map((dim, axis) => (dim === shape[axis] ? 1 : sizeAt(step, wide, axis)));
  return builder.node('Tile', [signal, builder.constant(int64Tensor(repeats), 'repeats')]);
}

/** The axes that a reduction is taken over, counted from the front. */
export function reducedAxes(step: BackwardStep): readonly number[] {
  const { node, shapes } = step;
  const rank = shapes.of(node.inputs[0]!).length;
  const given =
    intsAttribute(node, 'axes') ??
    (node.inputs[1] ? shapes.sizes(node.inputs[1])?.map(Number) : null) ??
    [];
  if (given.length > 0) return given.map((axis) => axisFromFront(axis, rank));
  return intAttribute(node, 'noop_with_empty_axes', 0) === 1
    ? []
    : Array.from({ length: rank }, (_, axis) => axis);
}
