import type { GraphBuilder } from '../onnx/builder.ts';
import type { Model } from '../onnx/graph.ts';
import type { Shapes } from '../onnx/infer-shapes.ts';
import { normalised, visualBackProp } from './visualbackprop/visualbackprop.ts';
import type { ExplainedOutput, ImageInput } from './explained-output.ts';

/** What a method needs to append itself to a network. */
export interface ExplanationContext {
  readonly builder: GraphBuilder;
  /** The network itself, folded; its values can be read by name. */
  readonly model: Model;
  readonly shapes: Shapes;
  readonly image: ImageInput;
  readonly output: ExplainedOutput;
}

/**
 * An explanation method: appends nodes to the network and gives the explanation in two parts, `raised` [N,1,H,W] with values ≥ 0,
 * and `factor` [N,1,1,1] that brings each picture's maximum to 1.
 */
export interface MaskMethod {
  readonly id: string;
  readonly name: string;
  readonly paper: string;
  append(context: ExplanationContext): { raised: string; factor: string };
}

export const methods: readonly MaskMethod[] = [
  {
    id: 'visualbackprop',
    name: 'VisualBackProp',
    paper: 'Bojarski et al., VisualBackProp: efficient visualization of CNNs, arXiv 1611.05418',
    append: ({ builder, model, shapes, image, output }) => normalised(builder, visualBackProp(builder, model, shapes, image.name, output.tensor)),
  },
];
