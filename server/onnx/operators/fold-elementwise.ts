import { intAttribute } from '../attributes.ts';
import type { Dimension } from '../graph.ts';
import { product } from '../shapes/context.ts';
import { DataType } from '../tensor.ts';
import type { Fold, FoldContext, Values } from './fold.ts';

/** A number, or a free size, of which only what holds for every size can be told; else null. */
type Combine = (a: Dimension, b: Dimension, context: FoldContext) => Dimension | null;

/**
 * Where entry number i of the result is taken from in an input that was repeated to its shape.
 */
export function repeatedFrom(dims: readonly number[], to: readonly number[]): number[] {
  const strides = new Array<number>(to.length).fill(0);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (dims[axis] !== 1) strides[axis + to.length - dims.length] = stride;
    stride *= dims[axis]!;
  }
  let places = [0];
  to.forEach((size, axis) => {
    const step = strides[axis]!;
    places = places.flatMap((place) => Array.from({ length: size }, (_, at) => place + at * step));
  });
  return places;
}

export function repeated({ dims, data }: Values, to: readonly number[]): readonly Dimension[] {
  if (dims.length === to.length && dims.every((dim, axis) => dim === to[axis])) return data;
  return repeatedFrom(dims, to).map((place) => data[place]!);
}

const isFloat = (type: number) => type === DataType.float;
const rounded = (type: number, value: number) => (isFloat(type) ? Math.fround(value) : value);

/** Of two or more inputs, one after the other. */
export const folded =
  (combine: Combine): Fold =>
  (context) => {
    const { inputs, outputs } = context;
    const { dims, type } = outputs[0]!;
    const [first, ...others] = inputs.map((values) => (values ? repeated(values, dims) : null));
    if (!first || others.includes(null)) return null;
    let result: readonly (Dimension | null)[] = first;
    for (const other of others) {
      result = result.map((value, at) => {
        if (value === null) return null;
        const combined = combine(value, other![at]!, context);
        return typeof combined === 'number' ? rounded(type, combined) : combined;
      });
    }
    return result.includes(null) ? null : [result as readonly Dimension[]];
  };

/** Of plain numbers alone. */
export const foldedNumbers = (
  combine: (a: number, b: number, context: FoldContext) => number,
): Fold =>
  folded((a, b, context) =>
    typeof a === 'number' && typeof b === 'number' ? combine(a, b, context) : null,
  );

/** f of every number; free sizes are let through by what leaves whole numbers as they are. */
export const foldedEach =
  (f: (value: number, context: FoldContext) => number, keepsSizes = false): Fold =>
  (context) => {
    const { type } = context.outputs[0]!;
    const data = context.inputs[0]!.data.map((value) =>
      typeof value === 'number' ? rounded(type, f(value, context)) : keepsSizes ? value : null,
    );
    return data.includes(null) ? null : [data as Dimension[]];
  };

const isWhole = ({ inputs }: FoldContext) => {
  const type = inputs[0]!.type;
  return type !== DataType.float && type !== DataType.double;
};

const both =
  (name: string, compute: (a: number, b: number) => number, unit: number): Combine =>
  (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return compute(a, b);
    return b === unit ? a : `${name}(${a},${b})`;
  };

export const foldedAdd = folded((a, b) =>
  a === 0 ? b : both('Add', (x, y) => x + y, 0)(a, b, undefined as never),
);
export const foldedSub = folded((a, b) =>
  typeof a === 'string' && a === b ? 0 : both('Sub', (x, y) => x - y, 0)(a, b, undefined as never),
);
export const foldedMul = folded((a, b) => {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a === 0 || b === 0) return 0;
  const isNegative = (value: Dimension) => typeof value === 'number' && value < 0;
  return isNegative(a) || isNegative(b) ? null : product([a, b]);
});
export const foldedDiv = folded((a, b, context) => {
  if (typeof a === 'number' && typeof b === 'number')
    return isWhole(context) ? Math.trunc(a / b) : a / b;
  if (b === 1) return a;
  return isWhole(context) ? (divided(a, b) ?? `Div(${a},${b})`) : null;
});

