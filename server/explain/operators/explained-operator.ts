import type { BackwardRule } from '../backward/rule.ts';
import type { StepRule } from '../visualbackprop/spatial-step.ts';

/** One row of the table of explanations: how a method deals with an operator. */
export interface ExplainedOperator {
  /** The chain rule of calculus; null where nothing that it gives depends on the picture. */
  readonly gradient: BackwardRule | null;
  /**
   * How relevance passes: by the composite's own rule (`layer`), whole to the one value that was
   * bent (`activation`), as the gradient routes it (`routing`), in proportion to what was added
   * (`sum`), likewise but shared by the factors of what was added (`contraction`), half to each
   * factor, or whole to what a gate lets through (`product`), whole to what was divided
   * (`quotient`), as a straight line at this point shares it (`softmax`), in proportion with what
   * the value is divided by held fixed (`norm`), or not at all (`stop`).
   */
  readonly relevance:
    | 'layer'
    | 'activation'
    | 'routing'
    | 'sum'
    | 'contraction'
    | 'product'
    | 'quotient'
    | 'softmax'
    | 'norm'
    | 'stop'
    | null;
  /** Of a norm: the chain rule with what the value is divided by held fixed. */
  readonly fixedNorm: BackwardRule | null;
  /** Where its result is known to be ≥ 0. */
  readonly nonNegative:
    'always' | 'where its inputs are' | 'where its first input is' | 'by its limits' | 'unknown';
  /** A result that comes from nothing but zeros is 0. */
  readonly keepsZeros: boolean;
  /** Brings the picture to another scale, where it stands in front of the first layer. */
  readonly scales: boolean;
  /** Its result is x where x > 0, and nothing, or little, elsewhere. */
  readonly rectifies: boolean;
  /** Turns scores into shares of 1, or a sum into a number between 0 and 1. */
  readonly head: 'shares' | 'squashes' | null;
  /**
   * What each number of the result is made of, if of nothing but the numbers at its place: an
   * activation, another bend (which may choose between forms of a value: `chooses`), arithmetic,
   * or the number itself.
   */
  readonly elementwise: 'activation' | 'bend' | 'chooses' | 'arithmetic' | 'passes' | null;
  /** Branches may meet in it. */
  readonly merges: boolean;
  /** Gives parts of the channels. */
  readonly parts: boolean;
  /** All values, and no others, in another order, shape or type. */
  readonly rearranges: boolean;
  /** How it changes the plane of the picture, where it leaves positions in their order. */
  readonly step: StepRule | null;
  /** Whether positions of the picture do not keep their order. */
  readonly mixesPositions: boolean;
  /** Takes many positions together: their mean, or something else. */
  readonly pools: 'mean' | 'other' | null;
}

/** A row; what is not said is the commonest. */
export function explained(
  gradient: BackwardRule | null,
  relevance: ExplainedOperator['relevance'],
  others: Partial<Omit<ExplainedOperator, 'gradient' | 'relevance'>> = {},
): ExplainedOperator {
  return {
    gradient,
    relevance,
    fixedNorm: null,
    nonNegative: 'unknown',
    keepsZeros: false,
    scales: false,
    rectifies: false,
    head: null,
    elementwise: null,
    merges: false,
    parts: false,
    rearranges: false,
    step: null,
    mixesPositions: false,
    pools: null,
    ...others,
  };
}
