import { METHODS } from '../../../shared/methods.ts';
import { floatTensor } from '../../onnx/tensor.ts';
import { asMap, upscaleOption } from '../activation-map.ts';
import { floatValue } from '../backward/values.ts';
import { slice } from '../backward/gradient/layout.ts';
import type { CompiledMethod, ExplanationContext } from '../compiled-method.ts';
import { requiredAttention, type Attention } from './find-attention.ts';
import { tokensOf, type Tokens } from './tokens.ts';

const ID = 'attention-rollout';
const { name: NAME } = METHODS.find(({ id }) => id === ID)!;

/**
 * Attention rollout (Abnar & Zuidema 2020): Ã = ½·A + ½·I with A the mean over heads, the residual
 * connection being the other half; the row of the answering token out of Ã_L ··· Ã_1. Where the
 * answer is made of all tokens, the mean of all rows.
 */
function rolledOut(
  context: ExplanationContext,
  layers: readonly Attention[],
  tokens: Tokens,
): string {
  const { builder } = context;
  const { count, answer, height, width, ahead } = tokens;
  let row = builder.constant(
    floatTensor(
      [1, 1, count],
      Array.from({ length: count }, (_, at) =>
        answer === null ? 1 / count : at === answer ? 1 : 0,
      ),
    ),
    'row',
  );
  for (const layer of [...layers].reverse()) {
    const passed = builder.node('MatMul', [row, meanOfHeads(context, layer, count)]);
    row = builder.scale(builder.node('Add', [row, passed]), 0.5);
  }
  return builder.reshape(slice(context, row, 2, ahead, ahead + height * width), [
    -1,
    1,
    height,
    width,
  ]);
}

/** [N, tokens, tokens]. */
function meanOfHeads(
  context: ExplanationContext,
  { shares, shape }: Attention,
  tokens: number,
): string {
  const { builder, image } = context;
  const heads = shape
    .slice(0, -2)
    .flatMap((dim) => (typeof dim === 'number' ? [dim] : dim.split('*').map(Number)))
    .filter((dim) => !Number.isNaN(dim))
    .reduce((all, dim) => all * dim, 1);
  const perPicture = typeof image.batch === 'number' ? heads / image.batch : heads;
  const together = builder.reshape(floatValue(context, shares), [-1, perPicture, tokens * tokens]);
  return builder.reshape(builder.reduce('ReduceMean', together, [1]), [-1, tokens, tokens]);
}

export const attentionRollout: CompiledMethod = {
  id: ID,
  options: [upscaleOption],
  append(context, { upscale }) {
    const layers = requiredAttention(
      context,
      NAME,
      'Choose visualbackprop, which shows what a trunk of convolutions keeps.',
    );
    const tokens = tokensOf(context, NAME, layers);
    return asMap(context, rolledOut(context, layers, tokens), tokens, upscale);
  },
};
