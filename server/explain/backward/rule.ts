import { RoadgazeError } from '../../../shared/errors.ts';
import type { GraphBuilder } from '../../onnx/builder.ts';
import { describeNode, type Model, type Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';

/**
 * One node of the forward pass, seen from behind. A signal (a gradient, or relevance) arrives at
 * its outputs; a rule appends the nodes that hand it on to its inputs. Signals are float32 and
 * shaped like the value they belong to.
 */
export interface BackwardStep {
  readonly builder: GraphBuilder;
  readonly model: Model;
  readonly shapes: Shapes;
  readonly node: Node;
  /** The signal at output `index`; null where nothing arrives. */
  arriving(index: number): string | null;
  /** Whether input `index` depends on the picture, and so must be given a signal. */
  wanted(index: number): boolean;
  /** Whether a value is known to be ≥ 0 in every element. */
  nonNegative(value: string): boolean;
}

/** The signals of the node's inputs, by index; null or left out for those that get nothing. */
export type BackwardRule = (step: BackwardStep) => readonly (string | null | undefined)[];

/** Where a node stands among the layers with weights on the way from picture to output. */
export interface Place {
  /** Of Conv, ConvTranspose, Gemm and MatMul: no such layer lies between it and the picture. */
  readonly isFirst: boolean;
  /**
   * Of all others: no such layer lies between it and the picture, so that it only prepares what the
   * first layers see.
   */
  readonly isBeforeLayers: boolean;
}

/** A method's rules: which one for which node; null where it has none. */
export type Composite = (node: Node, place: Place) => BackwardRule | null;

/** For rules that meet a form of their operator that they do not cover. */
export function unsupported(
  step: Pick<BackwardStep, 'model' | 'node'>,
  what: string,
): RoadgazeError {
  return new RoadgazeError(
    'MODEL_OPERATOR_UNSUPPORTED',
    `Nothing can be passed back through ${describeNode(step.model, step.node)}: ${what}.`,
    'Choose VisualBackProp, which needs no backward pass, or export the network without this operator.',
  );
}
