import { ancestors, dependents, type Model, type Node } from './graph.ts';
import type { Shapes } from './infer-shapes.ts';
import { holds, type Place } from './operators/along-batch.ts';
import { operatorOf } from './operators/operators.ts';

/**
 * The first node on the way from the picture to the answer where what belongs to one picture of a
 * batch meets what belongs to others, or leaves its place in the batch: behind it a picture's
 * answer depends on which others it is computed with. null where there is none. `batch` is the free
 * size of the picture's first axis, which every shape carries along.
 */
export function mixingNode(
  model: Model,
  shapes: Shapes,
  picture: string,
  answer: string,
  batch: string,
): Node | null {
  const fromPicture = dependents(model, [picture]);
  const reaching = ancestors(model.nodes, answer);
  const seen = (value: string) => fromPicture.has(value) && reaching.has(value);
  return (
    model.nodes.find(
      (node) =>
        node.outputs.some(seen) &&
        node.inputs.some(seen) &&
        mixes(node, { shapes, seen, opset: model.opset, batch }),
    ) ?? null
  );
}

function mixes(node: Node, place: Place): boolean {
  const { shapes, seen, batch } = place;
  const axesOf = (value: string) =>
    shapes.of(value).flatMap((dim, axis) => (holds(dim, batch) ? [axis] : []));
  const inputs = node.inputs.map((input) => (seen(input) ? axesOf(input) : []));
  if (inputs.every((axes) => axes.length === 0)) return false;
  if (node.outputs.some((output) => seen(output) && axesOf(output).length !== 1)) return true;
  return operatorOf(node)?.alongBatch(node, inputs, place) ?? false;
}
