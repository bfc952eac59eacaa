import { intAttribute, intsAttribute, stringAttribute, tensorAttribute } from '../attributes.ts';
import type { Dimension } from '../graph.ts';
import { elementCount, tensorNumbers } from '../tensor.ts';
import type { Fold, FoldContext, Values } from './fold.ts';
import { repeated } from './fold-elementwise.ts';

/** The same numbers in the same order, whatever shape they have. */
export const foldedAsItIs: Fold = ({ inputs }) => [inputs[0]!.data];

const fromFront = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** Strides of a row-major shape. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--)
    strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  return strides;
}

/** The entry at `places[axis][index]` for every index along every axis. */
export function taken(
  { dims, data }: Pick<Values, 'dims' | 'data'>,
  places: readonly (readonly number[])[],
): Dimension[] {
  const strides = stridesOf(dims);
  let at = [0];
  places.forEach((list, axis) => {
    at = at.flatMap((start) => list.map((place) => start + place * strides[axis]!));
  });
  return at.map((place) => data[place]!);
}

const all = (size: number) => Array.from({ length: size }, (_, at) => at);

export const foldedTranspose: Fold = ({ node, inputs, outputs }) => {
  const { dims, data } = inputs[0]!;
  const order = intsAttribute(node, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis);
  const strides = stridesOf(dims);
  let at = [0];
  outputs[0]!.dims.forEach((size, axis) => {
    const stride = strides[order[axis]!]!;
    at = at.flatMap((start) => all(size).map((index) => start + index * stride));
  });
  return [at.map((place) => data[place]!)];
};

/** Zeros below or above a diagonal of the last two axes. */
export const foldedTrilu: Fold = ({ node, inputs }) => {
  const { dims, data } = inputs[0]!;
  const k = Number(inputs[1]?.data[0] ?? 0);
  const [rows, columns] = dims.slice(-2) as [number, number];
  const isUpper = intAttribute(node, 'upper', 1) === 1;
  return [
    data.map((value, at) => {
      const beyond = (at % columns) - (Math.floor(at / columns) % rows) - k;
      return (isUpper ? beyond >= 0 : beyond <= 0) ? value : 0;
    }),
  ];
};

export const foldedConcat: Fold = ({ node, inputs, outputs }) => {
  const { dims } = outputs[0]!;
  const axis = fromFront(intAttribute(node, 'axis', 1), dims.length);
  const inner = elementCount(dims.slice(axis + 1));
  const outer = elementCount(dims.slice(0, axis));
  const data: Dimension[] = [];
  for (let row = 0; row < outer; row++)
    for (const values of inputs) {
      const length = values!.dims[axis]! * inner;
      for (let at = 0; at < length; at++) data.push(values!.data[row * length + at]!);
    }
  return [data];
};

/** Numbers of an input, or of the attribute that it was before; null where it has free sizes. */
function numbers(
  { node, inputs }: FoldContext,
  name: string,
  index: number,
): readonly number[] | null {
  const attribute = intsAttribute(node, name);
  if (attribute) return attribute;
  const data = inputs[index]?.data ?? null;
  return data?.every((value) => typeof value === 'number') ? data : null;
}

export const foldedSlice: Fold = (context) => {
  const { dims } = context.inputs[0]!;
  const starts = numbers(context, 'starts', 1);
  if (!starts) return null;
  const axes = numbers(context, 'axes', 3) ?? starts.map((_, axis) => axis);
  const steps = numbers(context, 'steps', 4) ?? starts.map(() => 1);
  const places = dims.map(all);
  axes.forEach((given, position) => {
    const axis = fromFront(given, dims.length);
    const [size, step, start] = [dims[axis]!, steps[position]!, starts[position]!];
    const from = Math.max(
      0,
      Math.min(step > 0 ? size : size - 1, start < 0 ? start + size : start),
    );
    places[axis] = all(context.outputs[0]!.dims[axis]!).map((at) => from + at * step);
  });
  return [taken(context.inputs[0]!, places)];
};

export const foldedGather: Fold = ({ node, inputs }) => {
  const [values, indices] = inputs as [Values, Values];
  const axis = fromFront(intAttribute(node, 'axis', 0), values.dims.length);
  const size = values.dims[axis]!;
  const places = indices.data.map((index) => fromFront(Number(index), size));
  if (!places.every((place) => place >= 0 && place < size)) return null;
  return [
    taken(
      values,
      values.dims.map((dim, at) => (at === axis ? places : all(dim))),
    ),
  ];
};

