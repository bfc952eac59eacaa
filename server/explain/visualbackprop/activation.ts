import type { Node } from '../../onnx/graph.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';

export function isActivation(node: Node): boolean {
  return explainedOperatorOf(node)?.elementwise === 'activation';
}

/**
 * Whether the branches that meet in `merge`, none of them with a convolution, are one activation in
 * several nodes: x·sigmoid(x), x·(1 + erf(x/√2))/2, max(x, αx).
 */
export function isWrittenOut(merge: Node, mainPath: readonly Node[]): boolean {
  return (
    explainedOperatorOf(merge)?.elementwise === 'chooses' ||
    mainPath.some((node) => isActivation(node) || node.op === 'Erf')
  );
}
