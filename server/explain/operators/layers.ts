import { averagePool, globalAveragePool } from '../backward/gradient/average-pooling.ts';
import { linear } from '../backward/gradient/linear.ts';
import { globalMaxPool, lpPool, maxPool } from '../backward/gradient/max-pooling.ts';
import * as normal from '../backward/gradient/normalisation.ts';
import { einsum } from '../backward/gradient/einsum.ts';
import * as reduced from '../backward/gradient/reductions.ts';
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
  ReduceMean: explained(reduced.shared(true), 'sum', { ...ofFirst, ...mixes, pools: 'mean' }),
  ReduceSum: explained(reduced.shared(false), 'sum', { ...ofFirst, ...mixes, pools: 'other' }),
  ReduceMax: explained(reduced.extreme('ReduceMax', 'Less'), 'routing', {
    ...routed,
    ...ofFirst,
    ...mixes,
    pools: 'other',
  }),
  ReduceMin: explained(reduced.extreme('ReduceMin', 'Greater'), 'routing', { ...routed, ...mixes }),
  ReduceL1: explained(reduced.sumOfSizes, 'sum', {
    nonNegative: 'always',
    ...mixes,
    pools: 'other',
  }),
  ReduceL2: explained(reduced.euclideanNorm, 'sum', {
    nonNegative: 'always',
    ...mixes,
    pools: 'other',
  }),
  ReduceSumSquare: explained(reduced.sumOfSquares, 'sum', {
    nonNegative: 'always',
    ...mixes,
    pools: 'other',
  }),
  ReduceLogSum: explained(reduced.logSum, 'sum', { ...mixes, pools: 'other' }),
  ReduceLogSumExp: explained(reduced.logSumOfExponentials, 'sum', { ...mixes, pools: 'other' }),
  ReduceProd: explained(reduced.multiplied, 'sum', { ...mixes, pools: 'other' }),
  Resize: resized,
  Upsample: resized,
  BatchNormalization: explained(normal.batchNormalization, 'sum'),
  InstanceNormalization: explained(normal.instanceNormalization, 'norm', {
    fixedNorm: normal.fixed.instance,
  }),
  LayerNormalization: explained(normal.layerNormalization, 'norm', {
    fixedNorm: normal.fixed.layer,
  }),
  GroupNormalization: explained(normal.groupNormalization, 'norm', {
    fixedNorm: normal.fixed.group,
  }),
  RMSNormalization: explained(normal.rootMeanSquareNormalization, 'norm', {
    fixedNorm: normal.fixed.rootMeanSquare,
    keepsZeros: true,
  }),
  Einsum: explained(einsum, 'contraction', mixes),
  LRN: explained(normal.localResponseNormalization, 'activation', { keepsZeros: true }),
  LpNormalization: explained(normal.lpNormalization, 'activation'),
} as const;
