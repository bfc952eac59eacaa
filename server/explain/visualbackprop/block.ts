import { RoadgazeError } from '../../../shared/errors.ts';
import { describeNode, type Model, type Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { beforeTranspose, nchw, type AxisOrder } from './axis-order.ts';
import { regroupingAt } from './regrouping.ts';
import type { TrunkGraph } from './trunk-graph.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';
import { resamples, type SpatialStep } from './spatial-step.ts';
import { isConvolution, isSpatial, spatialStep } from './steps.ts';

/** Whether several values that depend on the picture meet in the node. */
export function isMerge(node: Node, inputsFromImage: readonly string[]): boolean {
  return explainedOperatorOf(node)?.merges === true && new Set(inputsFromImage).size > 1;
}

export interface Block {
  /** The value where the branches part. */
  readonly fork: string;
  /**
   * Nodes of the branch with most convolutions that keeps the full image plane, from the merge back
   * to the fork; the merge itself is left out.
   */
  readonly mainPath: readonly Node[];
}

/**
 * The branches that end in `merge`: goes back from the latest value of all branches until one is
 * left.
 */
export function block(
  model: Model,
  shapes: Shapes,
  made: ReadonlyMap<string, Node>,
  fromImage: ReadonlySet<string>,
  merge: Node,
): Block {
  const position = new Map(model.nodes.map((node, index) => [node, index]));
  const at = (value: string) => {
    const node = made.get(value);
    return node ? position.get(node)! : -1;
  };
  const latest = (values: ReadonlySet<string>) =>
    [...values].reduce((a, b) => (at(b) > at(a) ? b : a));
  const inputsOf = (node: Node) => node.inputs.filter((input) => fromImage.has(input));

  const frontier = new Set(inputsOf(merge));
  const inside = new Set<Node>();
  while (frontier.size > 1) {
    const value = latest(frontier);
    const node = made.get(value)!;
    frontier.delete(value);
    inside.add(node);
    for (const input of inputsOf(node)) frontier.add(input);
  }
  const inOrder = [...inside].sort((a, b) => position.get(a)! - position.get(b)!);
  return { fork: [...frontier][0]!, mainPath: longestPath(shapes, made, inputsOf, merge, inOrder) };
}

function longestPath(
  shapes: Shapes,
  made: ReadonlyMap<string, Node>,
  inputsOf: (node: Node) => string[],
  merge: Node,
  inside: readonly Node[],
): Node[] {
  const plane = (value: string) =>
    shapes
      .of(value)
      .reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  const weights = new Map<Node, number>();
  const before = new Map<Node, Node>();
  for (const node of [...inside, merge]) {
    // A gate computed from a pooled picture is broadcast: it is not where the picture goes through.
    const inputs = inputsOf(node);
    const largest = Math.max(...inputs.map(plane));
    const through =
      node.op === 'Concat' ? inputs : inputs.filter((input) => plane(input) === largest);
    let heaviest = 0;
    for (const input of through) {
      const candidate = made.get(input);
      const weight = (candidate && weights.get(candidate)) ?? 0;
      if (weight <= heaviest) continue;
      heaviest = weight;
      before.set(node, candidate!);
    }
    weights.set(node, heaviest + (isConvolution(node) ? 1000 : 1));
  }
  const path: Node[] = [];
  for (let node = before.get(merge); node; node = before.get(node)) path.push(node);
  return path;
}

/**
 * The steps of a block's main path that change the size of the plane, nearest first, and the order
 * of axes in front of the block. Windows that keep the size stay out: where branches meet, the
 * trunk is what goes around them. Throws MODEL_OPERATOR_UNSUPPORTED where the sizes cannot be
 * followed.
 */
export function stepsThrough(
  graph: TrunkGraph,
  merge: Node,
  { fork, mainPath }: Block,
  order: AxisOrder,
): { steps: SpatialStep[]; order: AxisOrder } {
  const { model, shapes } = graph;
  const size = (value: string, axes: AxisOrder) =>
    [2, 3].map((axis) => shapes.of(value)[axes[axis]!]).join('×');
  const steps: SpatialStep[] = [];
  let axes = order;
  let expected = size(merge.outputs[0]!, order);
  /** The value in front of a regrouping that is being gone back through. */
  let root: string | null = null;
  for (const node of mainPath) {
    if (root !== null) {
      if (!node.outputs.includes(root)) continue;
      root = null;
    }
    const regrouping = axes.join() === nchw.join() ? regroupingAt(graph, node.outputs[0]!) : null;
    if (regrouping) {
      if (regrouping.step) {
        if (regrouping.step.to.join('×') !== expected) break;
        expected = regrouping.step.from.join('×');
        steps.push(regrouping.step);
      }
      ({ root } = regrouping);
      continue;
    }
    if (shapes.of(node.inputs[0]!).length !== 4) break;
    if (node.op === 'Transpose') axes = beforeTranspose(node, axes);
    if (!isSpatial(node)) continue;
    const step = spatialStep(model, shapes, node, [axes[2]!, axes[3]!]);
    if (step.to.join('×') !== expected) break;
    expected = step.from.join('×');
    if (resamples(step)) steps.push(step);
  }
  if (size(fork, axes) === expected) return { steps, order: axes };
  // Attention and the like take the picture apart and put it together again beside a trunk that
  // keeps its size.
  if (size(fork, order) === size(merge.outputs[0]!, order)) return { steps: [], order };
  throw new RoadgazeError(
    'MODEL_OPERATOR_UNSUPPORTED',
    `VisualBackProp cannot go back through the branches that meet in ${describeNode(model, merge)}.`,
    'VisualBackProp follows convolutions, poolings and activations; check that the sidecar names the right output.',
  );
}
