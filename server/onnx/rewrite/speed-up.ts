import type { Model } from '../graph.ts';
import { denseInOrder } from './dense-order.ts';
import { fasterElu } from './faster-elu.ts';
import { convolveInterleaved } from './interleaved-picture.ts';
import { keepBatch } from './kept-batch.ts';
import { mergeConvolutions } from './merge-convolutions.ts';
import { processorBlock } from './processor-block.ts';
import { splitInputChannels } from './split-input-channels.ts';
import { tidy } from './tidy.ts';
import { transposedAsConvolutions } from './transposed-as-convolutions.ts';
import { transposedInRows } from './transposed-in-rows.ts';

/**
 * The same outputs, equal to float32's rounding, from nodes that ONNX Runtime computes faster on a
 * CPU. The last step of compiling: what explains a network looks for the operators that it was
 * written with. It runs everywhere, and is laid out for this processor.
 */
export function speedUp(model: Model, block = processorBlock()): Model {
  const inOrder = denseInOrder(convolveInterleaved(fasterElu(keepBatch(model))));
  const spread = transposedInRows(transposedAsConvolutions(inOrder, block));
  return tidy(splitInputChannels(mergeConvolutions(spread, block), block));
}
