import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import type { Dimension, Shape } from '../graph.ts';
import { tensorNumbers } from '../tensor.ts';
import { beyondWindow, ceilMode, enlargement, onAxes, slide, windowOf } from '../windows.ts';
import { axisOf, type ShapeContext, type ShapeRule } from './context.ts';

/** Height and width of an image batch [N,C,H,W] that must be known. */
export function imageSize(context: ShapeContext, shape: Shape): [number, number] {
  const [, , height, width] = shape;
  const beyond = beyondWindow(context.node);
  if (beyond !== null) context.fail(beyond);
  if (shape.length !== 4)
    context.fail(
      `it works on ${shape.length - 2} spatial axes, Roadgaze knows two (height, width)`,
    );
  if (typeof height !== 'number' || typeof width !== 'number')
    context.fail('height and width of the picture are left open');
  return [height, width];
}

/** What a window over depth, height and width gives; null where it goes over other axes. */
function overThree(
  context: ShapeContext,
  shape: Shape,
  kernel: readonly number[] | null,
): readonly number[] | null {
  const sizes = shape.slice(2);
  if (sizes.length !== 3 || (kernel && kernel.length !== 3)) return null;
  const beyond = beyondWindow(context.node);
  if (beyond !== null) context.fail(beyond);
  if (!sizes.every((size) => typeof size === 'number'))
    context.fail('depth, height and width are left open');
  const ceil = kernel === null && ceilMode(context.node);
  const over = (first: number, second: number): readonly [number, number] => {
    const size = [sizes[first]!, sizes[second]!] as const;
    const own = kernel ? ([kernel[first]!, kernel[second]!] as const) : undefined;
    const window =
      windowOf(onAxes(context.node, [first, second]), size, own) ??
      context.fail('the window makes no sense');
    return slide(window, size, ceil);
  };
  return positive(context, [over(0, 0)[0], ...over(1, 2)]);
}

export const conv: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const weights = context.input(1).shape;
  const group = intAttribute(context.node, 'group', 1);
  if (shape.length === 5 && weights.length === 5 && group === 1) {
    const [outputs, inputs, ...kernel] = weights;
    if (typeof shape[1] === 'number' && shape[1] !== inputs)
      context.fail(`the picture has ${shape[1]} channels, the kernel takes ${inputs}`);
    if (!weights.every((dim) => typeof dim === 'number' && dim >= 1))
      context.fail('the kernel is not of five known sizes');
    return [
      { type, shape: [shape[0]!, outputs!, ...overThree(context, shape, kernel as number[])!] },
    ];
  }
  const size = imageSize(context, shape);
  const [outputs, perGroup, ...kernel] = kernelShape(context);
  if (group < 1) context.fail(`there are no ${group} groups of channels`);
  if (typeof shape[1] === 'number' && shape[1] !== perGroup * group)
    context.fail(`the picture has ${shape[1]} channels, the kernel takes ${perGroup * group}`);
  if (!Number.isInteger(outputs / group))
    context.fail(`${outputs} output channels cannot be shared by ${group} groups`);
  const window = windowOf(context.node, size, kernel) ?? context.fail('the window makes no sense');
  return [{ type, shape: [shape[0]!, outputs, ...positive(context, slide(window, size, false))] }];
};

function kernelShape(context: ShapeContext): readonly [number, number, number, number] {
  const { shape } = context.input(1);
  if (shape.includes(0))
    context.fail(`its kernel of the shape [${shape.join(', ')}] has no weights`);
  if (shape.length !== 4 || !shape.every((dim) => typeof dim === 'number' && dim >= 1))
    context.fail('the kernel is not of four known sizes');
  return shape as [number, number, number, number];
}

export const convTranspose: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const size = imageSize(context, shape);
  const [inputs, perGroup, ...kernel] = kernelShape(context);
  if (typeof shape[1] === 'number' && shape[1] !== inputs)
    context.fail(`the picture has ${shape[1]} channels, the kernel takes ${inputs}`);
  const window =
    enlargement(context.node, size, kernel) ?? context.fail('the window makes no sense');
  return [
    {
      type,
      shape: [
        shape[0]!,
        perGroup * intAttribute(context.node, 'group', 1),
        ...positive(context, window.size),
      ],
    },
  ];
};

