import type { Dimension, Shape } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** Element type and shape of every value of the model. */
export interface Shapes {
  /**
   * Throws MODEL_SHAPE for a name that is no value of the model, and what stands in the way where
   * the value's shape cannot be told.
   */
  of(value: string): Shape;
  /** As `of`; null where it would throw. */
  known(value: string): Shape | null;
  type(value: string): number;
  /** The constant of that name: an initializer or the output of a Constant node. */
  constant(value: string): Tensor | null;
  /** Whole numbers known of a value, row-major: a short constant, or computed from shapes. */
  sizes(value: string): readonly Dimension[] | null;
}

/** As `Shapes`; null of what cannot be inferred. */
export interface KnownShapes {
  of(value: string): Shape | null;
  /** 0 of what cannot be inferred. */
  type(value: string): number;
  constant(value: string): Tensor | null;
  sizes(value: string): readonly Dimension[] | null;
}
