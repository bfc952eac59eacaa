import { RoadgazeError } from '../../../shared/errors.ts';
import { consumers, describeNode, producers, type Model, type Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { intsAttribute } from '../../onnx/attributes.ts';
import { block, isMerge } from './block.ts';
import { changesSize, isConvolution, isSpatial, spatialStep, type SpatialStep } from './spatial-step.ts';

/** Feature maps that VisualBackProp averages, and how a mask on their grid gets to the grid of the next level. */
export interface Level {
  /** The value that holds the feature maps. */
  readonly features: string;
  /** `order[i]` is the axis of that value that is axis i of N, C, H, W. */
  readonly order: readonly number[];
  /** Steps towards the picture, nearest first, up to the next level's grid, or the picture's. */
  readonly steps: readonly SpatialStep[];
}

const activations = new Set([
  'Relu', 'Elu', 'LeakyRelu', 'PRelu', 'Sigmoid', 'Tanh', 'Clip', 'Selu', 'Softplus', 'Softsign', 'HardSigmoid', 'HardSwish', 'Gelu', 'Mish', 'Celu', 'ThresholdedRelu',
]);

export function isActivation(node: Node): boolean {
  return node.domain === '' && activations.has(node.op);
}

/** Operators that end the convolutional trunk: from here on positions of the image are mixed. */
const mixing = new Set(['Flatten', 'Reshape', 'Gemm', 'MatMul', 'GlobalAveragePool', 'GlobalMaxPool', 'ReduceMean', 'ReduceSum', 'ReduceMax']);

const identityOrder = [0, 1, 2, 3] as const;

/**
 * The levels of the convolutional trunk between the picture and the explained output, deepest first.
 *
 * In a chain every convolution's activation is a level. Where branches meet (residual sums, concatenations, gates) the trunk is
 * followed from where they meet to where they part, and feature maps are averaged only where they enter the next
 * reduction of size. Throws MODEL_NO_CONVOLUTION where the picture meets no convolution.
 */
export function trunk(model: Model, shapes: Shapes, image: string, output: string): Level[] {
  const made = producers(model.nodes);
  const fromImage = dependents(model, image);
  const reaching = ancestors(made, output);
  const deepest = [...model.nodes].reverse().find((node) => isConvolution(node) && node.op === 'Conv' && reaching.has(node.outputs[0]!) && fromImage.has(node.outputs[0]!));
  if (!deepest) {
    throw new RoadgazeError('MODEL_NO_CONVOLUTION', `${model.source} has no convolution between its picture and its output "${output}".`, 'VisualBackProp shows what convolutions keep; explain this network by its gradient instead.');
  }
  const start = deepestFeatures(model, deepest, reaching);
  return new Walk(model, shapes, made, fromImage, image).from(start.value, start.order);
}

/** Values that depend on the picture. */
function dependents(model: Model, image: string): Set<string> {
  const found = new Set([image]);
  for (const node of model.nodes) if (node.inputs.some((input) => found.has(input))) for (const output of node.outputs) found.add(output);
  return found;
}

/** Values that the output depends on. */
function ancestors(made: ReadonlyMap<string, Node>, output: string): Set<string> {
  const found = new Set<string>();
  const waiting = [output];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    waiting.push(...(made.get(value)?.inputs ?? []));
  }
  return found;
}

/** From the deepest convolution on to its activation; to the convolution itself where it has none. */
function deepestFeatures(model: Model, convolution: Node, reaching: ReadonlySet<string>): { value: string; order: readonly number[] } {
  const used = consumers(model.nodes);
  const found = { value: convolution.outputs[0]!, order: identityOrder as readonly number[] };
  let { value, order } = found;
  for (;;) {
    const next = (used.get(value) ?? []).filter((node) => reaching.has(node.outputs[0]!));
    // Behind a fork (a gate such as x·sigmoid(x)) its last reader is the node where the branches have met again.
    const reader = next.at(-1);
    if (!reader || mixing.has(reader.op)) return found;
    if (reader.op === 'Transpose') order = transposed(reader, order);
    value = reader.outputs[0]!;
    if (next.length === 1 && isActivation(reader)) return { value, order };
    if (next.length > 1 && reader.op === 'Mul') return { value, order };
  }
}