/** 6*N ÷ 3 is 2*N, and 6*N ÷ N is 6. */
function divided(a: Dimension, b: Dimension): Dimension | null {
  const factors = String(a).split('*');
  if (factors.some((factor) => /[(+,]/.test(factor))) return null;
  if (typeof b === 'string') {
    const at = factors.indexOf(b);
    return at < 0 ? null : product(numbersOf(factors.toSpliced(at, 1)));
  }
  const known = factors.reduce((all, f) => all * (/^\d+$/.test(f) ? Number(f) : 1), 1);
  return known % b === 0
    ? product([known / b, ...factors.filter((factor) => !/^\d+$/.test(factor))])
    : null;
}

const numbersOf = (factors: readonly string[]) =>
  factors.map((factor) => (/^\d+$/.test(factor) ? Number(factor) : factor));

/** A remainder has the sign of the divisor, or with `fmod` that of what is divided. */
export const foldedMod = foldedNumbers((a, b, { node }) =>
  intAttribute(node, 'fmod', 0) === 1 ? a % b : a - b * Math.floor(a / b),
);

const truth = (value: boolean) => (value ? 1 : 0);

/** Free sizes are 1 or more. */
const compared =
  (
    numbers: (a: number, b: number) => boolean,
    sizeBeside: (least: number) => boolean | null,
    same: boolean,
  ): Combine =>
  (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return truth(numbers(a, b));
    if (a === b) return truth(same);
    const number = typeof a === 'number' ? a : typeof b === 'number' ? b : null;
    if (number === null || number > 0) return null;
    const result = sizeBeside(number);
    return result === null ? null : truth(typeof a === 'string' ? result : !result);
  };

export const foldedEqual = folded((a, b) => {
  if (typeof a === 'number' && typeof b === 'number') return truth(a === b);
  if (a === b) return 1;
  const number = typeof a === 'number' ? a : typeof b === 'number' ? b : 1;
  return number <= 0 ? 0 : null;
});
export const foldedLess = folded(
  compared(
    (a, b) => a < b,
    () => false,
    false,
  ),
);
export const foldedGreater = folded(
  compared(
    (a, b) => a > b,
    () => true,
    false,
  ),
);
export const foldedLessOrEqual = folded(
  compared(
    (a, b) => a <= b,
    () => false,
    true,
  ),
);
export const foldedGreaterOrEqual = folded(
  compared(
    (a, b) => a >= b,
    () => true,
    true,
  ),
);

/** The first input says from which of the others an entry comes. */
export const foldedWhere: Fold = ({ inputs, outputs }) => {
  const [condition, yes, no] = inputs.map((values) =>
    values ? repeated(values, outputs[0]!.dims) : null,
  );
  if (!condition || !yes || !no || condition.some((value) => typeof value !== 'number'))
    return null;
  return [condition.map((value, at) => (value !== 0 ? yes[at]! : no[at]!))];
};

/** Fractions are cut off where whole numbers are asked for. */
export const foldedCast: Fold = ({ inputs, outputs }) => {
  const { type } = outputs[0]!;
  const data = inputs[0]!.data.map((value) => {
    if (typeof value === 'string') return type === DataType.bool ? 1 : value;
    if (type === DataType.float) return Math.fround(value);
    if (type === DataType.double) return value;
    return type === DataType.bool ? truth(value !== 0) : inRange(type, Math.trunc(value));
  });
  // What does not fit is for the runtime to say.
  return data.includes(null) ? null : [data as Dimension[]];
};

function inRange(type: number, value: number): number | null {
  const [low, high] = {
    [DataType.int8]: [-128, 127],
    [DataType.uint8]: [0, 255],
    [DataType.int16]: [-32768, 32767],
    [DataType.uint16]: [0, 65535],
    [DataType.int32]: [-(2 ** 31), 2 ** 31 - 1],
    [DataType.uint32]: [0, 2 ** 32 - 1],
    [DataType.int64]: [-(2 ** 63), 2 ** 63],
  }[type] ?? [1, 0];
  return value >= low! && value <= high! ? value : null;
}
