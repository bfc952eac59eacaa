import { dropout, unary } from '../shapes/elementwise.ts';
import {
  concat,
  constant,
  constantOfShape,
  expand,
  flatten,
  gather,
  reshape,
  shapeOf,
  sizeOf,
  slice,
  split,
  squeeze,
  transpose,
  unsqueeze,
} from '../shapes/layout.ts';
import {
  argExtreme,
  gatherElements,
  gridSample,
  oneHot,
  range,
  tile,
  topK,
} from '../shapes/picking.ts';
import { depthToSpace, pad } from '../shapes/spatial.ts';
import {
  alongAxis,
  alongSum,
  alongTile,
  always,
  behindFirst,
  concat as alongConcat,
  reshape as alongReshape,
} from './along-batch.ts';
import {
  foldedAsItIs,
  foldedConcat,
  foldedConstantOfShape,
  foldedExpand,
  foldedGather,
  foldedPad,
  foldedRange,
  foldedScatter,
  foldedSlice,
  foldedSplit,
  foldedTile,
  foldedTranspose,
  foldedTrilu,
} from './fold-layout.ts';
import { operator } from './operator.ts';

const view = { memory: 'view' } as const;
const idle = { ...view, idle: true } as const;

export const layout = {
  Identity: operator(unary, foldedAsItIs, idle),
  Dropout: operator(dropout, null, idle),
  Reshape: operator(reshape, foldedAsItIs, {
    ...view,
    inputs: 2,
    alongBatch: alongReshape,
    passesMaps: true,
  }),
  Flatten: operator(flatten, foldedAsItIs, {
    ...view,
    alongBatch: alongReshape,
    passesMaps: true,
  }),
  Squeeze: operator(squeeze, foldedAsItIs, view),
  Unsqueeze: operator(unsqueeze, foldedAsItIs, view),
  Transpose: operator(transpose, foldedTranspose, { passesMaps: true }),
  Concat: operator(concat, foldedConcat, { alongBatch: alongConcat, inBlocks: 'by all inputs' }),
  Split: operator(split, foldedSplit),
  Slice: operator(slice, foldedSlice),
  Gather: operator(gather, foldedGather, { inputs: 2 }),
  Expand: operator(expand, foldedExpand, { inputs: 2 }),
  Tile: operator(tile, foldedTile, { inputs: 2, alongBatch: alongTile }),
  GatherElements: operator(gatherElements, null, { inputs: 2, alongBatch: alongAxis(0) }),
  ScatterND: operator(unary, foldedScatter, { inputs: 3, alongBatch: always }),
  ScatterElements: operator(unary, null, { inputs: 3, alongBatch: alongAxis(0) }),
  GridSample: operator(gridSample, null, { inputs: 2, alongBatch: behindFirst }),
  Trilu: operator(unary, foldedTrilu),
  TopK: operator(topK, null, { alongBatch: alongAxis(-1) }),
  ArgMax: operator(argExtreme, null, { alongBatch: alongAxis(0) }),
  ArgMin: operator(argExtreme, null, { alongBatch: alongAxis(0) }),
  OneHot: operator(oneHot, null, { inputs: 3 }),
  CumSum: operator(unary, null, { inputs: 2, alongBatch: alongSum }),
  Range: operator(range, foldedRange, { inputs: 3 }),
  Pad: operator(pad, foldedPad),
  DepthToSpace: operator(depthToSpace, null, { alongBatch: behindFirst }),
  SpaceToDepth: operator(depthToSpace, null, { alongBatch: behindFirst }),
  // Shapes and constants are known to whoever infers shapes, without being computed.
  Shape: operator(shapeOf, null),
  Size: operator(sizeOf, null),
  Constant: operator(constant, null, { inputs: 0 }),
  ConstantOfShape: operator(constantOfShape, foldedConstantOfShape),
} as const;
