import { RoadgazeError } from '../../shared/errors.ts';
import type { GraphBuilder } from '../onnx/builder.ts';
import type { Dimension, Model, Shape, ValueInfo } from '../onnx/graph.ts';
import type { Shapes } from '../onnx/infer-shapes.ts';
import { beyondLimit, inDigits, LIMITS } from '../onnx/limits.ts';
import { DataType, elementCount, int64Tensor } from '../onnx/tensor.ts';
import { usualFeed } from './usual-feed.ts';

/** The picture that a network sees: which input, and how its four axes lie. */
export interface ImageInput {
  readonly name: string;
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly type: number;
  /** The batch size where the model fixes it; null where it is free. */
  readonly batch: number | null;
}

/** Whether a picture may be of this type. */
export function isPictureType(type: number): boolean {
  return type === DataType.float || type === DataType.uint8 || type === DataType.float16;
}

/**
 * Finds the picture among the inputs: the named one, or the only 4-D float or uint8 input. Channels
 * are the axis that stands second (NCHW) or last (NHWC), whichever is smaller. Throws
 * MODEL_INPUT_UNCLEAR, MODEL_SHAPE.
 */
export function imageInput(model: Model, name: string | null): ImageInput {
  const isImage = (shape: Shape | null, type: number) => shape?.length === 4 && isPictureType(type);
  const candidates = model.inputs.filter((input) =>
    name === null ? isImage(input.shape, input.type) : input.name === name,
  );
  const [input] = candidates;
  const listed = model.inputs
    .map((each) => `${each.name} [${each.shape?.join(', ') ?? '?'}]`)
    .join(', ');
  if (!input || candidates.length > 1 || !input.shape || !isImage(input.shape, input.type)) {
    const what =
      name === null
        ? input
          ? 'has several inputs that could be the picture'
          : 'has no input that could be a picture'
        : `has no picture input "${name}"`;
    throw new RoadgazeError(
      'MODEL_INPUT_UNCLEAR',
      `${model.source} ${what}: ${listed}.`,
      'Name the input in the sidecar, as "input": { "tensor": "…" }.',
    );
  }
  const [batch, second, third, last] = input.shape;
  const channelsFirst = typeof second === 'number' && !(typeof last === 'number' && last < second);
  const [channels, height, width] = channelsFirst ? [second, third, last] : [last, second, third];
  if (typeof channels !== 'number' || typeof height !== 'number' || typeof width !== 'number') {
    throw new RoadgazeError(
      'MODEL_SHAPE',
      `${model.source} leaves the size of its picture "${input.name}" open: [${input.shape.join(', ')}].`,
      'Export the network with fixed height, width and channels; only the batch may be free.',
    );
  }
  const size = `has a picture "${input.name}" of ${inDigits(width)}×${inDigits(height)} pixels`;
  if (Math.max(width, height) > LIMITS.pictureSide)
    throw beyondLimit(model.source, `${size}; the limit is ${LIMITS.pictureSide} on a side`);
  if (width * height > LIMITS.picturePixels)
    throw beyondLimit(
      model.source,
      `${size}, which is ${inDigits(width * height)}; the limit is ${inDigits(LIMITS.picturePixels)}`,
    );
  return {
    name: input.name,
    layout: channelsFirst ? 'NCHW' : 'NHWC',
    channels,
    height,
    width,
    type: input.type,
    batch: typeof batch === 'number' ? batch : null,
  };
}

/** Throws MODEL_INPUT_UNCLEAR where the network needs more than the picture to answer. */
export function refuseOtherInputs(
  model: Model,
  image: ImageInput,
  signals: readonly { readonly name: string }[] = [],
): void {
  const { source, inputs } = model;
  const others = inputs.filter(
    ({ name }) => name !== image.name && !signals.some((signal) => signal.name === name),
  );
  if (others.length === 0) return;
  const listed = others
    .map(({ name, shape }) => `"${name}" [${shape?.join(', ') ?? '?'}]`)
    .join(', ');
  const entries = others.map(
    (input) => `${JSON.stringify(input.name)}: ${written(usualFeed(input, model.outputs).feed)}`,
  );
  throw new RoadgazeError(
    'MODEL_INPUT_UNCLEAR',
    `${source} takes ${listed} beside its picture "${image.name}", and nothing says what to feed there.`,
    `Say so in its sidecar, with "roadgaze": 2 and "inputs": { ${entries.join(', ')} }, each with the value that the network drives with.`,
  );
}

/** With spaces, as people write it. */
function written(entry: object): string {
  return JSON.stringify(entry, null, 1).replace(/\s+/g, ' ');
}

/**
 * One number per picture of the batch: element `index` of the row that `tensor` has for the
 * picture.
 */
export interface ExplainedOutput {
  readonly tensor: string;
  readonly index: number;
  /** Elements per picture. */
  readonly elements: number;
  /** The value [N, 1] that is shown, where that is another one than is explained. */
  readonly shown?: string;
}

/** Outputs that `withBins` adds to a network. */
export const BINS = { number: 'roadgaze/bins/number', score: 'roadgaze/bins/score' } as const;

/** Of a network without what `withBins` added. */
export function ownOutputs({ outputs }: Model): readonly ValueInfo[] {
  return outputs.filter(({ name }) => name !== BINS.number && name !== BINS.score);
}

