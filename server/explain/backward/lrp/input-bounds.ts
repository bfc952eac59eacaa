import { intsAttribute } from '../../../onnx/attributes.ts';
import { dependents, producers, type Node } from '../../../onnx/graph.ts';
import { DataType } from '../../../onnx/tensor.ts';
import { affineOf } from '../../../onnx/rewrite/affine.ts';
import type { ExplanationContext } from '../../compiled-method.ts';
import { unsupported, type BackwardStep } from '../rule.ts';
import { floatConstant } from '../values.ts';

/** Operators that leave a value what it is, but for rounding. */
const SAME: readonly string[] = ['Cast', 'Identity', 'QuantizeLinear', 'DequantizeLinear'];

/** Operators that take values, or leave them out, and make up none. */
const CHOOSING: readonly string[] = [
  ...['Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Slice', 'Split', 'Gather'],
  ...['SpaceToDepth', 'DepthToSpace', 'Expand', 'Tile'],
];

interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Bounds of what enters the first layer, as constants shaped [1, …] like it: the picture's own
 * range, taken through what lies between the picture and the layer. That may transpose, flatten,
 * pad with zeros, scale and shift, and, where all channels have the same range, take parts and put
 * them together; where it does more, the rule does not exist.
 */
export function inputBounds({
  model,
  shapes,
  image,
  range,
}: ExplanationContext): (step: BackwardStep, value: string) => { low: string; high: string } {
  const made = producers(model);
  const depends = dependents(model, [image.name]);
  return (step, value) => {
    const [, ...sizes] = shapes.of(value).map(Number) as [number, ...number[]];
    const behind = (name: string, axis: number) =>
      shapes
        .of(name)
        .slice(axis + 1)
        .reduce<number>((product, size) => product * Number(size), 1);
    /**
     * Bounds by channel at the value `name`, the axis on which channels lie (null: on no axis of
     * their own), and how many values lie side by side in one.
     */
    const walk = (
      name: string,
    ): { axis: number | null; inner: number; bounds: readonly Interval[] } => {
      if (name === image.name) {
        const bounds = Array.from({ length: image.channels }, (_, channel) => ({
          low: range.low[channel % range.low.length]!,
          high: range.high[channel % range.high.length]!,
        }));
        const axis = image.layout === 'NCHW' ? 1 : 3;
        return { axis, inner: behind(name, axis), bounds };
      }
      const node = made.get(name);
      // Rounding moves a value by half a step at most.
      if (node && SAME.includes(node.op)) return walk(node.inputs[0]!);
      const alike = node && uniformBehind(node);
      if (alike) return { axis: null, inner: 1, bounds: [alike] };
      if (node?.op === 'Flatten' || node?.op === 'Reshape')
        return { ...walk(node.inputs[0]!), axis: null };
      if (node?.op === 'Transpose') {
        const before = walk(node.inputs[0]!);
        const order =
          intsAttribute(node, 'perm') ??
          shapes.of(name).map((_, axis, all) => all.length - 1 - axis);
        const axis = before.axis === null ? differs(step) : order.indexOf(before.axis);
        return { axis, inner: behind(name, axis), bounds: before.bounds };
      }
      if (node?.op === 'Pad') {
        const before = walk(node.inputs[0]!);
        const { axis } = before;
        return {
          axis,
          inner: axis === null ? (uniform(before.bounds) ? 1 : differs(step)) : behind(name, axis),
          bounds: before.bounds.map(({ low, high }) => ({
            low: Math.min(low, 0),
            high: Math.max(high, 0),
          })),
        };
      }
      const affine = node && affineOf(model, shapes, node, [DataType.float, DataType.float16]);
      if (!affine)
        throw unsupported(
          step,
          'more than scaling and shifting lies between the picture and this layer, so that its bounds are not known',
        );
      const before = walk(affine.input);
      if (affine.axis !== null && affine.axis !== before.axis) differs(step);
      return {
        ...before,
        bounds: before.bounds.map(({ low, high }, channel) => {
          const at = (values: readonly number[]) => values[affine.axis === null ? 0 : channel]!;
          const ends = [low, high].map((end) => end * at(affine.scale) + at(affine.shift));
          return { low: Math.min(...ends), high: Math.max(...ends) };
        }),
      };
    };
    /** The only range of all that comes together in the node; null where there are several. */
    const uniformBehind = (node: Node): Interval | null => {
      const inputs =
        node.op === 'Concat'
          ? node.inputs
          : CHOOSING.includes(node.op)
            ? node.inputs.slice(0, 1)
            : [];
      const ranges = inputs.map((input) =>
        depends.has(input) ? uniform(walk(input).bounds) : null,
      );
      const [first] = ranges;
      return first && ranges.every((each) => each?.low === first.low && each.high === first.high)
        ? first
        : null;
    };
    const { inner, bounds } = walk(value);
    const count = sizes.reduce((product, size) => product * size, 1);
    const filled = (end: keyof Interval) =>
      floatConstant(
        step,
        [1, ...sizes],
        Float32Array.from(
          { length: count },
          (_, index) => bounds[Math.floor(index / inner) % bounds.length]![end],
        ),
        'bound',
      );
    return { low: filled('low'), high: filled('high') };
  };
}

function uniform([first, ...others]: readonly Interval[]): Interval | null {
  return first && others.every(({ low, high }) => low === first.low && high === first.high)
    ? first
    : null;
}

function differs(step: BackwardStep): never {
  throw unsupported(
    step,
    'what lies between the picture and this layer differs from place to place, so that its bounds are not known',
  );
}
