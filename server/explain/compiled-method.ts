import type { Target } from '../../shared/explanations.ts';
import type { GraphBuilder } from '../onnx/builder.ts';
import type { Model } from '../onnx/graph.ts';
import type { Shapes } from '../onnx/infer-shapes.ts';
import type { ExplainedOutput, ImageInput } from '../inference/explained-output.ts';
import type { MethodOption, OptionValues } from './method-options.ts';

/**
 * Lowest and highest value of the network's input, in its own units: one pair for all channels, or
 * one per channel.
 */
export interface InputRange {
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Whether somebody said so; else it is only what is usual. */
  readonly isGiven: boolean;
}

/** What a method needs to append itself to a network. */
export interface ExplanationContext {
  readonly builder: GraphBuilder;
  /**
   * The network itself, folded, as far as the explained output depends on it; its values can be
   * read by name.
   */
  readonly model: Model;
  readonly shapes: Shapes;
  readonly image: ImageInput;
  readonly output: ExplainedOutput;
  readonly target: Target;
  readonly range: InputRange;
}

/** What a method appended. Values are float32 and finite, zeros where the network is dead. */
export type AppendedExplanation =
  /**
   * `raised` [N,1,H,W] ≥ 0 on the picture's grid, and `factor` [N,1,1,1] that brings each picture's
   * maximum to 1. Where the network sees `frames` each as a picture of its own, there is a mask for
   * each: [N,frames,H,W] and [N,frames,1,1].
   */
  | {
      readonly kind: 'mask';
      readonly raised: string;
      readonly factor: string;
      readonly frames?: number;
    }
  /** `values` shaped and ordered like the network's input. */
  | { readonly kind: 'attribution'; readonly values: string }
  /** `values` [N,frames or 1,height,width] at the layer's resolution, or at the picture's. */
  | {
      readonly kind: 'activation-map';
      readonly values: string;
      readonly height: number;
      readonly width: number;
      readonly frames?: number;
    };

/** A method that is part of a compiled graph. */
export interface CompiledMethod {
  readonly id: string;
  readonly options: readonly MethodOption[];
  /**
   * Set where the result depends on how the picture is scaled in front of the first layer, so that
   * this must not be folded into it.
   */
  readonly keepsScaling?: true;
  append(context: ExplanationContext, options: OptionValues): AppendedExplanation;
}