export const foldedSplit: Fold = ({ node, inputs, outputs }) => {
  const values = inputs[0]!;
  const axis = fromFront(intAttribute(node, 'axis', 0), values.dims.length);
  let start = 0;
  return outputs.map(({ dims }) => {
    const from = start;
    start += dims[axis]!;
    return taken(
      values,
      dims.map((size, at) => all(size).map((index) => (at === axis ? from + index : index))),
    );
  });
};

export const foldedExpand: Fold = ({ inputs, outputs }) => [repeated(inputs[0]!, outputs[0]!.dims)];

export const foldedTile: Fold = ({ inputs, outputs }) => {
  const values = inputs[0]!;
  const { dims } = values;
  return [
    taken(
      values,
      outputs[0]!.dims.map((size, axis) => all(size).map((at) => at % dims[axis]!)),
    ),
  ];
};

export const foldedPad: Fold = (context) => {
  const { node, inputs, outputs } = context;
  const values = inputs[0]!;
  const { dims } = values;
  const pads = numbers(context, 'pads', 1);
  if (!pads || stringAttribute(node, 'mode', 'constant') !== 'constant') return null;
  const axes = (numbers(context, 'axes', 3) ?? dims.map((_, axis) => axis)).map((axis) =>
    fromFront(axis, dims.length),
  );
  const before = dims.map((_, axis) => pads[axes.indexOf(axis)] ?? 0);
  const fill = inputs[2]?.data[0] ?? 0;
  const strides = stridesOf(dims);
  let at: (number | null)[] = [0];
  outputs[0]!.dims.forEach((size, axis) => {
    at = at.flatMap((start) =>
      all(size).map((index) => {
        const place = index - before[axis]!;
        return start === null || place < 0 || place >= dims[axis]!
          ? null
          : start + place * strides[axis]!;
      }),
    );
  });
  return [at.map((place) => (place === null ? fill : values.data[place]!))];
};

export const foldedConstantOfShape: Fold = ({ node, outputs }) => {
  const value = tensorAttribute(node, 'value');
  const fill = value ? tensorNumbers(value)[0]! : 0;
  return [new Array<number>(elementCount(outputs[0]!.dims)).fill(fill)];
};

/** The sum of what is added one by one. */
export const foldedReduction =
  (combine: (a: number, b: number) => number, start: number): Fold =>
  ({ node, inputs, opset }) => {
    const { dims, data } = inputs[0]!;
    if (!data.every((value) => typeof value === 'number')) return null;
    const given =
      intsAttribute(node, 'axes') ?? inputs[1]?.data.map(Number) ?? dims.map((_, axis) => axis);
    if (given.length === 0 && opset >= 13) return null;
    const axes = given.map((axis) => fromFront(axis, dims.length));
    const kept = dims.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const strides = stridesOf(kept).map((stride, axis) => (kept[axis] === 1 ? 0 : stride));
    let at = [0];
    dims.forEach((size, axis) => {
      at = at.flatMap((place) => all(size).map((index) => place + index * strides[axis]!));
    });
    const result = new Array<number>(elementCount(kept)).fill(start);
    data.forEach((value, index) => {
      result[at[index]!] = combine(result[at[index]!]!, value);
    });
    return [result];
  };

export const foldedRange: Fold = ({ inputs, outputs }) => {
  const [start, , delta] = inputs.map((values) => values!.data[0]);
  const [size] = outputs[0]!.dims;
  return typeof start === 'number' && typeof delta === 'number'
    ? [all(size!).map((at) => start + at * delta)]
    : null;
};

/** Entries of the first input replaced: where, and by what, the others say. */
export const foldedScatter: Fold = ({ node, inputs }) => {
  const [values, indices, updates] = inputs as [Values, Values, Values];
  if (stringAttribute(node, 'reduction', 'none') !== 'none') return null;
  const depth = indices.dims.at(-1) ?? 0;
  const strides = stridesOf(values.dims);
  const inner = elementCount(values.dims.slice(depth));
  const data = [...values.data];
  for (let row = 0; row * depth < indices.data.length; row++) {
    let start = 0;
    for (let at = 0; at < depth; at++)
      start += fromFront(Number(indices.data[row * depth + at]), values.dims[at]!) * strides[at]!;
    for (let at = 0; at < inner; at++) data[start + at] = updates.data[row * inner + at]!;
  }
  return [data];
};
