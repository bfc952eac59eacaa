import { firstAtOrAfter } from '../../shared/ascending.ts';

/** A curve on a canvas, in its pixels. */
export interface DrawnCurve {
  /** Ascending. */
  readonly times: Float64Array;
  /** NaN ends a line. */
  readonly values: ArrayLike<number>;
  readonly x: (time: number) => number;
  readonly y: (value: number) => number;
  /** What is visible, in `times`. */
  readonly from: number;
  readonly to: number;
}

/**
 * Draws what is visible of a curve, in the context's stroke. Where several values fall on one pixel,
 * all that lies between the smallest and the largest is drawn. Gaps stay gaps.
 */
export function drawCurve(
  context: CanvasRenderingContext2D,
  { times, values, x, y, from, to }: DrawnCurve,
): void {
  const first = Math.max(0, firstAtOrAfter(times, from) - 1);
  const end = Math.min(times.length, firstAtOrAfter(times, to) + 1);
  context.beginPath();
  let isOn = false;
  let pixel = NaN;
  let [least, most] = [0, 0];
  const finish = (): void => {
    if (least === most) return;
    context.moveTo(pixel, y(least));
    context.lineTo(pixel, y(most));
  };
  for (let i = first; i < end; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) {
      if (isOn) finish();
      isOn = false;
      continue;
    }
    const at = x(times[i]!);
    if (isOn && Math.floor(at) === Math.floor(pixel)) {
      least = Math.min(least, value);
      most = Math.max(most, value);
      continue;
    }
    if (isOn) {
      const last = values[i - 1]!;
      finish();
      context.moveTo(pixel, y(last));
      context.lineTo(at, y(value));
    } else {
      // A value alone is a dot.
      context.moveTo(at, y(value));
      context.lineTo(at + 0.5, y(value));
    }
    isOn = true;
    pixel = at;
    least = most = value;
  }
  if (isOn) finish();
  context.stroke();
}
