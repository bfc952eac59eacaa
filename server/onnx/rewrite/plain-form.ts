import type { Model } from '../graph.ts';
import { writeOutAttention } from './attention-operator.ts';
import { withoutControlFlow } from './control-flow.ts';
import { foldConstants } from './fold-constants.ts';
import { unrollRecurrent } from './recurrent/unroll-recurrent.ts';
import { withoutFusions } from './fused.ts';
import { writeOutGridSample } from './grid-sample.ts';
import { overDepth } from './over-depth.ts';
import { overTwoAxes } from './two-axes.ts';

/**
 * The network in the form in which it is explained: what can be computed beforehand is, branches
 * and loops are written out, windows go over two axes, recurrent layers are unrolled, and attention
 * stands as the operators that it is made of. The same outputs; names of nodes, inputs and outputs
 * stay. Throws MODEL_SHAPE for inputs without a shape, and for what is beyond a limit.
 */
export function inPlainForm(model: Model): Model {
  let straight = foldConstants(withoutFusions(model));
  // What stands in place of a window or branch may say which way the next branch goes.
  for (let before: Model | null = null; before !== straight;) {
    before = straight;
    straight = foldConstants(withoutControlFlow(overTwoAxes(straight)));
  }
  return foldConstants(overDepth(writeOutGridSample(writeOutAttention(unrollRecurrent(straight)))));
}
