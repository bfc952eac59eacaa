import { RoadgazeError } from '../../shared/errors.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import type { Model } from '../onnx/graph.ts';
import { inferShapes } from '../onnx/infer-shapes.ts';
import { foldAffine } from '../onnx/rewrite/fold-affine.ts';
import { DataType } from '../onnx/tensor.ts';
import { explainedOutput, imageInput, type ExplainedOutput, type ImageInput } from './explained-output.ts';
import { methods, type ExplanationContext, type MaskMethod } from './methods.ts';

/** Which tensors of the network are its picture and its answer; null: found by itself. */
export interface Subject {
  readonly inputTensor: string | null;
  readonly outputTensor: string | null;
  readonly outputIndex: number | null;
}

/** What a sidecar says of them. */
export function subjectOf({ input, output }: { input?: { tensor?: string | undefined } | undefined; output?: { tensor?: string | undefined; index?: number | undefined } | undefined }): Subject {
  return { inputTensor: input?.tensor ?? null, outputTensor: output?.tensor ?? null, outputIndex: output?.index ?? null };
}

export const anySubject: Subject = { inputTensor: null, outputTensor: null, outputIndex: null };

/** Name of the output that a compiled network has more than the original. */
const EXPLANATION = 'explanation';

/** Throws METHOD_UNKNOWN. */
export function methodOf(id: string): MaskMethod {
  const method = methods.find((each) => each.id === id);
  if (!method) throw new RoadgazeError('METHOD_UNKNOWN', `There is no explanation method "${id}".`, `Choose one of: ${methods.map((each) => each.id).join(', ')}.`);
  return method;
}

/** The folded network, its picture and its answer, and a builder on it: where every compiled graph starts. */
export function prepare(model: Model, subject: Subject): ExplanationContext & { image: ImageInput; output: ExplainedOutput } {
  const image = imageInput(model, subject.inputTensor);
  explainedOutput(model, inferShapes(model), subject.outputTensor, subject.outputIndex);
  const folded = foldAffine(model);
  const shapes = inferShapes(folded);
  const output = explainedOutput(folded, shapes, subject.outputTensor, subject.outputIndex);
  return { builder: new GraphBuilder(folded, 'roadgaze'), model: folded, shapes, image, output };
}

/**
 * The network with one more output, `explanation` [N,1,H,W] float32 in 0..1, on the grid of the picture. Inputs and outputs of the
 * network stay as they are, and so does a free batch. An ordinary ONNX model that runs in any ONNX runtime.
 * Throws METHOD_UNKNOWN and MODEL_*.
 */
export function compile(model: Model, methodId: string, subject: Subject = anySubject): Model {
  const method = methodOf(methodId);
  if (model.initializers.has(EXPLANATION) || [...model.inputs.map((input) => input.name), ...model.nodes.flatMap((node) => node.outputs)].includes(EXPLANATION)) {
    throw new RoadgazeError('MODEL_OUTPUT_UNCLEAR', `${model.source} already has a value called "${EXPLANATION}".`, 'Compile the network as it was before, without an explanation in it.');
  }
  const context = prepare(model, subject);
  const { builder, image } = context;
  const { raised, factor } = method.append(context);
  builder.node('Mul', [raised, factor], {}, EXPLANATION);
  const batch = model.inputs.find((input) => input.name === image.name)!.shape![0]!;
  const explanation = { name: EXPLANATION, type: DataType.float, shape: [batch, 1, image.height, image.width] };
  return builder.build({ outputs: [...context.model.outputs, explanation] });
}
