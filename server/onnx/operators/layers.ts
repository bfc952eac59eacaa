import { einsum, gemm, matMul } from '../shapes/dense.ts';
import { batchNormalization, layerNormalization, unary } from '../shapes/elementwise.ts';
import { reduce } from '../shapes/layout.ts';
import { conv, convTranspose, globalPool, pool, resize } from '../shapes/spatial.ts';
import {
  alongAxis,
  behindFirst,
  fromAxis,
  gemm as alongGemm,
  matMul as alongMatMul,
} from './along-batch.ts';
import { foldedReduction } from './fold-layout.ts';
import { operator } from './operator.ts';

const onPictures = { alongBatch: behindFirst } as const;
const pooling = operator(pool, null, onPictures);
const overPlane = operator(globalPool, null, onPictures);
const resizing = operator(resize, null, onPictures);

/** Layers with weights, poolings, reductions and normalisations. */
export const layers = {
  Conv: operator(conv, null, { ...onPictures, inputs: 2, inBlocks: 'by its first input' }),
  ConvTranspose: operator(convTranspose, null, { ...onPictures, inputs: 2 }),
  Gemm: operator(gemm, null, { alongBatch: alongGemm, inputs: 2 }),
  MatMul: operator(matMul, null, { alongBatch: alongMatMul, inputs: 2 }),
  MaxPool: pooling,
  AveragePool: pooling,
  LpPool: pooling,
  GlobalAveragePool: overPlane,
  GlobalMaxPool: overPlane,
  Resize: resizing,
  Upsample: resizing,
  ReduceMean: operator(reduce, null),
  ReduceSum: operator(
    reduce,
    foldedReduction((a, b) => a + b, 0),
  ),
  ReduceL1: operator(reduce, null),
  ReduceL2: operator(reduce, null),
  ReduceLogSum: operator(reduce, null),
  ReduceLogSumExp: operator(reduce, null),
  ReduceSumSquare: operator(reduce, null),
  ReduceProd: operator(
    reduce,
    foldedReduction((a, b) => a * b, 1),
  ),
  ReduceMax: operator(reduce, foldedReduction(Math.max, -Infinity)),
  ReduceMin: operator(reduce, foldedReduction(Math.min, Infinity)),
  BatchNormalization: operator(batchNormalization, null, {
    ...onPictures,
    inputs: 5,
    memory: 'over its input',
    inBlocks: 'by its first input',
    passesMaps: true,
  }),
  InstanceNormalization: operator(unary, null, { ...onPictures, inputs: 3 }),
  LayerNormalization: operator(layerNormalization, null, {
    alongBatch: fromAxis(-1),
    inputs: 2,
  }),
  GroupNormalization: operator(unary, null, { ...onPictures, inputs: 3 }),
  RMSNormalization: operator(unary, null, { alongBatch: fromAxis(-1), inputs: 2 }),
  Einsum: operator(einsum, null),
  LRN: operator(unary, null, onPictures),
  LpNormalization: operator(unary, null, { alongBatch: alongAxis(-1) }),
} as const;
