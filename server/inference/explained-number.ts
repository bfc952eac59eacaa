import {
  isSteering,
  type ExplainedNumber,
  type NumberMeaning,
} from '../../shared/explained-number.ts';
import type { AngleOf } from '../../shared/steering.ts';
import { producers, type Model, type Node } from '../onnx/graph.ts';
import { inferWhatIsKnown } from '../onnx/infer-shapes.ts';
import { explainedOutput, imageInput, outputChoice } from './explained-output.ts';
import type { Sidecar } from './sidecar.ts';

/** The explained number as it is shown. */
export interface ShownOutput {
  readonly number: ExplainedNumber;
  /**
   * As the sidecar says; null where it does not, and of a bin, which is no steering whatever the
   * sidecar says.
   */
  readonly quantity: 'angle' | 'curvature' | 'normalized' | null;
  readonly unit: 'rad' | 'deg' | '1/m' | '1' | null;
  /** Of an angle; null: nobody says. */
  readonly angleOf?: AngleOf | null;
  readonly positive: 'left' | 'right' | null;
  /** Shown number = the network's own × scale. */
  readonly scale: number;
}

/** Throws MODEL_*. */
export function shownOutput(model: Model, sidecar: Sidecar): ShownOutput {
  const number = explainedNumber(model, sidecar);
  const {
    quantity = null,
    unit = null,
    positive = null,
    angleOf,
    scale = 1,
  } = isSteering(number) ? (sidecar.output ?? {}) : {};
  return { number, quantity, unit, positive, ...(angleOf ? { angleOf } : {}), scale };
}

function explainedNumber(model: Model, { input, output }: Sidecar): ExplainedNumber {
  const image = imageInput(model, input?.tensor ?? null);
  const { tensor, index, elements } = explainedOutput(
    model,
    inferWhatIsKnown(model),
    image,
    outputChoice(output),
  );
  if (output?.bins) return binsNumber(model, output);
  const isSaid =
    output?.index !== undefined ||
    output?.element !== undefined ||
    output?.unit !== undefined ||
    output?.quantity !== undefined ||
    output?.positive !== undefined;
  const mayBe =
    (isSaid && !output?.isOther) ||
    (elements === 1 &&
      !output?.isOther &&
      !(output?.tensor === undefined && /throttle|brake|speed|accel/i.test(tensor)));
  return {
    tensor,
    index,
    elements,
    meaning: (elements > 1 ? binMeaning(model, tensor) : null) ?? (mayBe ? 'steering' : 'unknown'),
  };
}

/** What `withBins` has made of the bins of an output. */
function binsNumber(model: Model, output: NonNullable<Sidecar['output']>): ExplainedNumber {
  const { tensor = model.outputs[0]!.name, bins } = output;
  return { tensor, index: 0, elements: 1, meaning: 'steering', bins: bins!.read };
}

/** Order and form of values, but not the values, are what these change. */
const passing = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Dropout',
  'Clip',
  'Slice',
  'Gather',
  'Split',
  'Concat',
]);

/** How a categorical head gives its bins; null where the output is none. */
export function binMeaning(model: Model, tensor: string): NumberMeaning | null {
  const made = producers(model);
  let isLog = false;
  for (let node = made.get(tensor); node && node.domain === ''; node = made.get(node.inputs[0]!)) {
    if (node.op === 'LogSoftmax') return 'log-probability';
    if (node.op === 'Softmax' || isSoftmaxWrittenOut(node, made))
      return isLog ? 'log-probability' : 'probability';
    if (isDifferenceToLogSum(node, made)) return 'log-probability';
    if (node.op === 'Log') isLog = true;
    else if (!passing.has(node.op)) break;
  }
  return /(^|[^a-z])(bins?|logits?|class(es)?|categor(y|ies|ical)|softmax|probs?|probabilit(y|ies))([^a-z]|$)/i.test(
    tensor,
  )
    ? 'score'
    : null;
}

/** exp(x) ÷ Σ exp(x) */
function isSoftmaxWrittenOut(node: Node, made: ReadonlyMap<string, Node>): boolean {
  return (
    node.op === 'Div' &&
    made.get(node.inputs[0]!)?.op === 'Exp' &&
    made.get(node.inputs[1]!)?.op === 'ReduceSum' &&
    made.get(node.inputs[1]!)?.inputs[0] === node.inputs[0]
  );
}

/** x − log Σ exp(x) */
function isDifferenceToLogSum(node: Node, made: ReadonlyMap<string, Node>): boolean {
  const sum = node.op === 'Sub' ? made.get(node.inputs[1]!) : undefined;
  return (
    sum?.op === 'ReduceLogSumExp' ||
    (sum?.op === 'Log' && made.get(sum.inputs[0]!)?.op === 'ReduceSum')
  );
}
