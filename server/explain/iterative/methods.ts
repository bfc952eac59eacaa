import { ascentMethod } from './ascent.ts';
import { integratedGradientsMethod } from './integrated-gradients.ts';
import { limeMethod } from './lime.ts';
import type { IterativeMethod } from './method.ts';
import { occlusionMethod } from './occlusion.ts';
import { riseMethod } from './rise.ts';
import { segmentationMethod } from './segmentation.ts';
import { smoothGradMethod } from './smoothgrad.ts';

/** What runs on one frame, in many passes; in the order in which it is listed. */
export const iterativeMethods: readonly IterativeMethod[] = [
  integratedGradientsMethod,
  smoothGradMethod,
  occlusionMethod,
  limeMethod,
  riseMethod,
  ascentMethod,
  segmentationMethod,
];
