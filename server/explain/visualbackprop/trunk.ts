import { RoadgazeError } from '../../../shared/errors.ts';
import {
  ancestors,
  dependents,
  describeNode,
  producers,
  type Model,
  type Node,
} from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { framesInBatch, type FramesInBatch } from '../frames-in-batch.ts';
import { isActivation, isWrittenOut } from './activation.ts';
import { bendAt } from './bend.ts';
import { beforeTranspose, nchw, type AxisOrder } from './axis-order.ts';
import { block, isMerge, stepsThrough } from './block.ts';
import { deepestFeatures, mixesPositions } from './deepest-features.ts';
import type { TrunkGraph } from './trunk-graph.ts';
import { regroupingAt } from './regrouping.ts';
import { changesSize, type SpatialStep } from './spatial-step.ts';
import { isConvolution, isSpatial, spatialStep } from './steps.ts';

/**
 * Feature maps that VisualBackProp averages, and how a mask on their grid gets to the grid of the
 * next level.
 */
export interface Level {
  /** The value that holds the feature maps. */
  readonly features: string;
  readonly order: AxisOrder;
  /** Steps towards the picture, nearest first, up to the next level's grid, or the picture's. */
  readonly steps: readonly SpatialStep[];
}

/**
 * The levels of the convolutional trunk between the picture and the explained output, deepest
 * first.
 *
 * In a chain every convolution's activation is a level; a convolution without one is only gone back
 * through. Where branches meet (residual sums, concatenations, gates) the trunk is followed from
 * where they meet to where they part, through nothing but what changes the size on the branch with
 * most convolutions, and feature maps are averaged only where they enter the next reduction of
 * size. Throws MODEL_NO_CONVOLUTION where the picture meets no convolution, METHOD_UNSUITED,
 * MODEL_OPERATOR_UNSUPPORTED.
 */
export function trunk(model: Model, shapes: Shapes, image: string, output: string): Trunk {
  const made = producers(model);
  const graph: TrunkGraph = {
    model,
    shapes,
    made,
    fromImage: dependents(model, [image]),
    reaching: ancestors(model.nodes, output),
  };
  const start = deepestFeatures(graph, 'VisualBackProp');
  if (!start) {
    throw new RoadgazeError(
      'MODEL_NO_CONVOLUTION',
      `${model.source} has no convolution between its picture and its output "${output}".`,
      'VisualBackProp shows what convolutions keep; give a network that has some.',
    );
  }
  return new Walk(graph, image).from(start.features, start.order);
}

/** `frames`: each picture of its batch is a frame of a sequence; null: it is a whole picture. */
export interface Trunk {
  readonly levels: readonly Level[];
  readonly frames: FramesInBatch | null;
}

/** Feature maps that become a level once it is clear that a convolution made them. */
interface Candidate {
  readonly features: string;
  readonly order: AxisOrder;
  readonly stepsBefore: SpatialStep[];
}

class Walk {
  readonly #graph: TrunkGraph;
  readonly #image: string;
  readonly #levels: { features: string; order: AxisOrder; steps: SpatialStep[] }[] = [];
  #steps: SpatialStep[] = [];
  #candidate: Candidate | null = null;

  constructor(graph: TrunkGraph, image: string) {
    this.#graph = graph;
    this.#image = image;
  }

  from(features: string, order: AxisOrder): Trunk {
    this.#levels.push({ features, order, steps: this.#steps });
    let value = features;
    let axes = order;
    let frames: FramesInBatch | null = null;
    while (value !== this.#image) {
      const { model, shapes, made } = this.#graph;
      if (made.get(value)?.op === 'Reshape')
        frames = framesInBatch(model, shapes, this.#image, value);
      if (frames) break;
      const bend = bendAt(this.#graph, value, axes);
      if (bend) {
        this.#propose(value, axes);
        value = bend.root;
        continue;
      }
      const regrouping = axes.join() === nchw.join() ? regroupingAt(this.#graph, value) : null;
      if (regrouping) {
        if (regrouping.step) this.#steps.push(regrouping.step);
        value = regrouping.root;
        continue;
      }
      const node = this.#graph.made.get(value)!;
      const inputs = node.inputs.filter((input) => this.#graph.fromImage.has(input));
      if (isMerge(node, inputs)) ({ value, order: axes } = this.#throughBlock(node, axes));
      else {
        axes = this.#through(node, value, axes);
        value = inputs[0]!;
      }
    }
    this.#dropCandidate();
    return { levels: this.#levels, frames };
  }

  /** Goes back through one node of a chain and gives the axes in front of it. */
  #through(node: Node, value: string, order: AxisOrder): AxisOrder {
    const { model, shapes } = this.#graph;
    if (node.op === 'Transpose') return beforeTranspose(node, order);
    if (isSpatial(node)) {
      if (isConvolution(node)) this.#commitCandidate();
      this.#steps.push(spatialStep(model, shapes, node, [order[2]!, order[3]!]));
      return order;
    }
    const before = shapes.of(node.inputs.find((input) => this.#graph.fromImage.has(input))!);
    const keepsPlane =
      before.length === 4 &&
      [2, 3].every((axis) => before[order[axis]!] === shapes.of(value)[order[axis]!]);
    if (mixesPositions(node) || !keepsPlane) {
      throw new RoadgazeError(
        'MODEL_OPERATOR_UNSUPPORTED',
        `VisualBackProp cannot go back through ${describeNode(model, node)}: it mixes positions of the picture.`,
        'VisualBackProp follows convolutions, poolings and activations; check that the sidecar names the right output.',
      );
    }
    if (isActivation(node)) this.#propose(value, order);
    return order;
  }

  #throughBlock(merge: Node, order: AxisOrder): { value: string; order: AxisOrder } {
    const { model, shapes, made, fromImage } = this.#graph;
    const branches = block(model, shapes, made, fromImage, merge);
    const through = stepsThrough(this.#graph, merge, branches, order);
    const value = merge.outputs[0]!;
    if (!branches.mainPath.some(isConvolution)) {
      if (isWrittenOut(merge, branches.mainPath)) this.#propose(value, order);
    } else {
      const entersReduction = [...(this.#candidate?.stepsBefore ?? []), ...this.#steps].some(
        changesSize,
      );
      if (entersReduction) {
        this.#propose(value, order);
        this.#commitCandidate();
      } else this.#dropCandidate();
    }
    this.#steps.push(...through.steps);
    return { value: branches.fork, order: through.order };
  }

  /**
   * Of several values between two convolutions the last one counts; one that no step separates from
   * the level behind it is that level.
   */
  #propose(features: string, order: AxisOrder): void {
    if (this.#candidate || this.#steps.length === 0) return;
    this.#candidate = { features, order, stepsBefore: this.#steps };
    this.#steps = [];
  }

  #commitCandidate(): void {
    if (!this.#candidate) return;
    const { features, order } = this.#candidate;
    // Steps in front of the candidate were collected for the level before; those since then belong
    // to the new one.
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
