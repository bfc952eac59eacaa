import {
  attributes,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../../onnx/attributes.ts';
import { DataType, int64Tensor, tensorNumbers } from '../../../onnx/tensor.ts';
import { alongAxis, axisFromFront, inShape, matrixOf, putBack, sizeAt } from '../axes.ts';
import { unsupported, type BackwardRule, type BackwardStep } from '../rule.ts';
import { floatConstant, summedTo, zerosLike } from '../values.ts';

/** An axis of which the operator takes these places, in this order. */
interface Taken {
  readonly axis: number;
  readonly places: readonly number[];
}

/** Undoes the picks one axis after the other. */
function allPutBack(step: BackwardStep, taken: readonly Taken[]): string {
  const from = step.shapes.of(step.node.inputs[0]!);
  let signal = step.arriving(0)!;
  let shape = step.shapes.of(step.node.outputs[0]!);
  for (const { axis, places } of taken) {
    const size = sizeAt(step, from, axis);
    signal = putBack(step, signal, shape, axis, places, size);
    shape = shape.map((dim, at) => (at === axis ? size : dim));
  }
  return signal;
}

/** What lies beyond the diagonal was made up. */
export const triangle: BackwardRule = ({ builder, node, arriving }) => [
  builder.nodeWith('Trilu', [arriving(0)!, ...node.inputs.slice(1)], node.attributes),
];

/** Zeros where nothing was taken. */
export const slice: BackwardRule = (step) => {
  const { node, shapes } = step;
  const from = shapes.of(node.inputs[0]!);
  const to = shapes.of(node.outputs[0]!);
  const list = (name: string, index: number) =>
    intsAttribute(node, name) ??
    (node.inputs[index] ? shapes.sizes(node.inputs[index])!.map(Number) : null);
  const starts = list('starts', 1)!;
  const axes = list('axes', 3) ?? starts.map((_, axis) => axis);
  const steps = list('steps', 4) ?? starts.map(() => 1);
  const taken = axes.flatMap((given, position): Taken[] => {
    const axis = axisFromFront(given, from.length);
    // An axis of open size is taken whole.
    if (typeof from[axis] !== 'number') return [];
    const size = sizeAt(step, from, axis);
    const [start, stride] = [starts[position]!, steps[position]!];
    const first = Math.max(
      0,
      Math.min(stride > 0 ? size : size - 1, start < 0 ? start + size : start),
    );
    return [
      {
        axis,
        places: Array.from({ length: sizeAt(step, to, axis) }, (_, at) => first + at * stride),
      },
    ];
  });
  return [allPutBack(step, taken)];
};

/** What was taken several times gets the sum. */
export const gather: BackwardRule = (step) => {
  const { node, shapes } = step;
  const from = shapes.of(node.inputs[0]!);
  const axis = axisFromFront(intAttribute(node, 'axis', 0), from.length);
  const indices = shapes.constant(node.inputs[1]!);
  const given = indices ? tensorNumbers(indices) : shapes.sizes(node.inputs[1]!)?.map(Number);
  if (!given) throw unsupported(step, 'where it picks from is not constant');
  const size = sizeAt(step, from, axis);
  const places = given.map((place) => axisFromFront(place, size));
  const flat = from.map((dim, at) => (at === axis ? places.length : dim));
  return [putBack(step, inShape(step, step.arriving(0)!, flat), flat, axis, places, size)];
};

/** Each part's signal goes to its stretch. */
export const split: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const from = shapes.of(node.inputs[0]!);
  const axis = axisFromFront(intAttribute(node, 'axis', 0), from.length);
  const arriving = node.outputs.map((_, index) => step.arriving(index));
  if (arriving.every((signal) => signal !== null))
    return [builder.node('Concat', arriving, { axis })];
  const size = sizeAt(step, from, axis);
  let start = 0;
  const parts = node.outputs.flatMap((output, index) => {
    const shape = shapes.of(output);
    const length = sizeAt(step, shape, axis);
    const places = Array.from({ length }, (_, at) => start + at);
    start += length;
    const signal = arriving[index];
    return signal ? [putBack(step, signal, shape, axis, places, size)] : [];
  });
  return [parts.reduce((sum, part) => builder.node('Add', [sum, part]))];
};

export const expand: BackwardRule = (step) => [
  summedTo(step, step.arriving(0)!, step.node.outputs[0]!, step.node.inputs[0]!),
];

