import { nothing } from '../backward/gradient/further-activations.ts';
import * as plain from '../backward/gradient/layout.ts';
import { notSampled } from '../backward/gradient/sequences.ts';
import * as picked from '../backward/gradient/selection.ts';
import { borderStep, resizeStep } from '../visualbackprop/spatial-step.ts';
import { explained } from './explained-operator.ts';

const moved = { keepsZeros: true, nonNegative: 'where its first input is' } as const;
const rearranged = { ...moved, rearranges: true } as const;
const passing = {
  keepsZeros: true,
  nonNegative: 'where its inputs are',
  rearranges: true,
  elementwise: 'passes',
} as const;
/** Numbers that do not depend on what the picture shows. */
const given = explained(null, null);

/** A place is a step: nothing is passed back, and no relevance comes to what was compared. */
const places = explained(nothing, 'stop', { nonNegative: 'always', mixesPositions: true });
/** Whole numbers are steps as well. */
const told = explained(nothing, 'stop', { mixesPositions: true });

export const layout = {
  Identity: explained(plain.pass, 'activation', passing),
  Dropout: explained(plain.pass, 'activation', passing),
  Reshape: explained(plain.reshaped, 'routing', { ...rearranged, mixesPositions: true }),
  Flatten: explained(plain.reshaped, 'routing', { ...rearranged, mixesPositions: true }),
  Squeeze: explained(plain.reshaped, 'routing', rearranged),
  Unsqueeze: explained(plain.reshaped, 'routing', rearranged),
  Transpose: explained(plain.transpose, 'routing', rearranged),
  Concat: explained(plain.concat, 'routing', {
    keepsZeros: true,
    nonNegative: 'where its inputs are',
    merges: true,
  }),
  Split: explained(picked.split, 'routing', { ...moved, parts: true }),
  Slice: explained(picked.slice, 'routing', { ...moved, parts: true, step: borderStep }),
  Gather: explained(picked.gather, 'routing', moved),
  Tile: explained(picked.tile, 'routing', {
    keepsZeros: true,
    nonNegative: 'where its first input is',
  }),
  GatherElements: explained(picked.gatherElements, 'routing', moved),
  ScatterND: explained(picked.scatter, 'routing', {
    keepsZeros: true,
    nonNegative: 'unknown',
    mixesPositions: true,
  }),
  ScatterElements: explained(picked.scatterElements, 'routing', {
    keepsZeros: true,
    nonNegative: 'unknown',
    mixesPositions: true,
  }),
  GridSample: explained(notSampled, 'routing', { mixesPositions: true }),
  Trilu: explained(picked.triangle, 'routing', { ...moved, mixesPositions: true }),
  TopK: explained(picked.topK, 'routing', { ...moved, mixesPositions: true }),
  ArgMax: places,
  ArgMin: places,
  OneHot: told,
  CumSum: explained(picked.cumulativeSum, 'sum', { ...moved, mixesPositions: true }),
  Range: given,
  Expand: explained(picked.expand, 'routing', { keepsZeros: true }),
  Pad: explained(picked.pad, 'routing', { keepsZeros: true, step: borderStep }),
  DepthToSpace: explained(picked.depthToSpace, 'routing', { ...moved, step: resizeStep }),
  SpaceToDepth: explained(picked.spaceToDepth, 'routing', { ...moved, step: resizeStep }),
  Shape: given,
  Size: given,
  Constant: given,
  ConstantOfShape: given,
} as const;
