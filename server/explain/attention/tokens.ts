import { RoadgazeError } from '../../../shared/errors.ts';
import { intAttribute } from '../../onnx/attributes.ts';
import { ancestors, dependents, type Node } from '../../onnx/graph.ts';
import { tensorNumbers } from '../../onnx/tensor.ts';
import type { ExplanationContext } from '../compiled-method.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';
import type { Attention } from './find-attention.ts';

/** Which token stands for which place of the picture. */
export interface Tokens {
  readonly count: number;
  /** Places of the picture, row by row. */
  readonly height: number;
  readonly width: number;
  /** Tokens of no place, such as the class token, in front of the others. */
  readonly ahead: number;
  /** The token that the answer is made of; null where it is made of all. */
  readonly answer: number | null;
}

/** A class token, a second one for distillation, and a few that only hold what is of no place. */
const MOST_OTHERS = 16;

/**
 * Reads off the network how its tokens lie on the picture. Throws METHOD_UNSUITED where layers of
 * attention do not read all tokens of the one before, as windows do.
 */
export function tokensOf(
  context: ExplanationContext,
  method: string,
  layers: readonly [Attention, ...Attention[]],
): Tokens {
  const { model, shapes, image } = context;
  const batch = shapes.of(image.name)[0];
  const [first] = layers;
  const count = first.shape.at(-1);
  const refused = (why: string) =>
    new RoadgazeError(
      'METHOD_UNSUITED',
      `${method} follows tokens of the picture through all layers of attention, but in ${model.source} ${why}.`,
      'Choose attnlrp, which follows whatever the network computes.',
    );
  for (const { shape } of layers) {
    const [reading, read] = shape.slice(-2);
    if (typeof reading !== 'number' || reading !== read)
      throw refused(`${reading} tokens read ${read} others`);
    if (shape.length > 3 && shape[0] !== batch) throw refused('attention runs within windows');
    if (read !== count) throw refused(`their number changes from ${count} to ${read}`);
  }
  layers.slice(1).forEach(({ shares }, index) => {
    if (!ancestors(model.nodes, shares).has(layers[index]!.node.outputs[0]!))
      throw refused('layers of attention stand side by side');
  });
  const tokens = Number(count);
  const plane = planeOf(context, first, tokens);
  if (!plane) throw refused(`${tokens} tokens are not the places of the picture`);
  return { count: tokens, ...plane, answer: answeringToken(context, layers.at(-1)!, tokens) };
}

function planeOf(
  { model, shapes, image }: ExplanationContext,
  { shares }: Attention,
  tokens: number,
): Pick<Tokens, 'height' | 'width' | 'ahead'> | null {
  const ahead = ancestors(model.nodes, shares);
  const fromImage = dependents(model, [image.name]);
  const fits = (height: number, width: number) => {
    const others = tokens - height * width;
    return others >= 0 && others <= MOST_OTHERS ? { height, width, ahead: others } : null;
  };
  // Where a plane of features is laid out in a row, its places become the tokens.
  for (const node of model.nodes) {
    if (node.op !== 'Reshape' && node.op !== 'Flatten') continue;
    if (!ahead.has(node.outputs[0]!) || !fromImage.has(node.inputs[0]!)) continue;
    const [before, after] = [shapes.of(node.inputs[0]!), shapes.of(node.outputs[0]!)];
    if (before.length !== 4 || after.length !== 3) continue;
    for (const [row, column] of [
      [2, 3],
      [1, 2],
    ] as const) {
      const [height, width] = [Number(before[row]), Number(before[column])];
      if (after.includes(height * width) && before[0] === after[0]) return fits(height, width);
    }
  }
  // Patches cut by rearranging: as many as fit the picture's own shape.
  for (let others = 0; others <= MOST_OTHERS && others < tokens; others++) {
    const places = tokens - others;
    const height = Math.round(Math.sqrt((places * image.height) / image.width));
    const width = places / height;
    if (Number.isInteger(width) && height * image.width === width * image.height)
      return { height, width, ahead: others };
  }
  return null;
}

/** The one place that is picked out of the tokens behind the last attention; null: all of them. */
function answeringToken(
  { model, shapes, output }: ExplanationContext,
  { node }: Attention,
  tokens: number,
): number | null {
  const behind = dependents(model, [node.outputs[0]!]);
  const reaching = ancestors(model.nodes, output.tensor);
  for (const each of model.nodes) {
    const [value = ''] = each.inputs;
    if (!behind.has(value) || !reaching.has(each.outputs[0] ?? '')) continue;
    const shape = shapes.of(value);
    const picked = pickedPlace(each, (name) => {
      const tensor = shapes.constant(name);
      return tensor ? tensorNumbers(tensor) : (shapes.sizes(name)?.map(Number) ?? null);
    });
    const axis = picked && (picked.axis < 0 ? picked.axis + shape.length : picked.axis);
    if (picked && shape[axis!] === tokens)
      return picked.place < 0 ? picked.place + tokens : picked.place;
    const pooled = shapes.known(each.outputs[0]!);
    if (explainedOperatorOf(each)?.pools && shape.includes(tokens) && !pooled?.includes(tokens))
      return null;
  }
  return null;
}

function pickedPlace(
  node: Node,
  numbers: (name: string) => readonly number[] | null,
): { axis: number; place: number } | null {
  if (node.op === 'Gather') {
    const places = numbers(node.inputs[1]!);
    return places?.length === 1 ? { axis: intAttribute(node, 'axis', 0), place: places[0]! } : null;
  }
  if (node.op !== 'Slice' || node.inputs.length < 4) return null;
  const [starts, ends, axes] = node.inputs.slice(1, 4).map(numbers);
  return starts?.length === 1 && ends?.length === 1 && ends[0]! - starts[0]! === 1 && axes
    ? { axis: axes[0]!, place: starts[0]! }
    : null;
}