/** What was repeated at the border gets the sum of its copies; what was made up goes nowhere. */
export const pad: BackwardRule = (step) => {
  const { node, shapes } = step;
  const from = shapes.of(node.inputs[0]!);
  const mode = stringAttribute(node, 'mode', 'constant');
  const pads = intsAttribute(node, 'pads') ?? shapes.sizes(node.inputs[1]!)!.map(Number);
  const axes = (
    node.inputs[3] ? shapes.sizes(node.inputs[3])!.map(Number) : from.map((_, axis) => axis)
  ).map((axis) => axisFromFront(axis, from.length));
  const lengthsOf = (offset: number) =>
    from.map((_, axis) => (axes.includes(axis) ? pads[axes.indexOf(axis) + offset]! : 0));
  const [before, after] = [lengthsOf(0), lengthsOf(axes.length)];
  if (mode === 'constant')
    return [
      step.builder.pad(
        step.arriving(0)!,
        [...before, ...after].map((length) => -length),
      ),
    ];
  const source = sourceOf(mode);
  if (!source || pads.some((length) => length < 0))
    throw unsupported(step, `padding "${mode}" of ${pads.join(', ')}`);
  return [
    allPutBack(
      step,
      from.flatMap((_, axis): Taken[] => {
        if (before[axis] === 0 && after[axis] === 0) return [];
        const size = sizeAt(step, from, axis);
        const places = Array.from({ length: size + before[axis]! + after[axis]! }, (_, at) =>
          source(at - before[axis]!, size),
        );
        return [{ axis, places }];
      }),
    ),
  ];
};

/**
 * Where along an axis of `size` the padding at `place` was copied from; null for a mode that is not
 * known.
 */
function sourceOf(mode: string): ((place: number, size: number) => number) | null {
  switch (mode) {
    case 'edge':
      return (place, size) => Math.max(0, Math.min(size - 1, place));
    case 'wrap':
      return (place, size) => ((place % size) + size) % size;
    case 'reflect':
      return (place, size) => {
        const period = Math.max(1, 2 * (size - 1));
        const folded = ((place % period) + period) % period;
        return Math.min(folded, period - folded);
      };
    default:
      return null;
  }
}

/** Every value moves back to where it came from. */
export const depthToSpace: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const blocksize = intAttribute(node, 'blocksize', 1);
  const signal = step.arriving(0)!;
  if (stringAttribute(node, 'mode', 'DCR') === 'DCR')
    return [builder.node('SpaceToDepth', [signal], { blocksize })];
  const from = shapes.of(node.inputs[0]!);
  const [batch, channels, height, width] = [
    from[0]!,
    sizeAt(step, from, 1),
    sizeAt(step, from, 2),
    sizeAt(step, from, 3),
  ];
  const blocks = inShape(step, signal, [
    batch,
    channels / blocksize ** 2,
    height,
    blocksize,
    width,
    blocksize,
  ]);
  return [inShape(step, builder.transpose(blocks, [0, 1, 3, 5, 2, 4]), from)];
};

export const spaceToDepth: BackwardRule = (step) => [
  step.builder.node('DepthToSpace', [step.arriving(0)!], {
    blocksize: intAttribute(step.node, 'blocksize', 1),
  }),
];

/** Every copy's signal, added up. */
export const tile: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const from = shapes.of(node.inputs[0]!);
  const repeats = shapes.sizes(node.inputs[1]!)?.map(Number);
  if (!repeats) throw unsupported(step, 'how often it repeats is not constant');
  let signal = step.arriving(0)!;
  let shape = shapes.of(node.outputs[0]!);
  repeats.forEach((count, axis) => {
    if (count === 1) return;
    const size = sizeAt(step, from, axis);
    const apart = [...shape.slice(0, axis), count, size, ...shape.slice(axis + 1)];
    shape = shape.map((dim, at) => (at === axis ? size : dim));
    signal = inShape(
      step,
      builder.reduce('ReduceSum', inShape(step, signal, apart), [axis]),
      shape,
    );
  });
  return [signal];
};

/** Sums from one end of an axis have the way back of sums from the other. */
export const cumulativeSum: BackwardRule = (step) => {
  const { node, shapes } = step;
  const shape = shapes.of(node.inputs[0]!);
  const [given] = shapes.sizes(node.inputs[1]!)?.map(Number) ?? [];
  if (given === undefined) throw unsupported(step, 'its axis is not constant');
  const axis = axisFromFront(given, shape.length);
  const size = sizeAt(step, shape, axis);
  const isExclusive = intAttribute(node, 'exclusive', 0) === 1;
  const isReverse = intAttribute(node, 'reverse', 0) === 1;
  const reaches = (from: number, to: number) =>
    isReverse ? (isExclusive ? from > to : from >= to) : isExclusive ? from < to : from <= to;
  const matrix = matrixOf(size, size, (add) => {
    for (let from = 0; from < size; from++)
      for (let to = 0; to < size; to++) if (reaches(from, to)) add(from, to, 1);
  });
  return [alongAxis(step, step.arriving(0)!, shape, axis, matrix).value];
};

