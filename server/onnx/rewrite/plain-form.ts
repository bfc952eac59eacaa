import type { Model } from '../graph.ts';
import { writeOutAttention } from './attention-operator.ts';
import { foldConstants } from './fold-constants.ts';
import { unrollRecurrent } from './recurrent/unroll-recurrent.ts';
import { overTwoAxes } from './two-axes.ts';

/**
 * The network in the form in which it is explained: what can be computed beforehand is, windows go
 * over two axes, recurrent layers are unrolled, and attention is written out. The same outputs; names of nodes, inputs and outputs stay. Throws MODEL_SHAPE
 * for inputs without a shape, and for what is beyond a limit.
 */
export function inPlainForm(model: Model): Model {
  return foldConstants(writeOutAttention(unrollRecurrent(overTwoAxes(foldConstants(model)))));
}
