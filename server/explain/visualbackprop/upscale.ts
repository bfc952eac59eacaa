import type { GraphBuilder } from '../../onnx/builder.ts';
import { floatTensor, int64Tensor } from '../../onnx/tensor.ts';
import { extent, type Window } from '../../onnx/windows.ts';
import type { SpatialStep } from './spatial-step.ts';

/**
 * Takes a mask [N,1,h,w] one spatial step back, from the step's result size to the size it came
 * from. A window is undone by a transposed convolution of the same kernel, stride and padding with
 * all weights 1; factors that are the same for every pixel are left out, because the mask is
 * normalised at the end.
 */
export function upscale(builder: GraphBuilder, mask: string, step: SpatialStep): string {
  const { from, to } = step;
  switch (step.kind) {
    case 'border': {
      const [top, left, bottom, right] = step.border;
      return builder.pad(mask, [0, 0, -top, -left, 0, 0, -bottom, -right]);
    }
    case 'resize': {
      // The nearest pixel, by its number: exact in every operator set and for every ratio.
      const nearest = (axis: 0 | 1) =>
        builder.constant(
          int64Tensor(
            Array.from({ length: from[axis] }, (_, at) => Math.floor((at * to[axis]) / from[axis])),
          ),
          'nearest',
        );
      return builder.node(
        'Gather',
        [builder.node('Gather', [mask, nearest(0)], { axis: 2 }), nearest(1)],
        { axis: 3 },
      );
    }
    case 'enlarge': {
      const [height, width] = step.window.kernel;
      return builder.node('Conv', [mask, builder.ones([1, 1, height, width])], {
        ...windowAttributes(step.window),
        pads: step.window.pads,
      });
    }
    case 'window':
      return undoWindow(builder, mask, step.window, from, to);
  }
}

type Size = readonly [number, number];

function undoWindow(
  builder: GraphBuilder,
  mask: string,
  window: Window,
  from: Size,
  to: Size,
): string {
  const { kernel, strides, dilations, pads } = window;
  if (
    kernel.every((size) => size === 1) &&
    strides.every((stride) => stride === 1) &&
    pads.every((pad) => pad === 0)
  )
    return mask;
  const coversAll = [0, 1].every(
    (axis) =>
      to[axis] === 1 &&
      pads[axis] === 0 &&
      kernel[axis]! >= from[axis]! &&
      (dilations[axis] === 1 || kernel[axis] === 1),
  );
  // One window over the whole plane: every pixel under the kernel gets the same value. (Expand came
  // with operator set 8.)
  if (coversAll && builder.opset >= 8)
    return builder.node('Expand', [mask, builder.constant(int64Tensor([1, 1, ...from]), 'size')]);
  const full = [0, 1, 0, 1].map(
    (axis, side) => extent(kernel[axis]!, dilations[axis]!) - 1 - pads[side]!,
  );
  const plain =
    strides.every((stride) => stride === 1) &&
    dilations.every((dilation) => dilation === 1) &&
    full.every((pad) => pad >= 0);
  if (
    plain &&
    from.every(
      (size, axis) => size === to[axis]! + full[axis]! + full[axis + 2]! - kernel[axis]! + 1,
    )
  ) {
    // With stride 1 the sum under the kernel is its mean times a constant, which ONNX Runtime
    // computes fastest as a pooling.
    return builder.node('AveragePool', [mask], {
      kernel_shape: kernel,
      strides: [1, 1],
      pads: full,
      count_include_pad: 1,
    });
  }
  if (from[0] * from[1] <= ONE_NODE) return transposedOnes(builder, mask, window, from, to, BOTH);
  if (to[0] * to[1] * from[1] + from[0] * to[0] * from[1] <= FEW_PRODUCTS) {
    const wide = builder.node('MatMul', [mask, reached(builder, window, from, to, 1)]);
    return builder.node('MatMul', [reached(builder, window, from, to, 0), wide]);
  }
  // A kernel of ones is separable. Spreading along the width is the slow part, so it comes first,
  // while there are few rows.
  const wide = transposedOnes(builder, mask, window, from, to, [1]);
  return transposedOnes(builder, wide, window, from, to, [0]);
}

/** On planes of so few pixels one node that does more costs less than two. */
const ONE_NODE = 1024;
const BOTH = [0, 1] as const;
/** So many products along both axes are computed faster than ONNX Runtime spreads by a kernel. */
const FEW_PRODUCTS = 1_500_000;

/**
 * 1 for every pixel along an axis that a window covers: as [pixels, windows] for rows, [windows,
 * pixels] for columns.
 */
function reached(
  builder: GraphBuilder,
  { kernel, strides, dilations, pads }: Window,
  from: Size,
  to: Size,
  axis: 0 | 1,
): string {
  const [pixels, windows] = [from[axis], to[axis]];
  const values = new Float32Array(pixels * windows);
  for (let window = 0; window < windows; window++) {
    for (let tap = 0; tap < kernel[axis]; tap++) {
      const pixel = window * strides[axis] + tap * dilations[axis] - pads[axis];
      if (pixel >= 0 && pixel < pixels)
        values[axis === 0 ? pixel * windows + window : window * pixels + pixel] = 1;
    }
  }
  return builder.constant(
    floatTensor(axis === 0 ? [pixels, windows] : [windows, pixels], values),
    'reached',
  );
}

/**
 * The average over channels of feature maps [N, channels, h, w], taken one window back, in one
 * node.
 */
export function averageUndone(
  builder: GraphBuilder,
  features: string,
  channels: number,
  { window, from, to }: SpatialStep & { readonly kind: 'window' },
): string {
  return transposedOnes(builder, features, window, from, to, BOTH, channels);
}

/** The transposed convolution along some axes, with all weights 1 ÷ channels. */
function transposedOnes(
  builder: GraphBuilder,
  mask: string,
  window: Window,
  from: Size,
  to: Size,
  axes: readonly (0 | 1)[],
  channels = 1,
): string {
  const along = (value: (axis: 0 | 1) => number, other: number) =>
    BOTH.map((axis) => (axes.includes(axis) ? value(axis) : other)) as [number, number];
  const before = along((axis) => window.pads[axis], 0);
  const after = along((axis) => window.pads[axis + 2]!, 0);
  // What padding does not explain lies behind the last window (rows that the convolution left over)
  // or, with ceil_mode, before its end.
  const missing = along((axis) => {
    const spread =
      (to[axis] - 1) * window.strides[axis] + extent(window.kernel[axis], window.dilations[axis]);
    return from[axis] - (spread - before[axis] - after[axis]);
  }, 0);
  const kernel = along((axis) => window.kernel[axis], 1);
  const strides = along((axis) => window.strides[axis], 1);
  if (
    channels === 1 &&
    [...kernel, ...strides].every((size) => size === 1) &&
    [...before, ...after, ...missing].every((size) => size === 0)
  )
    return mask;
  const weights = new Float32Array(channels * kernel[0] * kernel[1]).fill(1 / channels);
  return builder.node(
    'ConvTranspose',
    [mask, builder.constant(floatTensor([channels, 1, ...kernel], weights), 'ones')],
    {
      kernel_shape: kernel,
      strides,
      dilations: along((axis) => window.dilations[axis], 1),
      pads: [...before, ...after.map((pad, axis) => pad + Math.max(0, -missing[axis]!))],
      ...(missing.some((rows) => rows > 0)
        ? { output_padding: missing.map((rows) => Math.max(0, rows)) }
        : {}),
    },
  );
}

function windowAttributes(window: Window) {
  return { kernel_shape: window.kernel, strides: window.strides, dilations: window.dilations };
}
