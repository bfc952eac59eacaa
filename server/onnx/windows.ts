import { intAttribute, intsAttribute, stringAttribute } from './attributes.ts';
import type { Node } from './graph.ts';

/** The sliding window of a convolution or pooling over two spatial axes (height, width). */
export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Padding in pixels: top, left, bottom, right, with auto_pad resolved. */
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
}

type Pair = readonly [number, number];

function pair(values: number[] | null, fallback: number): Pair {
  return [values?.[0] ?? fallback, values?.[1] ?? fallback];
}

/** Extent of a dilated kernel in pixels. */
export function extent(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/**
 * The window of a Conv, MaxPool or AveragePool over an image of height × width. `kernel` overrides the attribute
 * (convolutions may leave it out, their weights tell). Null where the node is not two-dimensional.
 */
export function windowOf(node: Node, size: Pair, kernelOfWeights?: Pair): Window | null {
  const kernelShape = intsAttribute(node, 'kernel_shape');
  if (kernelShape && kernelShape.length !== 2) return null;
  const kernel = kernelShape ? pair(kernelShape, 1) : kernelOfWeights;
  if (!kernel) return null;
  const strides = pair(intsAttribute(node, 'strides'), 1);
  const dilations = pair(intsAttribute(node, 'dilations'), 1);
  return { kernel, strides, dilations, pads: resolvePads(node, size, kernel, strides, dilations) };
}

function resolvePads(node: Node, size: Pair, kernel: Pair, strides: Pair, dilations: Pair): Window['pads'] {
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET') {
    const pads = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
    return [pads[0] ?? 0, pads[1] ?? 0, pads[2] ?? 0, pads[3] ?? 0];
  }
  if (mode === 'VALID') return [0, 0, 0, 0];
  const totals = [0, 1].map((axis) => {
    const out = Math.ceil(size[axis]! / strides[axis]!);
    return Math.max(0, (out - 1) * strides[axis]! + extent(kernel[axis]!, dilations[axis]!) - size[axis]!);
  });
  const before = totals.map((total) => (mode === 'SAME_LOWER' ? Math.ceil(total / 2) : Math.floor(total / 2)));
  return [before[0]!, before[1]!, totals[0]! - before[0]!, totals[1]! - before[1]!];
}

/** Height and width that the window gives; `ceil` as pooling's ceil_mode, where a window must start inside image or left padding. */
export function slide(window: Window, size: Pair, ceil: boolean): [number, number] {
  return [0, 1].map((axis) => {
    const before = window.pads[axis]!;
    const padded = size[axis]! + before + window.pads[axis + 2]!;
    const steps = (padded - extent(window.kernel[axis]!, window.dilations[axis]!)) / window.strides[axis]!;
    let out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    if (ceil && (out - 1) * window.strides[axis]! >= size[axis]! + before) out -= 1;
    return out;
  }) as [number, number];
}

export function ceilMode(node: Node): boolean {
  return intAttribute(node, 'ceil_mode', 0) === 1;
}
