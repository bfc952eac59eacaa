import { consumers, type Model, type Node } from '../onnx/graph.ts';
import { inferWhatIsKnown } from '../onnx/infer-shapes.ts';
import { affineOf } from '../onnx/rewrite/affine.ts';
import { foldAffine } from '../onnx/rewrite/fold-affine.ts';
import { tidy } from '../onnx/rewrite/tidy.ts';

/**
 * Folds the network as `foldAffine` does, but leaves what scales and shifts the picture by
 * constants in front of the first layer as it is. Relevance is shared out in proportion to what
 * enters a layer, so that it matters whether that is a byte or a number around 0.
 */
export function foldBehindScaling(model: Model, image: string): Model {
  const plain = tidy(model);
  const scaled = scaledPicture(plain, image);
  if (!scaled) return foldAffine(model);
  const shapes = inferWhatIsKnown(plain);
  const inputs = [
    ...plain.inputs.filter((input) => input.name !== image),
    { name: scaled.value, type: shapes.type(scaled.value), shape: shapes.of(scaled.value) },
  ];
  const behind = foldAffine({
    ...plain,
    inputs,
    nodes: plain.nodes.filter((node) => !scaled.nodes.includes(node)),
  });
  return {
    ...behind,
    inputs: plain.inputs,
    nodes: [...scaled.nodes, ...behind.nodes],
    initializers: new Map([...plain.initializers, ...behind.initializers]),
  };
}

/**
 * The chain of nodes that does nothing but scale, shift, cast or turn the picture, up to its last
 * scaling; null where there is none.
 */
function scaledPicture(
  model: Model,
  image: string,
): { value: string; nodes: readonly Node[] } | null {
  const shapes = inferWhatIsKnown(model);
  const read = consumers(model);
  const outputs = new Set(model.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  let found: { value: string; nodes: readonly Node[] } | null = null;
  for (let value = image; ;) {
    const [reader, ...others] = read.get(value) ?? [];
    if (!reader || others.length > 0 || reader.domain !== '' || outputs.has(value)) return found;
    const scales = reader.op !== 'BatchNormalization' && affineOf(model, shapes, reader) !== null;
    if (!scales && reader.op !== 'Cast' && reader.op !== 'Transpose') return found;
    nodes.push(reader);
    value = reader.outputs[0]!;
    if (scales) found = { value, nodes: [...nodes] };
  }
}
