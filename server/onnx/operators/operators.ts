import type { Node } from '../graph.ts';
import { activations } from './activations.ts';
import { arithmetic } from './arithmetic.ts';
import { layers } from './layers.ts';
import { layout } from './layout.ts';
import type { Operator } from './operator.ts';
import { sequences } from './sequences.ts';

/**
 * The operators of ONNX that Roadgaze reads. A new one is a row in the file of its family, and one
 * in the table of explanations, which has the same names.
 */
export const operators = {
  ...activations,
  ...arithmetic,
  ...layout,
  ...layers,
  ...sequences,
} as const satisfies Readonly<Record<string, Operator>>;

export type OperatorName = keyof typeof operators;

/** The node's operator; null where Roadgaze does not read it. */
export function operatorNameOf({ op, domain }: Node): OperatorName | null {
  return domain === '' && Object.hasOwn(operators, op) ? (op as OperatorName) : null;
}

/** The node's row; null where Roadgaze does not read it. */
export function operatorOf(node: Node): Operator | null {
  const name = operatorNameOf(node);
  return name && operators[name];
}
