import type { Size } from '../../shared/geometry.ts';
import { resized } from '../onnx/sampling.ts';
import type { AppendedExplanation, ExplanationContext } from './compiled-method.ts';
import { framesApart, sequenceIn } from './frames-in-batch.ts';
import type { MethodOption } from './method-options.ts';

export const upscaleOption: MethodOption = {
  name: 'upscale',
  about: 'resolution of the map: that of the layer, or bilinearly that of the input',
  kind: 'choice',
  fallback: 'layer',
  choices: ['layer', 'input'],
};

/** `values`: [N,1,h,w], or one for each frame of a sequence that lies in the batch. */
export function asMap(
  { builder, image, model, shapes }: ExplanationContext,
  maps: string,
  { height, width }: Size,
  upscale: unknown,
): AppendedExplanation {
  const frames = sequenceIn(model, shapes, image.name);
  const size = upscale === 'input' ? image : { height, width };
  const scaled = upscale === 'input' ? resized(builder, maps, { height, width }, image) : maps;
  return {
    kind: 'activation-map',
    values: frames ? framesApart(builder, scaled, frames, [size.height, size.width]) : scaled,
    height: size.height,
    width: size.width,
    ...(frames ? { frames: frames.frames } : {}),
  };
}
