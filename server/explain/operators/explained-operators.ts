import type { Node } from '../../onnx/graph.ts';
import { operatorNameOf, type OperatorName } from '../../onnx/operators/operators.ts';
import type { Composite } from '../backward/rule.ts';
import { activations } from './activations.ts';
import { arithmetic } from './arithmetic.ts';
import type { ExplainedOperator } from './explained-operator.ts';
import { layers } from './layers.ts';
import { layout } from './layout.ts';
import { sequences } from './sequences.ts';

/** What explanations know of every operator that Roadgaze reads, and of no other. */
export const explainedOperators: Readonly<Record<OperatorName, ExplainedOperator>> = {
  ...activations,
  ...arithmetic,
  ...layout,
  ...layers,
  ...sequences,
};

/** The node's row; null where Roadgaze does not read it. */
export function explainedOperatorOf(node: Node): ExplainedOperator | null {
  const name = operatorNameOf(node);
  return name && explainedOperators[name];
}

/** The chain rule for every node. */
export const gradientComposite: Composite = (node) => explainedOperatorOf(node)?.gradient ?? null;

/** Whether the node is of a kind that has weights. */
export function isWeighted(node: Node): boolean {
  return explainedOperatorOf(node)?.relevance === 'layer';
}
