import { RoadgazeError } from '../../../shared/errors.ts';
import { ancestors, dependents, producers, type Node, type Shape } from '../../onnx/graph.ts';
import type { ExplanationContext } from '../compiled-method.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';

/** One layer of attention: with what share each token reads each other one. */
export interface Attention {
  /** The shares, [pictures and heads, tokens that read, tokens that are read]. */
  readonly shares: string;
  readonly shape: Shape;
  /** The product of the shares with what is read. */
  readonly node: Node;
}

/**
 * The layers of attention between the picture and the answer, in their order: a softmax of scores
 * that depend on the picture, multiplied with values that do, too.
 */
export function attentionLayers({ model, shapes, image, output }: ExplanationContext): Attention[] {
  const fromImage = dependents(model, [image.name]);
  const reaching = ancestors(model.nodes, output.tensor);
  const made = producers(model);
  /** What the shares come out of, through what only lays them out anew. */
  const softmaxAt = (value: string): Node | null => {
    for (let at = value; ;) {
      const node = made.get(at);
      if (node?.op === 'Softmax' && node.domain === '') return node;
      if (!node || !explainedOperatorOf(node)?.rearranges) return null;
      at = node.inputs[0]!;
    }
  };
  return model.nodes.flatMap((node): Attention[] => {
    if (node.domain !== '' || !['MatMul', 'Einsum'].includes(node.op)) return [];
    const [shares = '', read = ''] = node.inputs;
    if (!reaching.has(node.outputs[0]!) || !fromImage.has(shares) || !fromImage.has(read))
      return [];
    const softmax = softmaxAt(shares);
    const value = softmax?.outputs[0];
    return value ? [{ shares: value, shape: shapes.of(value), node }] : [];
  });
}

/** Throws METHOD_UNSUITED where there is none. */
export function requiredAttention(
  context: ExplanationContext,
  method: string,
  instead: string,
): readonly [Attention, ...Attention[]] {
  const [first, ...others] = attentionLayers(context);
  if (first) return [first, ...others];
  throw new RoadgazeError(
    'METHOD_UNSUITED',
    `${method} is made for transformers, and there is no attention between the picture of ${context.model.source} and its answer.`,
    instead,
  );
}
