import { RoadgazeError } from '../../../shared/errors.ts';
import { consumers, dependents, describeNode, type Node } from '../../onnx/graph.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';
import { isActivation, isWrittenOut } from './activation.ts';
import { bendAt } from './bend.ts';
import { behindTranspose, nchw, type AxisOrder } from './axis-order.ts';
import { block, isMerge } from './block.ts';
import { regroupedBehind } from './regrouping.ts';
import { isConvolution } from './steps.ts';
import type { TrunkGraph } from './trunk-graph.ts';

export interface Features {
  readonly features: string;
  readonly order: AxisOrder;
}

/** Whether the node ends the convolutional trunk: from here on positions are mixed. */
export function mixesPositions(node: Node): boolean {
  return explainedOperatorOf(node)?.mixesPositions === true;
}

/**
 * Where the trunk ends: the activation of the deepest convolution that has one, or the value where
 * its branch meets others. Convolutions over what a global pooling left (those of a dense head or
 * of a gate) are no part of the trunk. A network without activations gives its deepest convolution
 * itself; one without convolutions null. Throws METHOD_UNSUITED, in the name of `method`, where one
 * convolution that nothing bends is all there is: that of a transformer only cuts the picture into
 * patches.
 */
export function deepestFeatures(graph: TrunkGraph, method: string): Features | null {
  const { model } = graph;
  const convolutions = trunkConvolutions(graph).reverse();
  const used = consumers(model);
  const [deepest, ...others] = convolutions;
  // Where a single convolution only cuts patches for attention, what is bent is bent behind that.
  const attended = others.length === 0 ? behindAttention(graph) : new Set<string>();
  for (const convolution of convolutions) {
    const features = featuresOf(graph, used, convolution);
    if (features && !attended.has(features.features)) return features;
  }
  if (deepest && others.length === 0) {
    throw new RoadgazeError(
      'METHOD_UNSUITED',
      `${method} shows what a trunk of convolutions keeps, but all there is of one is ${describeNode(model, deepest)}, with no activation behind it; what the network looks at is decided elsewhere, as in a transformer.`,
      'Choose a method that follows the whole network: attention-rollout, attnlrp, saliency or, for one picture, occlusion.',
    );
  }
  if (!deepest) refuseUnknown(graph);
  return deepest ? { features: deepest.outputs[0]!, order: nchw } : null;
}

/**
 * The activation of the trunk's convolution number `number`, counted from the picture and from 1, or
 * what the convolution itself gives where nothing bends it. Throws METHOD_OPTION_INVALID where there
 * are fewer.
 */
export function featuresOfLayer(graph: TrunkGraph, number: number, method: string): Features {
  const convolutions = trunkConvolutions(graph);
  const convolution = convolutions[number - 1];
  if (!convolution)
    throw new RoadgazeError(
      'METHOD_OPTION_INVALID',
      `${method} has no layer ${number} in ${graph.model.source}, which has ${convolutions.length} convolutions on the way of its picture.`,
      'Choose a smaller number, or 0 for the deepest features.',
    );
  return (
    featuresOf(graph, consumers(graph.model), convolution) ?? {
      features: convolution.outputs[0]!,
      order: nchw,
    }
  );
}

/** In the order of the graph. */
function trunkConvolutions(graph: TrunkGraph): Node[] {
  const { model, fromImage, reaching } = graph;
  return model.nodes.filter(
    (node) =>
      node.domain === '' &&
      node.op === 'Conv' &&
      fromImage.has(node.inputs[0]!) &&
      reaching.has(node.outputs[0]!) &&
      !isPooledGlobally(graph, node.inputs[0]!),
  );
}

/** What comes of attention, where one value of the picture weighs another, position by position. */
function behindAttention({ model, fromImage, reaching }: TrunkGraph): ReadonlySet<string> {
  const attention = model.nodes.filter(
    ({ op, inputs, outputs }) =>
      ['MatMul', 'Einsum', 'Attention'].includes(op) &&
      reaching.has(outputs[0]!) &&
      inputs.filter((input) => fromImage.has(input)).length > 1,
  );
  return dependents(
    model,
    attention.map(({ outputs }) => outputs[0]!),
  );
}

/** Where an operator is not known, it is not known either whether there is a convolution. */
function refuseUnknown({ model, shapes, fromImage, reaching }: TrunkGraph): void {
  for (const { outputs } of model.nodes)
    for (const output of outputs)
      if (fromImage.has(output) && reaching.has(output)) shapes.of(output);
}

/** Whether the value is a single pixel because of a global pooling. */
function isPooledGlobally({ shapes, made, fromImage }: TrunkGraph, value: string): boolean {
  for (let at: string | undefined = value; at !== undefined;) {
    const node: Node | undefined = made.get(at);
    if (
      !node ||
      shapes
        .of(at)
        .slice(1)
        .filter((size) => size !== 1).length > 1
    )
      return false;
    const row = explainedOperatorOf(node);
    if (row?.mixesPositions && row.pools) return true;
    at = node.inputs.find((input) => fromImage.has(input));
  }
  return false;
}

/**
 * Follows a convolution's output to its activation, and on to the last place where it meets other
 * branches of the trunk.
 */
function featuresOf(
  graph: TrunkGraph,
  used: ReadonlyMap<string, readonly Node[]>,
  convolution: Node,
): Features | null {
  const { model, shapes, made, fromImage, reaching } = graph;
  const readersOf = (value: string) =>
    (used.get(value) ?? []).filter((node) =>
      node.outputs.some((output) => fromImage.has(output) && reaching.has(output)),
    );
  let [value, order] = [convolution.outputs[0]!, nchw];
  let found: Features | null = null;
  let merged = false;
  for (;;) {
    // A value with several readers is a fork; its last reader leads to where the branches have met
    // again.
    const reader = readersOf(value).at(-1);
    const regrouped =
      reader && order.join() === nchw.join()
        ? regroupedBehind(graph, readersOf, value, reader)
        : null;
    if (regrouped !== null) {
      value = regrouped;
      continue;
    }
    if (
      !reader ||
      mixesPositions(reader) ||
      (reader.op === 'Conv' && reader.domain === '') ||
      shapes.known(reader.outputs[0]!)?.length !== 4
    )
      return found;
    value = reader.outputs[0]!;
    if (reader.op === 'Transpose') order = behindTranspose(reader, order);
    const bend = bendAt(graph, value, order);
    if (bend) {
      // One that bends what another gave, or holds it, is the same activation.
      if (merged || !found || bend.root === found.features || bend.inside.has(found.features)) {
        found = { features: value, order };
        merged = false;
      }
      continue;
    }
    const inputs = reader.inputs.filter((input) => fromImage.has(input));
    if (isMerge(reader, inputs)) {
      const { mainPath } = block(model, shapes, made, fromImage, reader);
      if (mainPath.some(isConvolution)) {
        found = { features: value, order };
        merged = true;
      } else if (isWrittenOut(reader, mainPath)) found ??= { features: value, order };
    } else if (isActivation(reader) && (merged || !found)) {
      found = { features: value, order };
      merged = false;
    }
  }
}
