import { RoadgazeError } from '../../shared/errors.ts';
import { ancestors, dependents, producers } from '../onnx/graph.ts';
import { DataType } from '../onnx/tensor.ts';
import { backward } from './backward/backward.ts';
import { gradientSeed } from './backward/seed.ts';
import { floatValue } from './backward/values.ts';
import type { ExplanationContext } from './compiled-method.ts';
import { gradientComposite } from './operators/explained-operators.ts';
import type { AxisOrder } from './visualbackprop/axis-order.ts';
import { deepestFeatures, featuresOfLayer } from './visualbackprop/deepest-features.ts';

/** Feature maps, [N,C,h,w]. */
export interface FeatureMaps {
  readonly features: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** With the value of the network that they are, and how its axes lie. */
export interface LayerFeatures extends FeatureMaps {
  readonly tensor: string;
  readonly order: AxisOrder;
}

/** With the gradient of the target at them, [N,C,h,w]. */
export interface Layer extends FeatureMaps {
  readonly gradient: string;
}

export function withGradient(
  context: ExplanationContext,
  method: string,
  features: LayerFeatures,
): Layer {
  const signal = backward(context, {
    method,
    ...gradientSeed(context),
    to: [features.tensor],
    composite: gradientComposite,
  }).get(features.tensor)!;
  return { ...features, gradient: context.builder.transpose(signal, features.order) };
}

/**
 * The activation of convolution number `layer` on the way of the picture, counted from 1, or of the
 * last one for 0. Throws MODEL_NO_CONVOLUTION, METHOD_UNSUITED, METHOD_OPTION_INVALID.
 */
export function featuresAt(
  context: ExplanationContext,
  method: string,
  layer: number,
): LayerFeatures {
  const { builder, model, shapes, image, output } = context;
  const graph = {
    model,
    shapes,
    made: producers(model),
    fromImage: dependents(model, [image.name]),
    reaching: ancestors(model.nodes, output.tensor),
  };
  const found =
    layer === 0 ? deepestFeatures(graph, method) : featuresOfLayer(graph, layer, method);
  if (!found)
    throw new RoadgazeError(
      'MODEL_NO_CONVOLUTION',
      `${model.source} has no convolution between its picture and its output "${output.tensor}".`,
      `${method} weighs the features of convolutions; choose another method.`,
    );
  const { features: tensor, order } = found;
  const [channels, height, width] = [1, 2, 3].map((axis) =>
    Number(shapes.of(tensor)[order[axis]!]),
  ) as [number, number, number];
  const features = builder.transpose(floatValue(context, tensor), order);
  return { tensor, order, features, channels, height, width };
}

/** The last convolutional activation, with its gradient. */
export function deepestLayer(context: ExplanationContext, method: string): Layer {
  return withGradient(context, method, featuresAt(context, method, 0));
}

/** Σ_k w_k A_k, [N,1,h,w], for weights [N,C,1,1]. */
export function weightedSum(
  { builder }: ExplanationContext,
  { features, channels, height, width }: FeatureMaps,
  weights: string,
): string {
  const row = builder.reshape(weights, [0, 1, channels]);
  return builder.reshape(
    builder.node('MatMul', [row, builder.reshape(features, [0, channels, height * width])]),
    [0, 1, height, width],
  );
}

/** Σ_k of [N,C,h,w], [N,1,h,w]. A product with ones, which is faster than ReduceSum over channels. */
export function overChannels(
  { builder }: ExplanationContext,
  { channels, height, width }: FeatureMaps,
  values: string,
): string {
  const ones = builder.constant({
    dims: [1, 1, channels],
    type: DataType.float,
    data: new Float32Array(channels).fill(1),
  });
  return builder.reshape(
    builder.node('MatMul', [ones, builder.reshape(values, [0, channels, height * width])]),
    [0, 1, height, width],
  );
}
