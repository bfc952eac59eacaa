import { intAttribute, intsAttribute, stringAttribute } from './attributes.ts';
import type { Node } from './graph.ts';
import { inDigits, LIMITS } from './limits.ts';

/** The sliding window of a convolution or pooling over two spatial axes (height, width). */
export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Padding in pixels: top, left, bottom, right, with auto_pad resolved. */
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
}

type Pair = readonly [number, number];

/**
 * The two entries of an attribute, both `fallback` where it is left out; null where they are not
 * two whole numbers from `fallback` up.
 */
function pair(values: number[] | null, fallback: number): Pair | null {
  const [first = NaN, second = NaN, ...more] = values ?? [fallback, fallback];
  return first >= fallback && second >= fallback && more.length === 0 ? [first, second] : null;
}

/**
 * What of a window's numbers is beyond all pictures, as the end of a sentence; null where nothing
 * is.
 */
export function beyondWindow(node: Node): string | null {
  for (const name of [
    'kernel_shape',
    'strides',
    'dilations',
    'pads',
    'output_padding',
    'output_shape',
  ]) {
    const largest = intsAttribute(node, name)?.find((value) => Math.abs(value) > LIMITS.windowSide);
    if (largest !== undefined)
      return `its ${name} say ${inDigits(largest)}; the limit is ${LIMITS.windowSide} pixels`;
  }
  return null;
}

/** The node with a window over two of its axes, which may be the same one. */
export function onAxes(node: Node, axes: Pair): Node {
  const values = new Map(node.attributes);
  for (const name of ['kernel_shape', 'strides', 'dilations', 'pads']) {
    const given = node.attributes.get(name);
    if (given?.kind !== 'ints') continue;
    const half = given.value.length / 2;
    const places = name === 'pads' ? [...axes, ...axes.map((axis) => axis + half)] : axes;
    const value = places.map((place) => given.value[place] ?? -1n);
    values.set(name, { kind: 'ints', value });
  }
  return { ...node, attributes: values };
}

/** Extent of a dilated kernel in pixels. */
export function extent(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/**
 * The window of a Conv, MaxPool or AveragePool over an image of height × width. `kernelOfWeights`
 * stands in for the attribute (convolutions may leave it out, their weights tell). Null where the
 * window is not two-dimensional or its numbers make no sense.
 */
export function windowOf(node: Node, size: Pair, kernelOfWeights?: Pair): Window | null {
  const kernelShape = intsAttribute(node, 'kernel_shape');
  const kernel = kernelShape ? pair(kernelShape, 1) : (kernelOfWeights ?? null);
  const strides = pair(intsAttribute(node, 'strides'), 1);
  const dilations = pair(intsAttribute(node, 'dilations'), 1);
  if (
    !kernel ||
    !strides ||
    !dilations ||
    kernelOfWeights?.some((length, axis) => length !== kernel[axis])
  )
    return null;
  const pads = resolvePads(node, size, kernel, strides, dilations);
  return pads && { kernel, strides, dilations, pads };
}

function resolvePads(
  node: Node,
  size: Pair,
  kernel: Pair,
  strides: Pair,
  dilations: Pair,
): Window['pads'] | null {
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET') {
    const [top = 0, left = 0, bottom = 0, right = 0, ...more] = intsAttribute(node, 'pads') ?? [];
    return [top, left, bottom, right].every((length) => length >= 0) && more.length === 0
      ? [top, left, bottom, right]
      : null;
  }
  if (mode === 'VALID') return [0, 0, 0, 0];
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') return null;
  const totals = [0, 1].map((axis) => {
    const out = Math.ceil(size[axis]! / strides[axis]!);
    return Math.max(
      0,
      (out - 1) * strides[axis]! + extent(kernel[axis]!, dilations[axis]!) - size[axis]!,
    );
  });
  const before = totals.map((total) =>
    mode === 'SAME_LOWER' ? Math.ceil(total / 2) : Math.floor(total / 2),
  );
  return [before[0]!, before[1]!, totals[0]! - before[0]!, totals[1]! - before[1]!];
}

/**
 * Height and width that the window gives; `ceil` as pooling's ceil_mode, where a window must start
 * inside image or left padding.
 */
export function slide(window: Window, size: Pair, ceil: boolean): [number, number] {
  return [0, 1].map((axis) => {
    const before = window.pads[axis]!;
    const padded = size[axis]! + before + window.pads[axis + 2]!;
    const steps =
      (padded - extent(window.kernel[axis]!, window.dilations[axis]!)) / window.strides[axis]!;
    let out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    if (ceil && (out - 1) * window.strides[axis]! >= size[axis]! + before) out--;
    return out;
  }) as [number, number];
}

export function ceilMode(node: Node): boolean {
  return intAttribute(node, 'ceil_mode', 0) === 1;
}

/**
 * The window of a ConvTranspose that enlarges height × width, and the size it gives. With
 * `output_shape` or SAME the padding is what must be cut off for that size (ONNX Runtime's rule).
 * Null as in `windowOf`.
 */
export function enlargement(
  node: Node,
  size: Pair,
  kernel: Pair,
): { window: Window; size: Pair } | null {
  const strides = pair(intsAttribute(node, 'strides'), 1);
  const dilations = pair(intsAttribute(node, 'dilations'), 1);
  const outputPadding = pair(intsAttribute(node, 'output_padding'), 0);
  const outputShape = intsAttribute(node, 'output_shape');
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (!strides || !dilations || !outputPadding) return null;
  const spread = [0, 1].map(
    (axis) =>
      strides[axis]! * (size[axis]! - 1) +
      outputPadding[axis]! +
      extent(kernel[axis]!, dilations[axis]!),
  );
  const wanted =
    outputShape?.slice(-2) ??
    (mode.startsWith('SAME') ? [0, 1].map((axis) => size[axis]! * strides[axis]!) : null);
  if (!wanted) {
    const window = windowOf(node, size, kernel);
    return (
      window && {
        window,
        size: [
          spread[0]! - window.pads[0] - window.pads[2],
          spread[1]! - window.pads[1] - window.pads[3],
        ],
      }
    );
  }
  const totals = [0, 1].map((axis) => Math.max(0, spread[axis]! - wanted[axis]!));
  const before = totals.map((total) =>
    mode === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2),
  );
  const pads = [before[0]!, before[1]!, totals[0]! - before[0]!, totals[1]! - before[1]!] as const;
  const reached = outputShape ? wanted : [0, 1].map((axis) => spread[axis]! - totals[axis]!);
  return { window: { kernel, strides, dilations, pads }, size: [reached[0]!, reached[1]!] };
}