/** Which output and element a sidecar means; null: the first one. */
export interface OutputChoice {
  readonly tensor: string | null;
  /** Counted through the whole row, or by axes. */
  readonly index: number | readonly number[] | null;
}

interface OutputFields {
  readonly tensor?: string | undefined;
  readonly index?: number | undefined;
  readonly element?: number | readonly number[] | undefined;
  readonly bins?: { readonly read: 'argmax' | 'expectation' } | undefined;
}

/** Of bins, what `withBins` has made of them. */
export function outputChoice(output: OutputFields | undefined): OutputChoice {
  if (output?.bins)
    return { tensor: output.bins.read === 'argmax' ? BINS.score : BINS.number, index: 0 };
  return { tensor: output?.tensor ?? null, index: output?.index ?? output?.element ?? null };
}

/**
 * The output to explain: the named one and element, else the first element of the first output.
 * Rows of any rank count, also none: an output of a network that takes one picture at a time need
 * not have an axis for the batch. Throws MODEL_OUTPUT_UNCLEAR, MODEL_SHAPE.
 */
export function explainedOutput(
  model: Model,
  shapes: Shapes,
  image: ImageInput,
  { tensor, index }: OutputChoice,
): ExplainedOutput {
  const names = model.outputs.map((output) => output.name);
  const name = tensor ?? names[0]!;
  if (!names.includes(name)) {
    throw new RoadgazeError(
      'MODEL_OUTPUT_UNCLEAR',
      `${model.source} has no output "${name}"; it has ${ownOutputs(model)
        .map((output) => output.name)
        .join(', ')}.`,
      'Correct "output": { "tensor": "…" } in the sidecar.',
    );
  }
  // Where an operator is not known, the file may still tell what comes out in the end.
  const shape =
    shapes.known(name) ??
    model.outputs.find((each) => each.name === name)?.shape ??
    shapes.of(name);
  const { row } = rowOf(shape, shapes.of(image.name)[0]!);
  if (!row.every((dim) => typeof dim === 'number')) {
    throw new RoadgazeError(
      'MODEL_SHAPE',
      `${model.source} leaves the size of its output "${name}" open: [${shape.join(', ')}].`,
      'Export the network with fixed sizes; only the batch may be free.',
    );
  }
  const elements = elementCount(row);
  if (image.batch !== null && image.batch > 1 && shape[0] !== image.batch) {
    throw new RoadgazeError(
      'MODEL_SHAPE',
      `${model.source} takes ${image.batch} pictures at once, but its output "${name}" is [${shape.join(', ')}], which is not one row for each.`,
      'Export the network for a batch of one.',
    );
  }
  const element = flatIndex(index ?? 0, row.map(Number), shape.length);
  if (element === null) {
    throw new RoadgazeError(
      'MODEL_OUTPUT_UNCLEAR',
      `Output "${name}" of ${model.source} has ${elements} elements per picture${row.length > 1 ? `, [${row.join(', ')}]` : ''}; there is no element ${typeof index === 'number' ? index : `[${(index ?? []).join(', ')}]`}.`,
      'Correct "output" in the sidecar: "index", or "element" in version 2.',
    );
  }
  return {
    tensor: name,
    index: element,
    elements,
    ...(name === BINS.score ? { shown: BINS.number } : {}),
  };
}

/**
 * What a value has for one picture. `hasBatch`: the batch is its first axis; a network of one
 * picture at a time may do without.
 */
export function rowOf(
  shape: Shape,
  batch: Dimension,
): { readonly row: Shape; readonly hasBatch: boolean } {
  const hasBatch = shape[0] === batch;
  return { row: hasBatch ? shape.slice(1) : shape, hasBatch };
}

/**
 * Counted through the row: `at` is that already, or has a place for each axis of the row, perhaps
 * behind a 0 for the batch. null where there is no such element.
 */
function flatIndex(
  at: number | readonly number[],
  row: readonly number[],
  rank: number,
): number | null {
  if (typeof at === 'number')
    return Number.isInteger(at) && at >= 0 && at < elementCount(row) ? at : null;
  const places = at.length === rank && rank > row.length && at[0] === 0 ? at.slice(1) : at;
  return places.length === row.length && places.every((place, axis) => place < row[axis]!)
    ? places.reduce((index, place, axis) => index * row[axis]! + place, 0)
    : null;
}

/** Appends the shown number of every picture, float32 [N], as `name`. */
export function appendNumber(builder: GraphBuilder, output: ExplainedOutput, name: string): void {
  if (output.shown === undefined) return appendExplained(builder, output, name);
  appendExplained(builder, { tensor: output.shown, index: 0, elements: 1 }, name);
}

/** Appends what is explained of every picture, float32 [N], as `name`. */
export function appendExplained(
  builder: GraphBuilder,
  { tensor, index, elements }: ExplainedOutput,
  name: string,
): void {
  // Not a copied first axis: a network that squeezes its output has none for a batch of one.
  const row = builder.reshape(tensor, [-1, elements]);
  const element = builder.node(
    'Gather',
    [row, builder.constant(int64Tensor([index], []), 'index')],
    { axis: 1 },
  );
  builder.node('Cast', [element], { to: DataType.float }, name);
}
