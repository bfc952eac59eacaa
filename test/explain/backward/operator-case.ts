import type { Network } from '../../support/network.ts';

/** An operator in a form of its own, between two layers with weights. */
export interface OperatorCase {
  readonly title: string;
  /** The operators that the case is there for. */
  readonly covers: readonly string[];
  /** Operator sets in which the operator has this form. */
  readonly opsets: readonly number[];
  /** Adds it behind a value [N,4,6,8] of both signs. */
  build(network: Network, x: string): string;
}