export const pool: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const deep = overThree(context, shape, null);
  if (deep && context.node.outputs.length === 1)
    return [{ type, shape: [shape[0]!, shape[1]!, ...deep] }];
  const size = imageSize(context, shape);
  const window = windowOf(context.node, size);
  if (!window) context.fail('the window is not two-dimensional or makes no sense');
  const out = {
    type,
    shape: [
      shape[0]!,
      shape[1]!,
      ...positive(context, slide(window, size, ceilMode(context.node))),
    ],
  };
  return context.node.outputs.map((_, index) => (index === 0 ? out : { ...out, type: 7 }));
};

export const globalPool: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  return [{ type, shape: shape.map((dim, axis) => (axis < 2 ? dim : 1)) }];
};

export const pad: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const pads = intsAttribute(context.node, 'pads') ?? context.sizes(1);
  if (!pads) context.fail('the padding is not a constant');
  const axes = context.sizes(3)?.map(Number) ?? shape.map((_, axis) => axis);
  if (pads.length !== 2 * axes.length)
    context.fail(`it has ${pads.length} numbers of padding for ${axes.length} axes`);
  const out = [...shape];
  axes.forEach((axis, position) => {
    const at = axisOf(context, axis, shape.length);
    const added = Number(pads[position]) + Number(pads[position + axes.length]);
    if (added === 0) return;
    const dim = shape[at];
    if (typeof dim !== 'number') context.fail('it pads an axis of open size');
    out[at] = dim + added;
    if (!(dim + added >= 1)) context.fail('nothing is left of the picture');
  });
  return [{ type, shape: out }];
};

export const resize: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const oldForm = context.node.op === 'Upsample' || context.opset < 11;
  const axes =
    intsAttribute(context.node, 'axes')?.map((axis) => axisOf(context, axis, shape.length)) ??
    shape.map((_, axis) => axis);
  const sizes = oldForm ? null : context.sizes(3);
  if (sizes) return [{ type, shape: resizedTo(context, shape, axes, sizes) }];
  const scales = context.constant(oldForm ? 1 : 2);
  const attribute = context.node.attributes.get('scales');
  const values = scales
    ? tensorNumbers(scales)
    : attribute?.kind === 'floats'
      ? attribute.value
      : null;
  if (!values || values.length !== axes.length)
    context.fail('the scale is not a constant with a number per axis');
  const out = [...shape];
  axes.forEach((axis, position) => {
    const [dim, scale] = [shape[axis], values[position]!];
    if (scale === 1) return;
    if (typeof dim !== 'number') context.fail('it scales an axis of open size');
    // As ONNX Runtime, in float32.
    const size = Math.floor(Math.fround(dim * Math.fround(scale)));
    out[axis] = size >= 1 ? size : context.fail('nothing is left of the picture');
  });
  return [{ type, shape: out }];
};

function resizedTo(
  context: ShapeContext,
  shape: Shape,
  axes: readonly number[],
  sizes: readonly Dimension[],
): Shape {
  if (sizes.length !== axes.length)
    context.fail(`it has ${sizes.length} sizes for ${axes.length} axes`);
  const policy = stringAttribute(context.node, 'keep_aspect_ratio_policy', 'stretch');
  const scales = sizes.map((size, position) => Number(size) / Number(shape[axes[position]!]));
  const common = policy === 'not_larger' ? Math.min(...scales) : Math.max(...scales);
  const out = [...shape];
  axes.forEach((axis, position) => {
    out[axis] = policy === 'stretch' ? sizes[position]! : Math.round(common * Number(shape[axis]));
  });
  return out;
}

export const depthToSpace: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const [height, width] = imageSize(context, shape);
  const block = intAttribute(context.node, 'blocksize', 1);
  const channels = Number(shape[1]);
  const parts =
    context.node.op === 'DepthToSpace' ? [channels / block ** 2] : [height / block, width / block];
  if (block < 1 || !parts.every(Number.isInteger))
    context.fail(`blocks of ${block} do not divide it`);
  return context.node.op === 'DepthToSpace'
    ? [{ type, shape: [shape[0]!, channels / block ** 2, height * block, width * block] }]
    : [{ type, shape: [shape[0]!, channels * block ** 2, height / block, width / block] }];
};

function positive(context: ShapeContext, size: readonly number[]): readonly number[] {
  if (size.some((value) => !(value >= 1 && value < Infinity)))
    context.fail('the window is larger than the picture');
  return size;
}
