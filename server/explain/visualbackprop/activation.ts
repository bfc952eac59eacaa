import type { Node } from '../../onnx/graph.ts';

const activations = new Set([
  'Relu',
  'Elu',
  'LeakyRelu',
  'PRelu',
  'Sigmoid',
  'Tanh',
  'Clip',
  'Selu',
  'Softplus',
  'Softsign',
  'HardSigmoid',
  'HardSwish',
  'Gelu',
  'Mish',
  'Celu',
  'ThresholdedRelu',
]);

export function isActivation(node: Node): boolean {
  return node.domain === '' && activations.has(node.op);
}

/** Operators that bend a value against another form of itself: max(x, αx), x > 0 ? x : f(x). */
const choosing = new Set(['Max', 'Min', 'Where']);

/**
 * Whether the branches that meet in `merge`, none of them with a convolution, are one activation in
 * several nodes: x·sigmoid(x), x·(1 + erf(x/√2))/2, max(x, αx).
 */
export function isWrittenOut(merge: Node, mainPath: readonly Node[]): boolean {
  return choosing.has(merge.op) || mainPath.some((node) => isActivation(node) || node.op === 'Erf');
}
