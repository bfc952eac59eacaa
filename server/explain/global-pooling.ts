import { RoadgazeError } from '../../shared/errors.ts';
import { dependents, producers, type Node } from '../onnx/graph.ts';
import { backward } from './backward/backward.ts';
import { gradientSeed } from './backward/seed.ts';
import { floatValue } from './backward/values.ts';
import type { ExplanationContext } from './compiled-method.ts';
import { weightedSum, type FeatureMaps } from './layer-features.ts';
import { explainedOperatorOf, gradientComposite } from './operators/explained-operators.ts';
import { nchw } from './visualbackprop/axis-order.ts';

/**
 * CAM (Zhou et al. 2016): Σ_k w_k A_k, for networks that end in global average pooling and one
 * dense layer. Throws METHOD_UNSUITED.
 */
export function classActivation(context: ExplanationContext): { map: string; layer: FeatureMaps } {
  const { builder, model, shapes } = context;
  const made = producers(model);
  const fromImage = dependents(model, [context.image.name]);
  const pooling = pooledBy(context, made, fromImage);
  const features = pooling.inputs[0]!;
  const shape = shapes.of(features);
  const pooledShape = shapes.of(pooling.outputs[0]!);
  // Axes that the pooling took away are those of the plane; a ReduceMean may also drop them.
  const isLast =
    pooling.op === 'ReduceMean' &&
    Number(pooledShape.at(-1)) === Number(shape[3]) &&
    !(Number(pooledShape[1]) === Number(shape[1]));
  const order = isLast ? [0, 3, 1, 2] : nchw;
  const [channels, height, width] = [1, 2, 3].map((axis) => Number(shape[order[axis]!])) as [
    number,
    number,
    number,
  ];
  const pooled = pooling.outputs[0]!;
  const weights = backward(context, {
    method: 'CAM',
    ...gradientSeed(context),
    to: [pooled],
    composite: gradientComposite,
  }).get(pooled)!;
  if (
    pooledShape.slice(1).reduce<number>((product, size) => product * Number(size), 1) !== channels
  )
    throw unsuited(context, `its pooling "${pooled}" does not leave one number per channel`);
  const layer = {
    features: builder.transpose(floatValue(context, features), order),
    channels,
    height,
    width,
  };
  return { map: weightedSum(context, layer, builder.reshape(weights, [0, channels, 1, 1])), layer };
}

/** The global average pooling that nothing but one dense layer separates from the output. */
function pooledBy(
  context: ExplanationContext,
  made: ReadonlyMap<string, Node>,
  fromImage: ReadonlySet<string>,
): Node {
  const { shapes, output } = context;
  let dense = 0;
  for (let value = output.tensor; ;) {
    const node = made.get(value);
    const inputs = node?.inputs.filter((input) => fromImage.has(input)) ?? [];
    if (!node || node.domain !== '' || inputs.length !== 1)
      throw unsuited(context, 'it ends in another head');
    const [input] = inputs as [string];
    const row = explainedOperatorOf(node);
    if (row?.pools === 'mean' && coversPlane(shapes.of(input), shapes.of(value))) {
      if (dense !== 1)
        throw unsuited(context, `${dense === 0 ? 'no' : dense} dense layers follow its pooling`);
      return node;
    }
    if (node.op === 'Gemm' || node.op === 'MatMul' || node.op === 'Conv') dense++;
    else if (!row?.rearranges && !(node.op === 'Add' && shapes.of(input).length <= 2))
      throw unsuited(
        context,
        `${node.op} "${node.name || value}" stands between its pooling and its output`,
      );
    value = input;
  }
}

/** Whether of four axes two of the plane became 1, or went. */
function coversPlane(before: readonly unknown[], after: readonly unknown[]): boolean {
  if (before.length !== 4) return false;
  return (
    after.slice(1).filter((size) => Number(size) !== 1).length <= 1 &&
    before.slice(1).filter((size) => Number(size) !== 1).length > 1
  );
}

function unsuited({ model }: ExplanationContext, why: string): RoadgazeError {
  return new RoadgazeError(
    'METHOD_UNSUITED',
    `CAM exists only for networks that end in global average pooling and one dense layer; of ${model.source}, ${why}.`,
    'Choose gradcam, which works for every convolutional network.',
  );
}
