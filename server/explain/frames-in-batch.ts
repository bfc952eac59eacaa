import type { GraphBuilder } from '../onnx/builder.ts';
import { intsAttribute } from '../onnx/attributes.ts';
import { dependents, producers, type Model, type Node } from '../onnx/graph.ts';
import type { Shapes } from '../onnx/infer-shapes.ts';

/** Frames of a sequence that lie in the batch, so that each is seen as a picture of its own. */
export interface FramesInBatch {
  readonly frames: number;
  /** The batch holds the first frames of all sequences, then the second ones. */
  readonly isFrameFirst: boolean;
}

/** An axis of the picture [N, frames × channels, H, W] that reshaping never cuts. */
type Axis = 'N' | 'T' | 'C' | 'H' | 'W';

/** Operators that keep all values in their order. */
const layout: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);
/** … and those that do something to each of them. */
const elementwise: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Neg',
  'Clip',
]);

/**
 * Whether a value [frames × N, …] is the picture with its frames moved into the batch, by nothing but
 * layout and what is done to each element. null where it is not.
 */
export function framesInBatch(
  model: Model,
  shapes: Shapes,
  image: string,
  value: string,
): FramesInBatch | null {
  const made = producers(model);
  const fromImage = dependents(model, [image]);
  const nodes: Node[] = [];
  for (let at = value; at !== image;) {
    const node = made.get(at);
    const before = node?.inputs.filter((input) => input === image || fromImage.has(input)) ?? [];
    if (!node || before.length !== 1 || !isPlain(node, before[0]!, shapes)) return null;
    nodes.push(node);
    at = before[0]!;
  }
  const [, planes, height, width] = shapes.of(image).map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const shape = shapes.of(value);
  for (const channels of shape.slice(1).map(Number)) {
    if (planes % channels !== 0 || planes === channels) continue;
    const sizes = { T: planes / channels, C: channels, H: height, W: width };
    const start: Axis[][] = [['N'], ['T', 'C'], ['H'], ['W']];
    const [batch, ...rest] =
      nodes.reduceRight<Axis[][] | null>(
        (axes, node) => axes && moved(axes, node, shapes, sizes),
        start,
      ) ?? [];
    if (batch?.length !== 2 || !batch.includes('N') || !batch.includes('T')) continue;
    if (
      rest
        .map((axis) => axis.join(''))
        .sort()
        .join() !== 'C,H,W'
    )
      continue;
    return { frames: sizes.T, isFrameFirst: batch[0] === 'T' };
  }
  return null;
}

/** The same of the first value that is so; `model`: as far as its answer depends on it. */
export function sequenceIn(model: Model, shapes: Shapes, image: string): FramesInBatch | null {
  for (const { op, outputs } of model.nodes) {
    const found = op === 'Reshape' ? framesInBatch(model, shapes, image, outputs[0]!) : null;
    if (found) return found;
  }
  return null;
}

function isPlain({ op, domain, outputs }: Node, before: string, shapes: Shapes): boolean {
  if (domain !== '') return false;
  if (layout.has(op) || op === 'Transpose') return true;
  return elementwise.has(op) && shapes.known(before)?.join() === shapes.known(outputs[0]!)?.join();
}

function moved(
  axes: readonly Axis[][],
  node: Node,
  shapes: Shapes,
  sizes: Readonly<Record<Exclude<Axis, 'N'>, number>>,
): Axis[][] | null {
  if (elementwise.has(node.op)) return [...axes];
  if (node.op === 'Transpose') {
    const order = intsAttribute(node, 'perm') ?? axes.map((_, at) => axes.length - 1 - at);
    return order.map((at) => axes[at]!);
  }
  const shape = shapes.known(node.outputs[0]!);
  if (!shape) return null;
  // From the end; what is left goes to the first axis, whose size is not known.
  const left = axes.flat();
  const found: Axis[][] = [];
  for (const size of shape.slice(1).reverse()) {
    const taken: Axis[] = [];
    let product = 1;
    // An axis of one element has its place all the same.
    const last = left.at(-1);
    if (size === 1 && last && last !== 'N' && sizes[last] === 1) taken.push(left.pop()!);
    while (product < Number(size) && left.length > 0) {
      const axis = left.pop()!;
      if (axis === 'N') return null;
      taken.unshift(axis);
      product *= sizes[axis];
    }
    if (product !== Number(size)) return null;
    found.unshift(taken);
  }
  return [left, ...found];
}

/** [N, frames, …] of [frames × N, 1, …]. */
export function framesApart(
  builder: GraphBuilder,
  value: string,
  { frames, isFrameFirst }: FramesInBatch,
  [height, width]: readonly [number, number],
): string {
  if (!isFrameFirst) return builder.reshape(value, [-1, frames, height, width]);
  return builder.transpose(builder.reshape(value, [frames, -1, height, width]), [1, 0, 2, 3]);
}
