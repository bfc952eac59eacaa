import { RoadgazeError } from '../../../shared/errors.ts';
import { describeNode, type Dimension, type Model, type Node, type Shape } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** What is known of a value before the network runs. */
export interface ValueFacts {
  readonly type: number;
  readonly shape: Shape;
  /**
   * Integers of a shape computation (`Shape`, `Gather`, `Concat`, …), which may hold free sizes.
   */
  readonly sizes?: readonly Dimension[];
}

/** What an operator's rule sees: facts of the inputs, constants, and a way to complain by name. */
export interface ShapeContext {
  readonly node: Node;
  readonly opset: number;
  /** Facts of input i; throws where it is left out. */
  input(index: number): ValueFacts;
  optionalInput(index: number): ValueFacts | null;
  /** The constant behind input i, if it is one. */
  constant(index: number): Tensor | null;
  /** Whole numbers known of input i: a constant, or sizes computed from shapes. */
  sizes(index: number): readonly Dimension[] | null;
  fail(reason: string): never;
}

/** Facts of the node's outputs, in order. */
export type ShapeRule = (context: ShapeContext) => ValueFacts[];

export function shapeError(model: Model, node: Node, reason: string): RoadgazeError {
  return new RoadgazeError(
    'MODEL_SHAPE',
    `The shapes at ${describeNode(model, node)} do not work out: ${reason}.`,
    'Correct this operator, or export the network again.',
  );
}

/**
 * A free size that comes out of arithmetic on other free sizes gets a name that says so, so that
 * equal ones stay equal.
 */
export function product(dims: readonly Dimension[]): Dimension {
  let known = 1;
  const free: string[] = [];
  for (const dim of dims) {
    if (typeof dim === 'number') known *= dim;
    else free.push(dim);
  }
  if (free.length === 0) return known;
  return known === 1 ? free.join('*') : [String(known), ...free].join('*');
}

export function broadcast(context: ShapeContext, shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dimension = 1;
    for (const shape of shapes) {
      const dim = shape[shape.length - rank + axis] ?? 1;
      if (dim === 1 || dim === result) continue;
      if (result === 1 || (typeof result === 'string' && typeof dim === 'number')) result = dim;
      else if (typeof dim === 'number')
        context.fail(`sizes ${result} and ${dim} cannot be combined`);
    }
    return result;
  });
}

export function axisOf(context: ShapeContext, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank)
    context.fail(`axis ${axis} does not exist in ${rank} dimensions`);
  return positive;
}