/** Each entry's signal goes to the place that its index says; the indices get nothing. */
export const gatherElements: BackwardRule = (step) => {
  const { node, shapes } = step;
  const axis = axisFromFront(intAttribute(node, 'axis', 0), shapes.of(node.inputs[0]!).length);
  return [toPlaces(step, step.arriving(0)!, node.inputs[1]!, axis)];
};

/** The largest or smallest values: each one's signal goes to where it stood. */
export const topK: BackwardRule = (step) => {
  const { node, shapes } = step;
  const signal = step.arriving(0);
  if (signal === null) return [];
  const axis = axisFromFront(intAttribute(node, 'axis', -1), shapes.of(node.inputs[0]!).length);
  if (!node.outputs[1]) throw unsupported(step, 'it does not give the places of its values');
  return [toPlaces(step, signal, node.outputs[1], axis)];
};

/** `signal` put to the entries of the input's axis that `places` name, added up. */
function toPlaces(step: BackwardStep, signal: string, places: string, axis: number): string {
  const { builder, node, shapes } = step;
  const from = shapes.of(node.inputs[0]!);
  const shape = shapes.of(node.outputs[0]!);
  if (shape.some((dim, at) => at !== axis && dim !== from[at]))
    throw unsupported(step, 'it leaves out entries of other axes');
  if (builder.opset >= 16)
    return builder.nodeWith(
      'ScatterElements',
      [zerosLike(step, node.inputs[0]!), places, signal],
      attributes({ axis, reduction: 'add' }),
    );
  const size = sizeAt(step, from, axis);
  const [rank, wide] = [from.length, [...shape.slice(0, axis), 1, ...shape.slice(axis)]];
  const numbers = Array.from({ length: size }, (_, at) => at);
  const here = builder.constant(
    int64Tensor(numbers, [size, ...new Array<number>(rank - axis).fill(1)]),
    'places',
  );
  // Entries may be counted from behind.
  const at = builder.node('Cast', [places], { to: DataType.int64 });
  const count = builder.constant(int64Tensor([size], []), 'size');
  const isBehind = builder.node(
    'Cast',
    [
      builder.node('Less', [
        builder.node('Cast', [at], { to: DataType.float }),
        floatConstant(step, [], [0]),
      ]),
    ],
    { to: DataType.int64 },
  );
  const counted = builder.node('Add', [at, builder.node('Mul', [isBehind, count])]);
  const isHere = builder.node(
    'Cast',
    [builder.node('Equal', [inShape(step, counted, wide), here])],
    { to: DataType.float },
  );
  const placed = builder.node('Mul', [isHere, inShape(step, signal, wide)]);
  return inShape(step, builder.reduce('ReduceSum', placed, [axis + 1]), from);
}

/** What was replaced gets nothing; what it was replaced by gets the signal there. */
export const scatter: BackwardRule = (step) => {
  const { builder, node } = step;
  if (stringAttribute(node, 'reduction', 'none') !== 'none')
    throw unsupported(step, 'it adds to what is there');
  const [, indices, updates] = node.inputs as [string, string, string];
  const signal = step.arriving(0)!;
  return [
    step.wanted(0) ? builder.node('ScatterND', [signal, indices, zerosLike(step, updates)]) : null,
    null,
    step.wanted(2) ? builder.node('GatherND', [signal, indices]) : null,
  ];
};

/**
 * The same along one axis. What is added to what is there, or to another one at the same place,
 * gets the signal, too.
 */
export const scatterElements: BackwardRule = (step) => {
  const { builder, node, shapes } = step;
  const reduction = stringAttribute(node, 'reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add')
    throw unsupported(step, `it takes what is there by "${reduction}"`);
  const axis = axisFromFront(intAttribute(node, 'axis', 0), shapes.of(node.inputs[0]!).length);
  const [, places, updates] = node.inputs as [string, string, string];
  const signal = step.arriving(0)!;
  const kept = () =>
    reduction === 'add'
      ? signal
      : builder.node('ScatterElements', [signal, places, zerosLike(step, updates)], { axis });
  return [
    step.wanted(0) ? kept() : null,
    null,
    step.wanted(2) ? builder.node('GatherElements', [signal, places], { axis }) : null,
  ];
};
