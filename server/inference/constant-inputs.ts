import { RoadgazeError } from '../../shared/errors.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import type { Model, ValueInfo } from '../onnx/graph.ts';
import {
  DataType,
  dataConstructor,
  elementCount,
  floatTensor,
  int64Tensor,
  type Tensor,
} from '../onnx/tensor.ts';
import { imageInput, type ImageInput } from './explained-output.ts';
import { isConstant, type Sidecar } from './sidecar-form.ts';

/**
 * The network with the inputs that its sidecar holds constant as parts of the graph: it then has no
 * such inputs, and whoever runs it has nothing to feed there. Throws SIDECAR_INVALID where an entry
 * does not fit the network.
 */
export function withConstants(model: Model, sidecar: Sidecar): Model {
  const feeds = Object.entries(sidecar.feeds ?? {});
  if (feeds.length === 0) return model;
  const unknown = feeds.find(([name]) => !model.inputs.some((input) => input.name === name));
  if (unknown)
    throw new RoadgazeError(
      'SIDECAR_INVALID',
      `The sidecar of ${model.source} feeds an input ${JSON.stringify(unknown[0])}, which the network does not have; it has ${model.inputs.map(({ name }) => JSON.stringify(name)).join(', ')}.`,
      'Correct the name under "inputs" in the sidecar.',
    );
  const held = new Map(
    feeds.flatMap(([name, feed]) => (isConstant(feed) ? [[name, feed.constant] as const] : [])),
  );
  const inputs = model.inputs.filter(({ name }) => !held.has(name));
  const others = model.inputs.filter(({ name }) => !Object.hasOwn(sidecar.feeds ?? {}, name));
  const image = pictureAmong({ ...model, inputs: others }, sidecar.input?.tensor ?? null);
  const initializers = new Map(model.initializers);
  const repeated: { input: ValueInfo; value: Tensor }[] = [];
  for (const input of model.inputs) {
    const constant = held.get(input.name);
    if (constant === undefined) continue;
    const { tensor, eachPicture } = tensorOf(model, input, constant, image);
    if (eachPicture || tensor.type !== input.type) repeated.push({ input, value: tensor });
    else initializers.set(input.name, tensor);
  }
  const builder = new GraphBuilder({ ...model, inputs, initializers }, 'roadgaze/constants');
  for (const { input, value } of repeated) appendConstant(builder, input, value, image);
  return builder.build({ inputs, outputs: model.outputs });
}

/** null where it is not clear: whoever needs the picture says so. */
function pictureAmong(model: Model, name: string | null): ImageInput | null {
  try {
    return imageInput(model, name);
  } catch (error) {
    if (error instanceof RoadgazeError) return null;
    throw error;
  }
}

const noNumbers: ReadonlySet<number> = new Set([DataType.string, DataType.bfloat16, 0]);
const fractional: ReadonlySet<number> = new Set([
  DataType.float,
  DataType.double,
  DataType.float16,
]);

/**
 * `eachPicture`: its first axis is the batch, which is free. Of a type without numbers of its own
 * in JavaScript the tensor is float32.
 */
function tensorOf(
  { source }: Model,
  { name, type, shape }: ValueInfo,
  constant: number | readonly number[],
  image: ImageInput | null,
): { tensor: Tensor; eachPicture: boolean } {
  const wrong = (what: string) =>
    new RoadgazeError(
      'SIDECAR_INVALID',
      `The sidecar of ${source} ${what}.`,
      `Correct "constant" of ${JSON.stringify(name)} in the sidecar.`,
    );
  const listed = `[${(shape ?? []).join(', ')}]`;
  if (noNumbers.has(type)) throw wrong(`gives numbers to "${name}", which takes none`);
  const given = typeof constant === 'number' ? null : constant;
  const [first, ...rest] = shape ?? (given ? [given.length] : []);
  const isOpen = typeof first === 'string';
  const row = rest.filter((size) => typeof size === 'number');
  if (row.length < rest.length)
    throw wrong(`feeds "${name}", but the network leaves its size open: ${listed}`);
  const eachPicture = isOpen && image !== null && image.batch === null;
  const rows = isOpen ? (eachPicture ? 1 : (image?.batch ?? 1)) : (first ?? 1);
  const dims = first === undefined ? [] : [rows, ...row];
  const size = elementCount(dims);
  const values = given ?? Array.from({ length: size }, () => constant as number);
  if (size % values.length !== 0 || (values.length !== size && values.length !== elementCount(row)))
    throw wrong(
      `gives ${values.length} numbers to "${name}" ${listed}, which takes ${elementCount(row)}${rows > 1 && size !== elementCount(row) ? ` or ${size}` : ''}`,
    );
  const whole = values.find((value) => !Number.isInteger(value));
  if (whole !== undefined && !fractional.has(type))
    throw wrong(`gives ${whole} to "${name}", which takes whole numbers`);
  const all = Array.from({ length: size }, (_, index) => values[index % values.length]!);
  return { tensor: numbers(type, dims, all), eachPicture };
}

function numbers(type: number, dims: readonly number[], values: readonly number[]): Tensor {
  if (type === DataType.int64) return int64Tensor(values, dims);
  const make = dataConstructor(type)! as unknown as {
    from(values: readonly (number | bigint)[]): Tensor['data'];
  };
  if (type === DataType.float || type === DataType.float16) return floatTensor(dims, values);
  const own = type === DataType.uint64 ? values.map(BigInt) : values;
  return { type: type as DataType, dims, data: make.from(own) };
}

/** The value under the input's name, one row for every picture where its first axis is the batch. */
function appendConstant(
  builder: GraphBuilder,
  { name, type, shape }: ValueInfo,
  value: Tensor,
  image: ImageInput | null,
): void {
  let last = builder.constant(value, name);
  const isLast = value.type === type;
  if (typeof shape?.[0] === 'string' && image?.batch === null) {
    const batch = builder.node('Gather', [
      builder.node('Shape', [image.name]),
      builder.constant(int64Tensor([0]), 'first'),
    ]);
    const size =
      value.dims.length === 1
        ? batch
        : builder.node(
            'Concat',
            [batch, builder.constant(int64Tensor(value.dims.slice(1)), 'row')],
            { axis: 0 },
          );
    last = builder.node('Expand', [last, size], {}, isLast ? name : undefined);
  }
  if (!isLast) builder.node('Cast', [last], { to: type }, name);
}
