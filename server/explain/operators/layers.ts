import { averagePool, globalAveragePool } from '../backward/gradient/average-pooling.ts';
import { linear } from '../backward/gradient/linear.ts';
import { globalMaxPool, lpPool, maxPool } from '../backward/gradient/max-pooling.ts';
import * as normal from '../backward/gradient/normalisation.ts';
import { extreme, shared } from '../backward/gradient/reductions.ts';
import { resize } from '../backward/gradient/resize.ts';
import {
  convolutionStep,
  globalStep,
  resizeStep,
  transposedStep,
  windowStep,
} from '../visualbackprop/spatial-step.ts';
import { explained } from './explained-operator.ts';

const ofInputs = { nonNegative: 'where its inputs are' } as const;
const ofFirst = { nonNegative: 'where its first input is' } as const;
const overPlane = { mixesPositions: true, step: globalStep } as const;
const mixes = { mixesPositions: true } as const;
const routed = { keepsZeros: true } as const;
const resized = explained(resize, 'sum', { step: resizeStep });

export const layers = {
  Conv: explained(linear, 'layer', { step: convolutionStep }),
  ConvTranspose: explained(linear, 'layer', { step: transposedStep }),
  Gemm: explained(linear, 'layer', mixes),
  MatMul: explained(linear, 'layer', mixes),
  MaxPool: explained(maxPool, 'routing', { ...routed, ...ofInputs, step: windowStep }),
  AveragePool: explained(averagePool, 'sum', { ...ofInputs, step: windowStep, pools: 'mean' }),
  LpPool: explained(lpPool, 'sum', { nonNegative: 'always', step: windowStep }),
  GlobalAveragePool: explained(globalAveragePool, 'sum', {
    ...ofInputs,
    ...overPlane,
    pools: 'mean',
  }),
  GlobalMaxPool: explained(globalMaxPool, 'routing', {
    ...routed,
    ...ofInputs,
    ...overPlane,
    pools: 'other',
  }),
  ReduceMean: explained(shared(true), 'sum', { ...ofFirst, ...mixes, pools: 'mean' }),
  ReduceSum: explained(shared(false), 'sum', { ...ofFirst, ...mixes, pools: 'other' }),
  ReduceMax: explained(extreme('ReduceMax', 'Less'), 'routing', {
    ...routed,
    ...ofFirst,
    ...mixes,
    pools: 'other',
  }),
  ReduceMin: explained(extreme('ReduceMin', 'Greater'), 'routing', { ...routed, ...mixes }),
  Resize: resized,
  Upsample: resized,
  BatchNormalization: explained(normal.batchNormalization, 'sum'),
  InstanceNormalization: explained(normal.instanceNormalization, 'activation'),
  LayerNormalization: explained(normal.layerNormalization, 'activation'),
  LRN: explained(normal.localResponseNormalization, 'activation', { keepsZeros: true }),
  LpNormalization: explained(normal.lpNormalization, 'activation'),
} as const;