/** Axes of N, C, H, W behind a Transpose, from those in front of it. */
function transposed(node: Node, order: readonly number[]): number[] {
  const permutation = intsAttribute(node, 'perm') ?? [3, 2, 1, 0];
  return order.map((axis) => permutation.indexOf(axis));
}

function beforeTranspose(node: Node, order: readonly number[]): number[] {
  const permutation = intsAttribute(node, 'perm') ?? [3, 2, 1, 0];
  return order.map((axis) => permutation[axis]!);
}

/** Feature maps that become a level once it is clear that a convolution made them. */
interface Candidate {
  readonly features: string;
  readonly order: readonly number[];
  readonly stepsBefore: SpatialStep[];
}

class Walk {
  readonly #model: Model;
  readonly #shapes: Shapes;
  readonly #made: ReadonlyMap<string, Node>;
  readonly #fromImage: ReadonlySet<string>;
  readonly #image: string;
  readonly #levels: { features: string; order: readonly number[]; steps: SpatialStep[] }[] = [];
  #steps: SpatialStep[] = [];
  #candidate: Candidate | null = null;

  constructor(model: Model, shapes: Shapes, made: ReadonlyMap<string, Node>, fromImage: ReadonlySet<string>, image: string) {
    this.#model = model;
    this.#shapes = shapes;
    this.#made = made;
    this.#fromImage = fromImage;
    this.#image = image;
  }

  from(features: string, order: readonly number[]): Level[] {
    this.#levels.push({ features, order, steps: [] });
    this.#steps = this.#levels[0]!.steps;
    let value = features;
    let axes = order;
    while (value !== this.#image) {
      const node = this.#made.get(value)!;
      const inputs = node.inputs.filter((input) => this.#fromImage.has(input));
      if (isMerge(node, inputs)) value = this.#throughBlock(node, axes);
      else {
        axes = this.#through(node, value, axes, features);
        value = inputs[0]!;
      }
    }
    this.#dropCandidate();
    return this.#levels;
  }

  /** Goes back through one node of a chain and gives the axes in front of it. */
  #through(node: Node, value: string, order: readonly number[], deepest: string): readonly number[] {
    if (node.op === 'Transpose') return beforeTranspose(node, order);
    if (isSpatial(node)) {
      if (isConvolution(node)) this.#commitCandidate();
      this.#steps.push(spatialStep(this.#model, this.#shapes, node, [order[2]!, order[3]!]));
    } else if (mixing.has(node.op)) {
      throw new RoadgazeError('MODEL_OPERATOR_UNSUPPORTED', `VisualBackProp cannot go back through ${describeNode(this.#model, node)}: it mixes positions of the picture.`, 'Explain this network by its gradient instead.');
    } else if (isActivation(node) && value !== deepest && !this.#candidate && this.#steps.length > 0) {
      this.#propose(value, order);
    }
    return order;
  }

  #throughBlock(node: Node, order: readonly number[]): string {
    const { fork, mainPath } = block(this.#model, this.#shapes, this.#made, this.#fromImage, node);
    const value = node.outputs[0]!;
    const steps = mainPath.filter(isSpatial).map((each) => spatialStep(this.#model, this.#shapes, each, [order[2]!, order[3]!]));
    if (!mainPath.some(isConvolution)) {
      // A gate such as x·sigmoid(x) is an activation in several nodes.
      if (mainPath.some(isActivation) && !this.#candidate && this.#steps.length > 0) this.#propose(value, order);
    } else {
      const entersReduction = [...(this.#candidate?.stepsBefore ?? []), ...this.#steps].some(changesSize);
      if (entersReduction) {
        if (!this.#candidate) this.#propose(value, order);
        this.#commitCandidate();
      } else this.#dropCandidate();
    }
    this.#steps.push(...steps.filter(changesSize));
    return fork;
  }

  #propose(features: string, order: readonly number[]): void {
    this.#candidate = { features, order, stepsBefore: this.#steps };
    this.#steps = [];
  }

  #commitCandidate(): void {
    if (!this.#candidate) return;
    const { features, order } = this.#candidate;
    // Steps in front of the candidate were collected for the level before; those since then belong to the new one.
    this.#levels.push({ features, order, steps: this.#steps });
    this.#candidate = null;
  }

  #dropCandidate(): void {
    if (!this.#candidate) return;
    const { stepsBefore } = this.#candidate;
    stepsBefore.push(...this.#steps);
    this.#steps = stepsBefore;
    this.#candidate = null;
  }
}
