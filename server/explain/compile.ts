import { RoadgazeError } from '../../shared/errors.ts';
import type { Target } from '../../shared/explanations.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import { checkDemand } from '../onnx/demand.ts';
import { onlyFor, type Dimension, type Model, type ValueInfo } from '../onnx/graph.ts';
import { inferKnownShapes, inferWhatIsKnown } from '../onnx/infer-shapes.ts';
import { foldAffine } from '../onnx/rewrite/fold-affine.ts';
import { dequantised } from '../onnx/rewrite/quantised/dequantised.ts';
import { inPlainForm } from '../onnx/rewrite/plain-form.ts';
import { speedUp } from '../onnx/rewrite/speed-up.ts';
import { DataType } from '../onnx/tensor.ts';
import {
  explainedOutput,
  imageInput,
  outputChoice,
  type ImageInput,
} from '../inference/explained-output.ts';
import { optionValues, type MethodChoice } from './method-options.ts';
import { foldBehindScaling } from './picture-scaling.ts';
import type {
  AppendedExplanation,
  CompiledMethod,
  ExplanationContext,
  InputRange,
} from './compiled-method.ts';
import { compiledMethod } from './methods.ts';

/**
 * Which tensors of the network are its picture and its answer (null: found by itself), and what the
 * picture's values span.
 */
export interface Subject {
  readonly inputTensor: string | null;
  readonly outputTensor: string | null;
  /** Counted through a picture's row, or by its axes. */
  readonly outputIndex: number | readonly number[] | null;
  readonly range: InputRange;
}

interface SidecarParts {
  readonly input?:
    | {
        readonly tensor?: string | undefined;
        readonly scale?: number | readonly number[] | undefined;
        readonly offset?: number | readonly number[] | undefined;
      }
    | undefined;
  readonly output?: Parameters<typeof outputChoice>[0];
}

/** What a sidecar says of them. */
export function subjectOf({ input, output }: SidecarParts): Subject {
  const { tensor, index } = outputChoice(output);
  return {
    inputTensor: input?.tensor ?? null,
    outputTensor: tensor,
    outputIndex: index,
    range: inputRange(input),
  };
}

/** Where bytes of 0…255 come to lie: byte × scale + offset, per channel. */
function inputRange(input: SidecarParts['input']): InputRange {
  const list = (value: number | readonly number[]) => (typeof value === 'number' ? [value] : value);
  const scales = list(input?.scale ?? 1);
  const offsets = list(input?.offset ?? 0);
  const ends = Array.from({ length: Math.max(scales.length, offsets.length) }, (_, channel) => {
    const [scale, offset] = [scales[channel % scales.length]!, offsets[channel % offsets.length]!];
    return [offset, 255 * scale + offset] as const;
  });
  return {
    low: ends.map((pair) => Math.min(...pair)),
    high: ends.map((pair) => Math.max(...pair)),
    isGiven: input?.scale !== undefined || input?.offset !== undefined,
  };
}

export const anySubject: Subject = subjectOf({});

/**
 * Name of the output that a compiled network has more than the original; with several methods
 * `explanation_<id>`.
 */
const EXPLANATION = 'explanation';

/**
 * The folded network, its picture and its answer, and a builder on it: where the compiled graph of
 * these methods starts.
 */
export function prepare(
  model: Model,
  methods: readonly CompiledMethod[],
  subject: Subject,
  target: Target = '+',
): ExplanationContext {
  const image = imageInput(model, subject.inputTensor);
  const computed = inPlainForm(model);
  checkDemand(computed, inferKnownShapes(computed));
  const output = explainedOutput(computed, inferWhatIsKnown(dequantised(computed).seen), image, {
    tensor: subject.outputTensor,
    index: subject.outputIndex,
  });
  const folded = methods.some((method) => method.keepsScaling)
    ? foldBehindScaling(computed, image.name)
    : foldAffine(computed);
  const { graph, seen } = dequantised(folded);
  // What hangs beside the explained output is carried along, whatever it is.
  const way = onlyFor(seen, output.tensor);
  return {
    builder: new GraphBuilder(graph, 'roadgaze'),
    model: way,
    shapes: inferWhatIsKnown(way),
    image,
    output,
    target,
    range: subject.range,
  };
}

/**
 * The network with one more output per method, float32, shaped as the method's kind says:
 * `explanation`, or `explanation_<id>` each where there are several, which then share one forward
 * pass. Inputs and outputs of the network stay as they are, and so does a free batch. An ordinary
 * ONNX model that runs in any ONNX runtime. Throws METHOD_UNKNOWN, METHOD_OPTION_INVALID,
 * METHOD_UNSUITED and MODEL_*.
 */
export function compile(
  model: Model,
  choices: readonly MethodChoice[],
  subject: Subject = anySubject,
  target: Target = '+',
): Model {
  const methods = choices.map(({ id, options }) => {
    const method = compiledMethod(id);
    return {
      method,
      values: optionValues(method, options),
      output: choices.length === 1 ? EXPLANATION : `${EXPLANATION}_${id}`,
    };
  });
  const twice = choices.find(
    ({ id }, index) => choices.findIndex((each) => each.id === id) !== index,
  );
  if (twice)
    throw new RoadgazeError(
      'METHOD_UNKNOWN',
      `The method "${twice.id}" is named twice.`,
      'Name every method once.',
    );
  for (const { output } of methods) refuseTaken(model, output);
  const context = prepare(
    model,
    methods.map(({ method }) => method),
    subject,
    target,
  );
  const batch = model.inputs.find((input) => input.name === context.image.name)!.shape![0]!;
  const outputs = methods.map(({ method, values, output }): ValueInfo => {
    const appended = method.append(context, values);
    writeOut(context, appended, output);
    return { name: output, type: DataType.float, shape: shapeOf(appended, context.image, batch) };
  });
  return speedUp(context.builder.build({ outputs: [...model.outputs, ...outputs] }));
}

function refuseTaken(model: Model, name: string): void {
  if (
    !model.initializers.has(name) &&
    ![
      ...model.inputs.map((input) => input.name),
      ...model.nodes.flatMap((node) => node.outputs),
    ].includes(name)
  )
    return;
  throw new RoadgazeError(
    'MODEL_OUTPUT_UNCLEAR',
    `${model.source} already has a value called "${name}".`,
    'Compile the network as it was before, without an explanation in it.',
  );
}

function writeOut(
  { builder }: ExplanationContext,
  appended: AppendedExplanation,
  output: string,
): void {
  if (appended.kind === 'mask') builder.node('Mul', [appended.raised, appended.factor], {}, output);
  else builder.node('Identity', [appended.values], {}, output);
}

function shapeOf(
  appended: AppendedExplanation,
  { layout, channels, height, width }: ImageInput,
  batch: Dimension,
): Dimension[] {
  if (appended.kind === 'mask') return [batch, appended.frames ?? 1, height, width];
  if (appended.kind === 'attribution')
    return layout === 'NCHW' ? [batch, channels, height, width] : [batch, height, width, channels];
  return [batch, appended.frames ?? 1, appended.height, appended.width];
}
