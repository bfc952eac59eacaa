import type { ShapeRule } from '../shapes/context.ts';
import type { AlongBatch } from './along-batch.ts';
import type { Fold } from './fold.ts';

/** One row of the table of operators: what is known of an operator of ONNX without explanations. */
export interface Operator {
  readonly shape: ShapeRule;
  /** Inputs that it cannot do without, from the first on. */
  readonly inputs: number;
  /** What it gives for numbers that are known beforehand; null where they never are, or too many. */
  readonly fold: Fold | null;
  /** Whether a result that keeps the batch is computed along it. */
  readonly alongBatch: AlongBatch;
  /**
   * How ONNX Runtime holds the result: in memory of its own, in that of its first input (`view`), or
   * written over an input that nobody else reads.
   */
  readonly memory: 'own' | 'view' | 'over its input';
  /**
   * Whether ONNX Runtime computes it in blocks of channels, if its first input, or each, lies so.
   */
  readonly inBlocks: 'never' | 'by its first input' | 'by all inputs';
  /** What one number becomes does not grow in a straight line with it. */
  readonly bends: boolean;
  /** A map by constants that moves through it may be folded into the layer behind. */
  readonly passesMaps: boolean;
  /** Gives its first input unchanged when a network only runs. */
  readonly idle: boolean;
}

const apart: AlongBatch = () => false;

/** A row; what is not said is the commonest. */
export function operator(
  shape: ShapeRule,
  fold: Fold | null,
  others: Partial<Omit<Operator, 'shape' | 'fold'>> = {},
): Operator {
  return {
    shape,
    fold,
    inputs: 1,
    alongBatch: apart,
    memory: 'own',
    inBlocks: 'never',
    bends: false,
    passesMaps: false,
    idle: false,
    ...others,
  };
}
