import type { CompiledMethod } from '../compiled-method.ts';
import { normalised, visualBackProp } from './visualbackprop.ts';

export const visualBackPropMethod: CompiledMethod = {
  id: 'visualbackprop',
  options: [],
  append: ({ builder, model, shapes, image, output }) => ({
    kind: 'mask',
    ...normalised(builder, visualBackProp(builder, model, shapes, image.name, output.tensor)),
  }),
};
