import { RoadgazeError } from '../../shared/errors.ts';
import {
  ancestors,
  describeNode,
  onlyFor,
  type Model,
  type Node,
  type ValueInfo,
} from '../onnx/graph.ts';
import { inferShapes, type Shapes } from '../onnx/infer-shapes.ts';
import { mixingNode } from '../onnx/mixed-pictures.ts';
import { operatorOf } from '../onnx/operators/operators.ts';
import { inPlainForm } from '../onnx/rewrite/plain-form.ts';
import { dequantised } from '../onnx/rewrite/quantised/dequantised.ts';
import { outOfTraining } from '../onnx/rewrite/training-mode.ts';
import { imageInput, type ImageInput } from './explained-output.ts';
import type { Sidecar } from './sidecar.ts';

/** A network whose answer to a picture depends on that picture alone. */
export interface SettledNetwork {
  readonly model: Model;
  /**
   * Whether a batch must hold one picture only, over and over where the network's batch is fixed.
   */
  readonly alone: boolean;
  /** What was done about it; plain sentences for the user. */
  readonly notes: readonly string[];
}

const drawing = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);

/**
 * Makes the answer to a picture independent of the others in its batch, so that numbers depend
 * neither on workers nor on batches: what was exported in training mode is taken out of it, and
 * what puts the pictures of a batch together gets one at a time. What can be computed beforehand is.
 * Throws MODEL_OPERATOR_UNSUPPORTED where the answer depends on chance.
 */
export function settled(original: Model, { input, output }: Sidecar): SettledNetwork {
  const { model: quiet, changed } = outOfTraining(original);
  const model = computed(quiet);
  const answer = output?.tensor ?? model.outputs[0]!.name;
  refuseChance(model, answer);
  const notes = trainingNotes(model, changed);
  const image = pictureOf(model, input?.tensor ?? null);
  if (!image || image.batch === 1 || !model.outputs.some(({ name }) => name === answer))
    return { model, alone: false, notes };
  return image.batch === null
    ? withFreeBatch(model, image, answer, notes)
    : { model, alone: !keepsApart(model, image, answer), notes };
}

/** The model itself where its inputs cannot be read: whoever needs them says so. */
function computed(model: Model): Model {
  try {
    return inPlainForm(model);
  } catch (error) {
    if (error instanceof RoadgazeError) return model;
    throw error;
  }
}

/** null where it is not clear: whoever needs the picture says so. */
function pictureOf(model: Model, name: string | null): ImageInput | null {
  try {
    return imageInput(model, name);
  } catch (error) {
    if (error instanceof RoadgazeError) return null;
    throw error;
  }
}

function withFreeBatch(
  model: Model,
  image: ImageInput,
  answer: string,
  notes: readonly string[],
): SettledNetwork {
  const batch = model.inputs.find(({ name }) => name === image.name)!.shape![0] as string;
  const asItIs: SettledNetwork = { model, alone: false, notes };
  const single = computed(withBatch(model, image.name, 1));
  const unknown = onlyFor(dequantised(model).seen, answer).nodes.find(
    (node) => operatorOf(node) === null,
  );
  if (unknown)
    return {
      model: single,
      alone: true,
      notes: [
        ...notes,
        `${describeNode(model, unknown)} is an operator that Roadgaze does not know: the network runs on one picture at a time, because it might put those of a batch together.`,
      ],
    };
  const shapes = shapesOf(model, answer);
  // Where shapes do not work out for a free batch they may for one picture; where they do for
  // neither, whoever needs them says so.
  if (!shapes)
    return shapesOf(single, answer)
      ? {
          ...asItIs,
          model: single,
          notes: [
            ...notes,
            `${model.source} works out for one picture at a time only, and so it runs.`,
          ],
        }
      : asItIs;
  const mixing =
    scaledByBatch(model, answer) ??
    mixingNode(onlyFor(dequantised(model).seen, answer), shapes, image.name, answer, batch);
  if (!mixing && (shapes.of(answer)[0] === batch || !shapesOf(single, answer))) return asItIs;
  const where = mixing ? describeNode(model, mixing) : `its output "${answer}"`;
  return {
    model: single,
    alone: true,
    notes: [
      ...notes,
      `${where} puts the pictures of a batch together, so that the answer to one depends on the others: the network runs on one picture at a time.`,
    ],
  };
}

/** What makes whole numbers by the smallest and the largest value of all pictures. */
function scaledByBatch(model: Model, answer: string): Node | null {
  return onlyFor(model, answer).nodes.find(({ op }) => op === 'DynamicQuantizeLinear') ?? null;
}

/** Whether a network of a fixed batch is known to keep its pictures apart. */
function keepsApart(model: Model, image: ImageInput, answer: string): boolean {
  const batch = 'roadgaze/batch';
  const free = withBatch(model, image.name, batch);
  const shapes = shapesOf(free, answer);
  return (
    shapes !== null &&
    shapes.of(answer)[0] === batch &&
    scaledByBatch(free, answer) === null &&
    mixingNode(onlyFor(dequantised(free).seen, answer), shapes, image.name, answer, batch) === null
  );
}

/** The network for another batch: of its picture, and of all that has the same free one. */
export function withBatch(model: Model, picture: string, batch: number | string): Model {
  const before = model.inputs.find(({ name }) => name === picture)!.shape![0]!;
  const first = (info: ValueInfo): ValueInfo =>
    info.shape ? { ...info, shape: [batch, ...info.shape.slice(1)] } : info;
  const changed = (info: ValueInfo) =>
    typeof before === 'string' && info.shape?.[0] === before ? first(info) : info;
  return {
    ...model,
    inputs: model.inputs.map((info) => (info.name === picture ? first(info) : changed(info))),
    outputs: model.outputs.map(changed),
  };
}

/** Of all that the answer depends on; null where they do not work out. */
function shapesOf(model: Model, answer: string): Shapes | null {
  try {
    return inferShapes(onlyFor(dequantised(model).seen, answer));
  } catch (error) {
    if (error instanceof RoadgazeError) return null;
    throw error;
  }
}

function refuseChance(model: Model, answer: string): void {
  const reaching = ancestors(model.nodes, answer);
  const node = model.nodes.find(
    ({ op, domain, outputs }) =>
      domain === '' && drawing.has(op) && outputs.some((output) => reaching.has(output)),
  );
  if (node)
    throw new RoadgazeError(
      'MODEL_OPERATOR_UNSUPPORTED',
      `${describeNode(model, node)} draws random numbers: the network answers the same picture differently each time, and no explanation holds for the next answer.`,
      'Export the network as it drives, without noise (in PyTorch after model.eval()).',
    );
}

function trainingNotes(model: Model, changed: readonly Node[]): string[] {
  const named = (op: string) => changed.filter((node) => node.op === op);
  const list = (nodes: readonly Node[]) =>
    `${describeNode(model, nodes[0]!)}${nodes.length > 1 ? ` (and ${nodes.length - 1} more)` : ''}`;
  const [normalisations, dropouts] = [named('BatchNormalization'), named('Dropout')];
  return [
    ...(normalisations.length > 0
      ? [
          `${list(normalisations)} was exported in training mode: it takes mean and deviation from the pictures that it gets, not from training. Here every picture is taken by itself, and numbers are only as good as that. Export the network again in evaluation mode (in PyTorch after model.eval()).`,
        ]
      : []),
    ...(dropouts.length > 0
      ? [
          `${list(dropouts)} was exported in training mode, where it drops values at random: nothing is dropped here. Export the network again in evaluation mode (in PyTorch after model.eval()).`,
        ]
      : []),
  ];
}
