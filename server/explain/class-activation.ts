import { METHODS } from '../../shared/methods.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { ancestors, dependents, producers, type Node } from '../onnx/graph.ts';
import { resized } from '../onnx/sampling.ts';
import { scalar, DataType } from '../onnx/tensor.ts';
import { backward } from './backward/backward.ts';
import { gradientSeed } from './backward/seed.ts';
import { floatValue } from './backward/values.ts';
import { guidedBackpropagation } from './gradients.ts';
import { asMap, upscaleOption } from './activation-map.ts';
import type { CompiledMethod, ExplanationContext } from './compiled-method.ts';
import { explainedOperatorOf, gradientComposite } from './operators/explained-operators.ts';
import { framesApart, sequenceIn, type FramesInBatch } from './frames-in-batch.ts';
import { nchw, type AxisOrder } from './visualbackprop/axis-order.ts';
import { deepestFeatures } from './visualbackprop/deepest-features.ts';

/** Feature maps and the gradient of the target at them, both [N,C,h,w]. */
interface Layer {
  readonly features: string;
  readonly gradient: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

function layerAt(
  context: ExplanationContext,
  method: string,
  features: string,
  order: AxisOrder,
): Layer {
  const { builder, shapes } = context;
  const signal = backward(context, {
    method,
    ...gradientSeed(context),
    to: [features],
    composite: gradientComposite,
  }).get(features)!;
  const [channels, height, width] = [1, 2, 3].map((axis) =>
    Number(shapes.of(features)[order[axis]!]),
  ) as [number, number, number];
  return {
    features: builder.transpose(floatValue(context, features), order),
    gradient: builder.transpose(signal, order),
    channels,
    height,
    width,
  };
}

/** The last convolutional activation. Throws MODEL_NO_CONVOLUTION, METHOD_UNSUITED. */
function deepestLayer(context: ExplanationContext, method: string): Layer {
  const { model, shapes, image, output } = context;
  const found = deepestFeatures(
    {
      model,
      shapes,
      made: producers(model),
      fromImage: dependents(model, [image.name]),
      reaching: ancestors(model.nodes, output.tensor),
    },
    method,
  );
  if (!found)
    throw new RoadgazeError(
      'MODEL_NO_CONVOLUTION',
      `${model.source} has no convolution between its picture and its output "${output.tensor}".`,
      `${method} weighs the features of convolutions; choose another method.`,
    );
  return layerAt(context, method, found.features, found.order);
}

/** Σ_k w_k A_k, [N,1,h,w], for weights [N,C,1,1]. */
function weightedSum(
  { builder }: ExplanationContext,
  { features, channels, height, width }: Layer,
  weights: string,
): string {
  const row = builder.reshape(weights, [0, 1, channels]);
  return builder.reshape(
    builder.node('MatMul', [row, builder.reshape(features, [0, channels, height * width])]),
    [0, 1, height, width],
  );
}

/** Grad-CAM (Selvaraju et al. 2017): α_k = mean of ∂f/∂A_k over positions; ReLU(Σ_k α_k A_k). */
function gradCam(context: ExplanationContext, layer: Layer): string {
  const weights = context.builder.reduce('ReduceMean', layer.gradient, [2, 3]);
  return context.builder.node('Relu', [weightedSum(context, layer, weights)]);
}

/** Keeps the divisor of Grad-CAM++ away from 0, as pytorch-grad-cam has it. */
const EPSILON = 1e-6;

/**
 * Grad-CAM++ (Chattopadhay et al. 2018): w_k = Σ_xy α·ReLU(g), α = g² / (2g² + (Σ_xy A)·g³ + ε), 0
 * where g = 0.
 */
function gradCamPlusPlus(context: ExplanationContext, layer: Layer): string {
  const { builder } = context;
  const { gradient: g, features } = layer;
  const square = builder.node('Mul', [g, g]);
  const total = builder.reduce('ReduceSum', features, [2, 3]);
  const divisor = builder.node('Add', [
    builder.node('Add', [
      builder.scale(square, 2),
      builder.node('Mul', [builder.node('Mul', [square, g]), total]),
    ]),
    builder.constant(scalar(EPSILON)),
  ]);
  // A divisor of exactly 0 (2g² + ΣA·g³ = −ε) has no meaning; it is taken for a tiny one.
  const isZero = builder.node(
    'Cast',
    [builder.node('Not', [builder.node('Cast', [divisor], { to: DataType.bool })])],
    { to: DataType.float },
  );
  const alpha = builder.node('Div', [
    square,
    builder.node('Add', [divisor, builder.scale(isZero, EPSILON)]),
  ]);
  const weights = builder.reduce(
    'ReduceSum',
    builder.node('Mul', [alpha, builder.node('Relu', [g])]),
    [2, 3],
  );
  return builder.node('Relu', [weightedSum(context, layer, weights)]);
}

/**
 * CAM (Zhou et al. 2016): Σ_k w_k A_k, for networks that end in global average pooling and one
 * dense layer. Throws METHOD_UNSUITED.
 */
function classActivation(context: ExplanationContext): { map: string; layer: Layer } {
  const { builder, model, shapes } = context;
  const made = producers(model);
  const fromImage = dependents(model, [context.image.name]);
  const pooling = pooledBy(context, made, fromImage);
  const features = pooling.inputs[0]!;
  const shape = shapes.of(features);
  const pooledShape = shapes.of(pooling.outputs[0]!);
  // Axes that the pooling took away are those of the plane; a ReduceMean may also drop them.
  const isLast =
    pooling.op === 'ReduceMean' &&
    Number(pooledShape.at(-1)) === Number(shape[3]) &&
    !(Number(pooledShape[1]) === Number(shape[1]));
  const order = isLast ? [0, 3, 1, 2] : nchw;
  const [channels, height, width] = [1, 2, 3].map((axis) => Number(shape[order[axis]!])) as [
    number,
    number,
    number,
  ];
  const pooled = pooling.outputs[0]!;
  const weights = backward(context, {
    method: 'CAM',
    ...gradientSeed(context),
    to: [pooled],
    composite: gradientComposite,
  }).get(pooled)!;
  if (
    pooledShape.slice(1).reduce<number>((product, size) => product * Number(size), 1) !== channels
  )
    throw unsuited(context, `its pooling "${pooled}" does not leave one number per channel`);
  const layer = {
    features: builder.transpose(floatValue(context, features), order),
    gradient: weights,
    channels,
    height,
    width,
  };
  return { map: weightedSum(context, layer, builder.reshape(weights, [0, channels, 1, 1])), layer };
}

/** The global average pooling that nothing but one dense layer separates from the output. */
function pooledBy(
  context: ExplanationContext,
  made: ReadonlyMap<string, Node>,
  fromImage: ReadonlySet<string>,
): Node {
  const { shapes, output } = context;
  let dense = 0;
  for (let value = output.tensor; ;) {
    const node = made.get(value);
    const inputs = node?.inputs.filter((input) => fromImage.has(input)) ?? [];
    if (!node || node.domain !== '' || inputs.length !== 1)
      throw unsuited(context, 'it ends in another head');
    const [input] = inputs as [string];
    const row = explainedOperatorOf(node);
    if (row?.pools === 'mean' && coversPlane(shapes.of(input), shapes.of(value))) {
      if (dense !== 1)
        throw unsuited(context, `${dense === 0 ? 'no' : dense} dense layers follow its pooling`);
      return node;
    }
    if (node.op === 'Gemm' || node.op === 'MatMul' || node.op === 'Conv') dense++;
    else if (!row?.rearranges && !(node.op === 'Add' && shapes.of(input).length <= 2))
      throw unsuited(
        context,
        `${node.op} "${node.name || value}" stands between its pooling and its output`,
      );
    value = input;
  }
}

/** Whether of four axes two of the plane became 1, or went. */
function coversPlane(before: readonly unknown[], after: readonly unknown[]): boolean {
  if (before.length !== 4) return false;
  return (
    after.slice(1).filter((size) => Number(size) !== 1).length <= 1 &&
    before.slice(1).filter((size) => Number(size) !== 1).length > 1
  );
}

function unsuited({ model }: ExplanationContext, why: string): RoadgazeError {
  return new RoadgazeError(
    'METHOD_UNSUITED',
    `CAM exists only for networks that end in global average pooling and one dense layer; of ${model.source}, ${why}.`,
    'Choose gradcam, which works for every convolutional network.',
  );
}

function mapMethod(
  id: string,
  map: (context: ExplanationContext, method: string) => { map: string; layer: Layer },
): CompiledMethod {
  const { name } = METHODS.find((method) => method.id === id)!;
  return {
    id,
    options: [upscaleOption],
    append(context, { upscale }) {
      const { map: values, layer } = map(context, name);
      return asMap(context, values, layer, upscale);
    },
  };
}

/** Each frame of [N, frames × channels, H, W] × its own map, of a sequence in the batch. */
function frameByFrame(
  { builder, image: { channels, height, width } }: ExplanationContext,
  values: string,
  map: string,
  frames: FramesInBatch,
): string {
  const count = frames.frames;
  const maps = framesApart(builder, map, frames, [height, width]);
  const product = builder.node('Mul', [
    builder.reshape(values, [-1, count, channels / count, height * width]),
    builder.reshape(maps, [-1, count, 1, height * width]),
  ]);
  return builder.reshape(product, [-1, channels, height, width]);
}

export const classActivationMethods: readonly CompiledMethod[] = [
  mapMethod('gradcam', (context, method) => {
    const layer = deepestLayer(context, method);
    return { map: gradCam(context, layer), layer };
  }),
  mapMethod('gradcampp', (context, method) => {
    const layer = deepestLayer(context, method);
    return { map: gradCamPlusPlus(context, layer), layer };
  }),
  mapMethod('cam', classActivation),
  {
    // Guided backpropagation, weighted by Grad-CAM brought to the picture's size (Selvaraju et al.
    // 2017).
    id: 'guided-gradcam',
    options: [],
    append(context) {
      const { builder, image } = context;
      const layer = deepestLayer(context, 'Guided Grad-CAM');
      const map = resized(builder, gradCam(context, layer), layer, image);
      const guided = guidedBackpropagation(context, 'Guided Grad-CAM');
      const frames = sequenceIn(context.model, context.shapes, image.name);
      if (frames)
        return { kind: 'attribution', values: frameByFrame(context, guided, map, frames) };
      const laid = image.layout === 'NCHW' ? map : builder.transpose(map, [0, 2, 3, 1]);
      return { kind: 'attribution', values: builder.node('Mul', [guided, laid]) };
    },
  },
];
