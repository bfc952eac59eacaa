import type { GraphBuilder } from '../../onnx/builder.ts';
import { DataType } from '../../onnx/tensor.ts';
import { extent, type Window } from '../../onnx/windows.ts';
import type { Weights } from './weights.ts';

/**
 * A convolution between a larger grid and a smaller one; the same numbers serve in both directions.
 */
export interface ConvolutionShape {
  readonly window: Window;
  readonly groups: number;
  /**
   * Of the weights: channels on the small grid, channels of one group on the large grid, height,
   * width.
   */
  readonly dims: readonly [number, number, number, number];
  readonly large: readonly [height: number, width: number];
  readonly small: readonly [height: number, width: number];
}

const attributesOf = ({ window, groups }: ConvolutionShape) => ({
  kernel_shape: window.kernel,
  strides: window.strides,
  dilations: window.dilations,
  group: groups,
});

function parameters(
  builder: GraphBuilder,
  { dims }: ConvolutionShape,
  weights: Weights,
  bias: Float32Array | null,
): string[] {
  const kernel = weights.in(builder, dims);
  return bias
    ? [kernel, builder.constant({ type: DataType.float, dims: [bias.length], data: bias }, 'bias')]
    : [kernel];
}

/**
 * From the large grid to the small one. Where the small grid leaves rows of the large one over,
 * they count for nothing.
 */
export function convolution(
  builder: GraphBuilder,
  x: string,
  shape: ConvolutionShape,
  weights: Weights,
  bias: Float32Array | null,
): string {
  return builder.node('Conv', [x, ...parameters(builder, shape, weights, bias)], {
    ...attributesOf(shape),
    pads: shape.window.pads,
  });
}

/** From the small grid to exactly the large one. */
export function transposedConvolution(
  builder: GraphBuilder,
  x: string,
  shape: ConvolutionShape,
  weights: Weights,
  bias: Float32Array | null,
): string {
  const { window, large, small } = shape;
  const missing = [0, 1].map((axis) => {
    const reached =
      (small[axis]! - 1) * window.strides[axis]! +
      extent(window.kernel[axis]!, window.dilations[axis]!) -
      window.pads[axis]! -
      window.pads[axis + 2]!;
    return large[axis]! - reached;
  });
  return builder.node('ConvTranspose', [x, ...parameters(builder, shape, weights, bias)], {
    ...attributesOf(shape),
    pads: window.pads,
    ...(missing.some((rows) => rows !== 0) ? { output_padding: missing } : {}),
  });
}
