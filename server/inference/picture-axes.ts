import { RoadgazeError } from '../../shared/errors.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import type { Dimension, Model, ValueInfo } from '../onnx/graph.ts';
import { isPictureType } from './explained-output.ts';
import { isPicture, type Feed, type PictureFields, type Sidecar } from './sidecar-form.ts';

/** What an axis of a picture is of: N pictures, T frames, C channels, H rows, W columns. */
type Role = 'N' | 'T' | 'C' | 'H' | 'W';
const ORDER: readonly Role[] = ['N', 'T', 'C', 'H', 'W'];

/** A picture that the network takes with other axes than [N, C, H, W] or [N, H, W, C]. */
export interface PictureAxes {
  /** As the network has it. */
  readonly input: ValueInfo;
  readonly roles: readonly Role[];
  /** What Roadgaze feeds in its place: [N, frames × channels, H, W]. */
  readonly planes: ValueInfo;
  readonly frames: number;
  /** What was taken for granted, a sentence. */
  readonly note: string | null;
}

export interface PlainPictures {
  readonly model: Model;
  /** It names the planes. */
  readonly sidecar: Sidecar;
  /** Of those pictures that had no plain axes. */
  readonly axes: readonly PictureAxes[];
}

/**
 * The network with its pictures as planes [N, C, H, W] where they have an axis for frames, or none
 * for channels or the batch. Sizes that the network leaves open are those of the sidecar. Throws
 * MODEL_INPUT_UNCLEAR, MODEL_SHAPE, SIDECAR_INVALID.
 */
export function withPlainPictures(original: Model, sidecar: Sidecar): PlainPictures {
  const name = pictureName(original, sidecar);
  if (name === null) return { model: original, sidecar, axes: [] };
  const own = withPlainPicture(original, name, sidecar.input);
  const input = own.axes ? { ...sidecar.input, tensor: own.axes.planes.name } : sidecar.input;
  let { model } = own;
  const axes = own.axes ? [own.axes] : [];
  const feeds: Record<string, Feed> = {};
  for (const [key, feed] of Object.entries(sidecar.feeds ?? {})) {
    const beside =
      isPicture(feed) && model.inputs.some((each) => each.name === key)
        ? withPlainPicture(model, key, feed.picture)
        : null;
    model = beside?.model ?? model;
    if (beside?.axes) axes.push(beside.axes);
    feeds[beside?.axes?.planes.name ?? key] = feed;
  }
  return {
    model,
    sidecar: { ...sidecar, ...(input ? { input } : {}), ...(sidecar.feeds ? { feeds } : {}) },
    axes,
  };
}

function withPlainPicture(
  original: Model,
  name: string,
  fields: PictureFields | undefined,
): { model: Model; axes: PictureAxes | null } {
  const model = sized(original, name, fields?.size);
  const input = model.inputs.find((each) => each.name === name)!;
  if (input.shape?.length !== 5 && input.shape?.length !== 3) return { model, axes: null };
  const axes = axesOf(model, input, fields?.frames);
  return { model: behindPlanes(model, axes), axes };
}

/**
 * A network that was changed so, with whatever was appended since, fed with the picture as it was.
 */
export function withOwnAxes(model: Model, { input, planes, roles }: PictureAxes): Model {
  // What the network reads under the input's name is made of the planes.
  const renamed = (value: string) => (value === input.name ? `${planes.name}/again` : value);
  const inputs = model.inputs.map((each) => (each.name === planes.name ? input : each));
  const nodes = model.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(renamed),
    outputs: node.outputs.map(renamed),
  }));
  const builder = new GraphBuilder({ ...model, inputs, nodes }, 'roadgaze/axes');
  const turned = builder.transpose(
    input.name,
    present(roles).map((role) => roles.indexOf(role)),
  );
  const [, channels, height, width] = planes.shape!.map(Number);
  builder.reshape(turned, [-1, channels!, height!, width!], planes.name);
  return builder.build({ inputs, outputs: model.outputs });
}

/** The input that may need other axes; null where one has plain ones, or it is not clear. */
function pictureName({ inputs }: Model, { input, feeds = {} }: Sidecar): string | null {
  if (input?.tensor !== undefined)
    return inputs.some(({ name }) => name === input.tensor) ? input.tensor : null;
  const left = inputs.filter(
    ({ name, type }) => !Object.hasOwn(feeds, name) && isPictureType(type),
  );
  const ofRank = (rank: number) => left.filter(({ shape }) => shape?.length === rank);
  for (const rank of [4, 5, 3]) {
    const [only, ...others] = ofRank(rank);
    if (only) return others.length === 0 ? only.name : null;
  }
  return null;
}

