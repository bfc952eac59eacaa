import type { TransposedConvolution } from './transposed-convolution.ts';

/** The pixels of one axis that lie a stride apart, as a convolution gives them. */
export interface Phase {
  /** For each weight of it, the one of the transposed convolution; null: zero. */
  readonly taps: readonly (number | null)[];
  readonly before: number;
  readonly after: number;
}

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
}

export function axisOf({ window, from, to }: TransposedConvolution, axis: 0 | 1): Axis {
  return {
    from: from[axis],
    to: to[axis],
    kernel: window.kernel[axis],
    stride: window.strides[axis],
    before: window.pads[axis],
  };
}

/**
 * Pixel s·i + p of the result is the sum of the weights s·j + r, of the same remainder as p with
 * the border cut off, at pixels i + q − j.
 */
export function phasesOf({ from, to, kernel, stride, before }: Axis, isShared: boolean): Phase[] {
  const count = Math.ceil(to / stride);
  const plain = Array.from({ length: stride }, (_, phase) => {
    const first = (phase + before) % stride;
    const shift = Math.floor((phase + before) / stride);
    return { first, shift, length: Math.max(1, Math.ceil((kernel - first) / stride)) };
  });
  return plain.map((phase) => {
    const alike = isShared ? plain : [phase];
    const nearest = Math.min(0, ...alike.map(({ shift, length }) => shift - length + 1));
    const furthest = Math.max(from - count, ...alike.map(({ shift }) => shift));
    const taps = Array.from({ length: furthest - nearest + 1 }, (_, tap) => {
      const weight = phase.first + stride * (phase.shift - nearest - tap);
      return weight >= 0 && weight < kernel && tap + nearest <= phase.shift ? weight : null;
    });
    return { taps, before: -nearest, after: count - 1 + furthest - (from - 1) };
  });
}
