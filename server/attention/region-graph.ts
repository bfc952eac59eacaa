import type { Rectangle, Size } from '../../shared/geometry.ts';
import type { GraphBuilder } from '../onnx/builder.ts';
import { DataType, scalar } from '../onnx/tensor.ts';
import { samplingMatrix, transposed } from '../onnx/sampling.ts';

/** A grid of pixels laid over a rectangle of the frame. */
export interface Grid extends Size {
  readonly place: Rectangle;
}

/**
 * Appends the way from road values on one grid, `road` float [N, from.height, from.width], to the
 * region on the mask's grid, uint8 [N, to.height × to.width], 0 or 255: sampled bilinearly, road
 * where the value is ≥ threshold, widened by `margin` mask pixels on every side (a square). Outside
 * of `from`'s place there is no road.
 */
export function appendRegion(
  builder: GraphBuilder,
  road: string,
  from: Grid,
  to: Grid,
  threshold: number,
  margin: number,
  output: string,
): void {
  const rows = builder.constant(
    samplingMatrix(from.height, [from.place.y, from.place.height], to.height, [
      to.place.y,
      to.place.height,
    ]),
    'rows',
  );
  const columns = builder.constant(
    transposed(
      samplingMatrix(from.width, [from.place.x, from.place.width], to.width, [
        to.place.x,
        to.place.width,
      ]),
    ),
    'columns',
  );
  const sampled = builder.node('MatMul', [rows, builder.node('MatMul', [road, columns])]);
  const inside = builder.node(
    'Cast',
    [builder.node('Not', [builder.node('Less', [sampled, builder.constant(scalar(threshold))])])],
    { to: DataType.float },
  );
  const wide = widened(builder, builder.reshape(inside, [0, 1, to.height, to.width]), margin);
  const bytes = builder.node('Cast', [builder.scale(wide, 255)], { to: DataType.uint8 });
  builder.reshape(bytes, [0, to.height * to.width], output);
}

/** Largest value within `margin` pixels: a square window, separable into a tall and a wide one. */
function widened(builder: GraphBuilder, region: string, margin: number): string {
  if (margin === 0) return region;
  const size = 2 * margin + 1;
  const tall = builder.node('MaxPool', [region], {
    kernel_shape: [size, 1],
    strides: [1, 1],
    pads: [margin, 0, margin, 0],
  });
  return builder.node('MaxPool', [tall], {
    kernel_shape: [1, size],
    strides: [1, 1],
    pads: [0, margin, 0, margin],
  });
}
