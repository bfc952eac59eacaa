import type { CompiledMethod } from '../compiled-method.ts';
import { framesApart } from '../frames-in-batch.ts';
import { normalised, visualBackProp } from './visualbackprop.ts';

export const visualBackPropMethod: CompiledMethod = {
  id: 'visualbackprop',
  options: [],
  append: ({ builder, model, shapes, image, output }) => {
    const { mask, frames } = visualBackProp(builder, model, shapes, image.name, output.tensor);
    const { raised, factor } = normalised(builder, mask);
    if (!frames) return { kind: 'mask', raised, factor };
    return {
      kind: 'mask',
      frames: frames.frames,
      raised: framesApart(builder, raised, frames, [image.height, image.width]),
      factor: framesApart(builder, factor, frames, [1, 1]),
    };
  },
};
