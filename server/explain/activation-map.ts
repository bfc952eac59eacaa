import type { Size } from '../../shared/geometry.ts';
import { resized } from '../onnx/sampling.ts';
import type { AppendedExplanation, ExplanationContext } from './compiled-method.ts';
import type { MethodOption } from './method-options.ts';

export const upscaleOption: MethodOption = {
  name: 'upscale',
  about: 'resolution of the map: that of the layer, or bilinearly that of the input',
  kind: 'choice',
  fallback: 'layer',
  choices: ['layer', 'input'],
};

export function asMap(
  { builder, image }: ExplanationContext,
  values: string,
  { height, width }: Size,
  upscale: unknown,
): AppendedExplanation {
  if (upscale !== 'input') return { kind: 'activation-map', values, height, width };
  return {
    kind: 'activation-map',
    values: resized(builder, values, { height, width }, image),
    height: image.height,
    width: image.width,
  };
}