/** Height and width as the sidecar has them, where the network leaves them open. */
function sized(model: Model, name: string, size: PictureFields['size']): Model {
  if (!size) return model;
  const { shape } = model.inputs.find((each) => each.name === name)!;
  const open = (shape ?? []).flatMap((dim, axis) =>
    axis > 0 && typeof dim === 'string' ? [axis] : [],
  );
  if (open.length === 0) {
    if (size.every((side) => shape?.includes(side))) return model;
    throw invalid(model, `gives "${name}" [${shape?.join(', ') ?? '?'}] another size`, 'size');
  }
  if (open.length !== 2)
    throw invalid(model, `gives "${name}" [${shape!.join(', ')}] height and width`, 'size');
  const filled = shape!.map((dim, axis) => size[open.indexOf(axis)] ?? dim);
  return {
    ...model,
    inputs: model.inputs.map((each) => (each.name === name ? { ...each, shape: filled } : each)),
  };
}

function axesOf(model: Model, input: ValueInfo, frames: PictureFields['frames']): PictureAxes {
  const shape = input.shape!;
  const along = typeof frames?.along === 'number' ? frames.along : null;
  const { roles, note } = rolesOf(model, input, along);
  const size = (role: Role): Dimension => shape[roles.indexOf(role)] ?? 1;
  const [count, channels, height, width] = (['T', 'C', 'H', 'W'] as const).map(size);
  if ([count, channels, height, width].some((each) => typeof each !== 'number'))
    throw new RoadgazeError(
      'MODEL_SHAPE',
      `${model.source} leaves the size of its picture "${input.name}" open: [${shape.join(', ')}].`,
      'Export the network with fixed frames, height, width and channels; only the batch may be free.',
    );
  if (frames && frames.count !== count)
    throw invalid(
      model,
      `gives ${frames.count} frames to "${input.name}" [${shape.join(', ')}], which takes ${count}`,
      'frames',
    );
  const planes = {
    name: `${input.name}/planes`,
    type: input.type,
    shape: [size('N'), Number(count) * Number(channels), height!, width!],
  };
  return { input, roles, planes, frames: Number(count), note };
}

function rolesOf(
  model: Model,
  { name, shape }: ValueInfo,
  along: number | null,
): { roles: readonly Role[]; note: string | null } {
  const listed = `[${shape!.join(', ')}]`;
  const unclear = () =>
    new RoadgazeError(
      'MODEL_INPUT_UNCLEAR',
      `It is not clear how the picture "${name}" ${listed} of ${model.source} lies.`,
      'Export the network with its picture as [N, C, H, W], [N, H, W, C], or with a further axis of frames, and say which that is in the sidecar: "frames": { "count": 3, "along": 1 }.',
    );
  const isColors = (dim: Dimension | undefined) => dim === 1 || dim === 3;
  if (shape!.length === 3) {
    const [first, , last] = shape!;
    if (typeof first === 'string' || first === 1) return { roles: ['N', 'H', 'W'], note: null };
    if (isColors(first)) return { roles: ['C', 'H', 'W'], note: null };
    if (isColors(last)) return { roles: ['H', 'W', 'C'], note: null };
    throw unclear();
  }
  const [, second, third, , last] = shape!;
  const isBoth = isColors(second) && isColors(third) && !isColors(last);
  const axis = along ?? (isColors(last) || isColors(third) ? 1 : isColors(second) ? 2 : null);
  if (axis === null || axis < 1) throw unclear();
  const rest = shape!.flatMap((dim, at) => (at === 0 || at === axis ? [] : [dim]));
  const channelsFirst = Number(rest[0]) <= Number(rest[2]);
  const roles: Role[] = channelsFirst ? ['C', 'H', 'W'] : ['H', 'W', 'C'];
  roles.splice(axis - 1, 0, 'T');
  return {
    roles: ['N', ...roles],
    note:
      along === null && isBoth
        ? `The picture "${name}" ${listed} is taken for ${second} frames of ${third} channels, in this order; "frames": { "count": ${third}, "along": 2 } in the sidecar says otherwise.`
        : null,
  };
}

function present(roles: readonly Role[]): Role[] {
  return ORDER.filter((role) => roles.includes(role));
}

function behindPlanes(model: Model, { input, planes, roles }: PictureAxes): Model {
  const builder = new GraphBuilder(model, 'roadgaze/axes');
  const own = present(roles);
  const sizes = own.map((role) => (role === 'N' ? -1 : Number(input.shape![roles.indexOf(role)])));
  const order = roles.map((role) => own.indexOf(role));
  const isPlain = order.every((axis, at) => axis === at);
  const shaped = builder.reshape(planes.name, sizes, isPlain ? input.name : undefined);
  if (!isPlain) builder.node('Transpose', [shaped], { perm: order }, input.name);
  return builder.build({
    inputs: model.inputs.map((each) => (each.name === input.name ? planes : each)),
    outputs: model.outputs,
  });
}

function invalid({ source }: Model, what: string, field: string): RoadgazeError {
  return new RoadgazeError(
    'SIDECAR_INVALID',
    `The sidecar of ${source} ${what}.`,
    `Correct "${field}" of the picture in the sidecar.`,
  );
}
