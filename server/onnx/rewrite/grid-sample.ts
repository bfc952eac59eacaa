import { intAttribute, stringAttribute } from '../attributes.ts';
import { GraphBuilder } from '../builder.ts';
import type { Model, Node } from '../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../infer-shapes.ts';
import { DataType, int64Tensor, scalar } from '../tensor.ts';

/**
 * The same network with GridSample as the operators that it is made of: values at the places around
 * each point, weighted by how near they are. One that mirrors, or takes curves through four places,
 * stays.
 */
export function writeOutGridSample(model: Model): Model {
  let written = model;
  for (const node of model.nodes) {
    if (node.op !== 'GridSample' || node.domain !== '') continue;
    const shapes = inferWhatIsKnown(written);
    const form = formOf(node, shapes);
    if (!form) continue;
    const builder = new GraphBuilder(
      { ...written, nodes: written.nodes.filter((each) => each !== node) },
      node.name || node.outputs[0]!,
    );
    write(builder, node, form);
    written = builder.build({ outputs: written.outputs });
  }
  return written;
}

interface Form {
  readonly channels: number;
  /** Height and width. */
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly isNearest: boolean;
  readonly toBorder: boolean;
  readonly cornersAligned: boolean;
}

function formOf(node: Node, shapes: Shapes): Form | null {
  const [image, grid] = node.inputs.map((input) => shapes.known(input));
  const sizes = [image?.[1], image?.[2], image?.[3], grid?.[1], grid?.[2]];
  const mode = stringAttribute(node, 'mode', 'linear');
  const padding = stringAttribute(node, 'padding_mode', 'zeros');
  if (
    image?.length !== 4 ||
    grid?.length !== 4 ||
    !sizes.every((size) => typeof size === 'number') ||
    !node.inputs.every((input) => shapes.type(input) === DataType.float) ||
    !['linear', 'bilinear', 'nearest'].includes(mode) ||
    !['zeros', 'border'].includes(padding)
  )
    return null;
  const [channels, height, width, rows, columns] = sizes as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    channels,
    from: [height, width],
    to: [rows, columns],
    isNearest: mode === 'nearest',
    toBorder: padding === 'border',
    cornersAligned: intAttribute(node, 'align_corners', 0) === 1,
  };
}

/** A place beside the points along one axis, and how much each counts there. */
interface Tap {
  readonly place: string;
  readonly weight: string | null;
}

function write(builder: GraphBuilder, node: Node, form: Form): void {
  const [image, grid] = node.inputs as [string, string];
  const { channels, from, to } = form;
  const points = to[0] * to[1];
  // The grid tells x before y.
  const [down, across] = ([1, 0] as const).map((at, axis) => {
    const part = builder.node('Slice', [
      grid,
      ...[at, at + 1, 3].map((value) => builder.constant(int64Tensor([value]), 'slice')),
    ]);
    return tapsAlong(builder, builder.reshape(part, [0, 1, points]), from[axis]!, form);
  }) as [readonly Tap[], readonly Tap[]];
  const flat = builder.reshape(image, [0, channels, from[0] * from[1]]);
  const parts = down.flatMap((row) =>
    across.map((column) => {
      const place = builder.node('Add', [
        builder.scale(builder.clip(row.place, 0, from[0] - 1), from[1]),
        builder.clip(column.place, 0, from[1] - 1),
      ]);
      const everyChannel = builder.node('Expand', [
        builder.node('Cast', [place], { to: DataType.int64 }),
        builder.constant(int64Tensor([1, channels, 1]), 'channels'),
      ]);
      const value = builder.node('GatherElements', [flat, everyChannel], { axis: 2 });
      return [row.weight, column.weight].reduce<string>(
        (product, weight) => (weight === null ? product : builder.node('Mul', [product, weight])),
        value,
      );
    }),
  );
  const sum = parts.reduce((all, part) => builder.node('Add', [all, part]));
  builder.reshape(sum, [0, channels, to[0], to[1]], node.outputs[0]);
}

function tapsAlong(
  builder: GraphBuilder,
  points: string,
  size: number,
  { isNearest, toBorder, cornersAligned }: Form,
): readonly Tap[] {
  const constant = (value: number) => builder.constant(scalar(value), 'number');
  const span = cornersAligned ? size - 1 : size;
  const spread = builder.node('Add', [builder.scale(points, span / 2), constant((size - 1) / 2)]);
  const at = toBorder ? builder.clip(spread, 0, size - 1) : spread;
  const first = builder.node(isNearest ? 'Round' : 'Floor', [at]);
  const next = builder.node('Add', [first, constant(1)]);
  const beyond = builder.node('Sub', [at, first]);
  const taps: Tap[] = isNearest
    ? [{ place: first, weight: null }]
    : [
        { place: first, weight: builder.node('Sub', [constant(1), beyond]) },
        { place: next, weight: beyond },
      ];
  if (toBorder) return taps;
  return taps.map(({ place, weight }) => {
    const isInside = builder.node('Equal', [builder.clip(place, 0, size - 1), place]);
    const inside = builder.node('Cast', [isInside], { to: DataType.float });
    return { place, weight: weight === null ? inside : builder.node('Mul', [weight, inside]) };
  });
}
