import { METHODS } from '../../shared/methods.ts';
import { resized } from '../onnx/sampling.ts';
import { scalar, DataType } from '../onnx/tensor.ts';
import { asMap, upscaleOption } from './activation-map.ts';
import type { CompiledMethod, ExplanationContext } from './compiled-method.ts';
import { eigenCam } from './eigencam.ts';
import { framesApart, sequenceIn, type FramesInBatch } from './frames-in-batch.ts';
import { classActivation } from './global-pooling.ts';
import { guidedBackpropagation } from './gradients.ts';
import {
  deepestLayer,
  featuresAt,
  overChannels,
  weightedSum,
  withGradient,
  type FeatureMaps,
  type Layer,
} from './layer-features.ts';
import type { MethodOption } from './method-options.ts';

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
 * HiResCAM (Draelos & Carin 2020): Σ_k ∂f/∂A_k · A_k, place by place. Not rectified: below zero is
 * what pushes the output down.
 */
function hiResCam(context: ExplanationContext, layer: Layer): string {
  const product = context.builder.node('Mul', [layer.gradient, layer.features]);
  return overChannels(context, layer, product);
}

/** LayerCAM (Jiang et al. 2021): ReLU(Σ_k ReLU(∂f/∂A_k) · A_k), place by place. */
function layerCam(context: ExplanationContext, layer: Layer): string {
  const { builder } = context;
  const weights = builder.node('Relu', [layer.gradient]);
  const product = builder.node('Mul', [weights, layer.features]);
  return builder.node('Relu', [overChannels(context, layer, product)]);
}

function mapMethod(
  id: string,
  map: (context: ExplanationContext, method: string) => { map: string; layer: FeatureMaps },
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

const layerOption: MethodOption = {
  name: 'layer',
  about: 'which convolution on the way of the picture, counted from 1; 0 is the deepest one',
  kind: 'number',
  fallback: 0,
  least: 0,
  whole: true,
};

/** Methods that keep places apart, and so may also look at layers before the deepest one. */
function layerMethod(
  id: string,
  map: (context: ExplanationContext, layer: Layer) => string,
): CompiledMethod {
  const { name } = METHODS.find((method) => method.id === id)!;
  return {
    id,
    options: [layerOption, upscaleOption],
    append(context, { layer: number, upscale }) {
      const layer = withGradient(context, name, featuresAt(context, name, Number(number)));
      return asMap(context, map(context, layer), layer, upscale);
    },
  };
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
  layerMethod('hirescam', hiResCam),
  layerMethod('layercam', layerCam),
  {
    id: 'eigencam',
    options: [layerOption, upscaleOption],
    append(context, { layer: number, upscale }) {
      const layer = featuresAt(context, 'EigenCAM', Number(number));
      return asMap(context, eigenCam(context, layer), layer, upscale);
    },
  },
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
