import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import type { Dimension, Shape } from '../graph.ts';
import { tensorNumbers } from '../tensor.ts';
import { ceilMode, extent, slide, windowOf } from '../windows.ts';
import type { ShapeContext, ShapeRule } from './context.ts';

/** Height and width of an image batch [N,C,H,W] that must be known. */
export function imageSize(context: ShapeContext, shape: Shape): [number, number] {
  const [, , height, width] = shape;
  if (shape.length !== 4) context.fail(`it works on ${shape.length - 2} spatial axes, Roadgaze knows two (height, width)`);
  if (typeof height !== 'number' || typeof width !== 'number') context.fail('height and width of the picture are left open');
  return [height, width];
}

const conv: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const weights = context.input(1).shape;
  const size = imageSize(context, shape);
  const [outputs, perGroup, kernelHeight, kernelWidth] = weights;
  if (typeof kernelHeight !== 'number' || typeof kernelWidth !== 'number' || outputs === undefined) context.fail('the kernel is not a constant of four dimensions');
  const group = intAttribute(context.node, 'group', 1);
  if (typeof shape[1] === 'number' && typeof perGroup === 'number' && shape[1] !== perGroup * group) context.fail(`the picture has ${shape[1]} channels, the kernel takes ${perGroup * group}`);
  const window = windowOf(context.node, size, [kernelHeight, kernelWidth])!;
  return [{ type, shape: [shape[0]!, outputs, ...positive(context, slide(window, size, false))] }];
};

const convTranspose: ShapeRule = (context: ShapeContext) => {
  const { node } = context;
  const { type, shape } = context.input(0);
  const weights = context.input(1).shape;
  const size = imageSize(context, shape);
  const kernel = [weights[2] as number, weights[3] as number];
  const strides = intsAttribute(node, 'strides') ?? [1, 1];
  const dilations = intsAttribute(node, 'dilations') ?? [1, 1];
  const pads = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
  const outputPadding = intsAttribute(node, 'output_padding') ?? [0, 0];
  const same = stringAttribute(node, 'auto_pad', 'NOTSET').startsWith('SAME');
  const given = intsAttribute(node, 'output_shape');
  const group = intAttribute(node, 'group', 1);
  const out = [0, 1].map((axis) => {
    if (given) return given[given.length - 2 + axis]!;
    if (same) return size[axis]! * strides[axis]!;
    return strides[axis]! * (size[axis]! - 1) + outputPadding[axis]! + extent(kernel[axis]!, dilations[axis]!) - pads[axis]! - pads[axis + 2]!;
  });
  const channels = weights[1];
  return [{ type, shape: [shape[0]!, typeof channels === 'number' ? channels * group : channels!, ...positive(context, out)] }];
};

const pool: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const size = imageSize(context, shape);
  const window = windowOf(context.node, size);
  if (!window) context.fail('the window is not two-dimensional');
  const out = { type, shape: [shape[0]!, shape[1]!, ...positive(context, slide(window, size, ceilMode(context.node)))] };
  return context.node.outputs.map((_, index) => (index === 0 ? out : { ...out, type: 7 }));
};

const globalPool: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  return [{ type, shape: shape.map((dim, axis) => (axis < 2 ? dim : 1)) }];
};

const pad: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const pads = intsAttribute(context.node, 'pads') ?? context.sizes(1);
  if (!pads) context.fail('the padding is not a constant');
  const axes = context.sizes(3)?.map(Number) ?? shape.map((_, axis) => axis);
  const out = [...shape];
  axes.forEach((axis, position) => {
    const at = axis < 0 ? axis + shape.length : axis;
    const added = Number(pads[position]) + Number(pads[position + axes.length]);
    if (added === 0) return;
    const dim = shape[at];
    if (typeof dim !== 'number') context.fail('it pads an axis of open size');
    out[at] = dim + added;
  });
  return [{ type, shape: out }];
};

const resize: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const upsample = context.node.op === 'Upsample';
  const oldForm = upsample || context.opset < 11;
  const sizes = oldForm ? null : context.sizes(3);
  if (sizes) return [{ type, shape: sizes.map((size, axis) => (axis < 2 && size === shape[axis] ? shape[axis]! : size)) }];
  const scales = context.constant(oldForm ? 1 : 2);
  const attribute = context.node.attributes.get('scales');
  const values = scales ? tensorNumbers(scales) : attribute?.kind === 'floats' ? attribute.value : null;
  if (!values || values.length !== shape.length) context.fail('the scale is not a constant');
  return [{ type, shape: shape.map((dim, axis): Dimension => {
    if (values[axis] === 1) return dim;
    if (typeof dim !== 'number') context.fail('it scales an axis of open size');
    return Math.floor(dim * values[axis]!);
  }) }];
};

const depthToSpace: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const [height, width] = imageSize(context, shape);
  const block = intAttribute(context.node, 'blocksize', 1);
  const channels = Number(shape[1]);
  return context.node.op === 'DepthToSpace'
    ? [{ type, shape: [shape[0]!, channels / block ** 2, height * block, width * block] }]
    : [{ type, shape: [shape[0]!, channels * block ** 2, height / block, width / block] }];
};

function positive(context: ShapeContext, size: readonly number[]): readonly number[] {
  if (size.some((value) => !(value >= 1))) context.fail('the window is larger than the picture');
  return size;
}

export const spatialRules: Readonly<Record<string, ShapeRule>> = {
  Conv: conv, ConvTranspose: convTranspose, MaxPool: pool, AveragePool: pool, LpPool: pool, GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool, Pad: pad, Resize: resize, Upsample: resize, DepthToSpace: depthToSpace, SpaceToDepth: depthToSpace,
};
