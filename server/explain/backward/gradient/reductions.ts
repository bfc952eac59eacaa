import type { Shape } from '../../../onnx/graph.ts';
import { DataType } from '../../../onnx/tensor.ts';
import { inShape, reducedAxes, sizeAt, spreadOver } from '../axes.ts';
import type { BackwardRule, BackwardStep } from '../rule.ts';
import { floatValue } from '../values.ts';
import { isBest } from './comparison.ts';

/** The reduction's axes, and the shape of its result with those axes kept as 1. */
function reduction(step: BackwardStep): { axes: readonly number[]; kept: Shape } {
  const axes = reducedAxes(step);
  return {
    axes,
    kept: step.shapes.of(step.node.inputs[0]!).map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
  };
}

function withAxesKept(step: BackwardStep, value: string, kept: Shape): string {
  return step.shapes.of(step.node.outputs[0]!).length === kept.length
    ? value
    : inShape(step, value, kept);
}

/** Every value gets the signal of the sum; of the mean ÷ the number of values in it. */
export const shared =
  (isMean: boolean): BackwardRule =>
  (step) => {
    const { builder, shapes, node } = step;
    const x = node.inputs[0]!;
    const { axes, kept } = reduction(step);
    const count = isMean
      ? axes.reduce((product, axis) => product * sizeAt(step, shapes.of(x), axis), 1)
      : 1;
    const signal = count === 1 ? step.arriving(0)! : builder.scale(step.arriving(0)!, 1 / count);
    return [spreadOver(step, withAxesKept(step, signal, kept), kept, x)];
  };

/**
 * The signal goes to the largest (smallest) value; equal ones share it evenly, as torch.amax has
 * it.
 */
export const extreme =
  (operator: 'ReduceMax' | 'ReduceMin', beaten: 'Less' | 'Greater'): BackwardRule =>
  (step) => {
    const { builder, node, shapes } = step;
    const { axes, kept } = reduction(step);
    if (axes.length === 0) return [step.arriving(0)];
    const x = floatValue(step, node.inputs[0]!);
    // As with Max, in single precision.
    const best =
      shapes.type(node.outputs[0]!) === DataType.float
        ? withAxesKept(step, node.outputs[0]!, kept)
        : builder.reduce(operator, x, axes);
    const isChosen = isBest(step, x, best, beaten);
    const share = builder.node('Div', [
      withAxesKept(step, step.arriving(0)!, kept),
      builder.reduce('ReduceSum', isChosen, axes),
    ]);
    return [builder.node('Mul', [isChosen, share])];
  };
