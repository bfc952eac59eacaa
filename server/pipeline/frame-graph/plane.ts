import { resized } from '../../onnx/sampling.ts';
import type { ImageInput } from '../../inference/explained-output.ts';
import type { ChannelRange } from '../../inference/frame-stack.ts';
import type { AppendedExplanation } from '../../explain/compiled-method.ts';
import type { GraphBuilder } from '../../onnx/builder.ts';
import { DataType, floatTensor, int64Tensor, LARGEST_FLOAT, scalar } from '../../onnx/tensor.ts';

/** An explanation as one plane on the picture's grid, by the names of its two forms. */
export interface Plane {
  /**
   * float [N, H × W] ≥ 0: the size of the values, the picture's largest at 255; zeros where there
   * is nothing. What is scored.
   */
  readonly size: string;
  /**
   * uint8 [N, H × W]: what is shown. Signed: 128 is zero, 1 and 255 the largest size shown; else 0
   * is zero.
   */
  readonly bytes: string;
}

export interface PictureGrid extends Pick<ImageInput, 'layout' | 'channels' | 'height' | 'width'> {
  /** Of all channels; those of one frame where the picture is put together from several. */
  readonly shown?: ChannelRange;
}

/**
 * Attributions and activation maps have heavy tails: brought to their maximum they would be black
 * but for a few pixels. What is shown saturates at so many times the root mean square, where the
 * maximum is larger.
 */
const SATURATION = 8;

/** Appends the plane of an explanation, under the names that `plane` gives. */
export function appendPlane(
  builder: GraphBuilder,
  appended: AppendedExplanation,
  signed: boolean,
  grid: PictureGrid,
  plane: Plane,
): void {
  const pixels = grid.height * grid.width;
  if (appended.kind === 'mask') {
    const { raised, factor, frames = 1 } = appended;
    const shown = (value: string) => ofFrame(builder, value, frames, grid);
    builder.reshape(
      builder.node('Mul', [shown(raised), builder.scale(shown(factor), 255)]),
      [0, pixels],
      plane.size,
    );
    appendBytes(builder, builder.node('Add', [plane.size, half(builder)]), plane);
    return;
  }
  const values =
    appended.kind === 'attribution'
      ? overChannels(builder, appended.values, signed, grid)
      : onGrid(builder, appended, grid);
  appendSaturated(builder, values, signed, pixels, plane);
}

/** Of [N, frames, …] the frame that is shown; the last one where nobody says which that is. */
function ofFrame(
  builder: GraphBuilder,
  value: string,
  frames: number,
  { channels, shown }: PictureGrid,
): string {
  if (frames === 1) return value;
  const place = shown && shown.count * frames === channels ? shown.first / shown.count : frames - 1;
  return builder.node('Gather', [value, builder.constant(int64Tensor([place]), 'frame')], {
    axis: 1,
  });
}

/** [N, H × W]: the sum over channels; of unsigned values the largest size. */
function overChannels(
  builder: GraphBuilder,
  values: string,
  signed: boolean,
  { layout, channels: all, height, width, shown = { first: 0, count: all } }: PictureGrid,
): string {
  const pixels = height * width;
  if (all === 1) return builder.reshape(values, [0, pixels]);
  const [shape, axis] = layout === 'NCHW' ? [[0, all, pixels], 1] : [[0, pixels, all], 2];
  const whole = builder.reshape(values, shape);
  const channels = shown.count;
  const places = Array.from({ length: channels }, (_, index) => shown.first + index);
  const rows =
    channels === all
      ? whole
      : builder.node('Gather', [whole, builder.constant(int64Tensor(places), 'frame')], { axis });
  if (!signed)
    return builder.reshape(builder.reduce('ReduceMax', builder.node('Abs', [rows]), [axis]), [
      0,
      pixels,
    ]);
  const ones = builder.constant(
    floatTensor(axis === 1 ? [1, channels] : [channels, 1], new Float32Array(channels).fill(1)),
    'ones',
  );
  return builder.reshape(builder.node('MatMul', axis === 1 ? [ones, rows] : [rows, ones]), [
    0,
    pixels,
  ]);
}

/**
 * [N, H × W]: sampled bilinearly from the resolution of the layer, whose cells share the picture
 * out evenly.
 */
function onGrid(
  builder: GraphBuilder,
  {
    values: all,
    height,
    width,
    frames = 1,
  }: Extract<AppendedExplanation, { kind: 'activation-map' }>,
  grid: PictureGrid,
): string {
  const values = ofFrame(builder, all, frames, grid);
  return builder.reshape(resized(builder, values, { height, width }, grid), [
    0,
    grid.height * grid.width,
  ]);
}

/**
 * A map that nowhere is larger counts as empty: 255 ÷ its largest value would leave float32's
 * range.
 */
const SMALLEST = 1e-30;

function appendSaturated(
  builder: GraphBuilder,
  values: string,
  signed: boolean,
  pixels: number,
  plane: Plane,
): void {
  const sizes = builder.node('Abs', [values]);
  const largest = builder.reduce('ReduceMax', sizes, [1]);
  const exists = builder.node(
    'Cast',
    [builder.node('Greater', [largest, builder.constant(scalar(SMALLEST))])],
    { to: DataType.float },
  );
  const unit = builder.scale(
    builder.node('Mul', [
      builder.node('Reciprocal', [builder.clip(largest, SMALLEST, LARGEST_FLOAT)]),
      exists,
    ]),
    255,
  );
  const size = builder.node('Mul', [sizes, unit], {}, plane.size);
  const meanSquare = builder.scale(
    builder.reduce('ReduceSum', builder.node('Mul', [size, size]), [1]),
    SATURATION ** 2 / pixels,
  );
  // Of a map that is not empty it is never below 8 × 255 ÷ √pixels.
  const shown = builder.clip(builder.node('Sqrt', [meanSquare]), 1e-3, 255);
  const range = signed ? 127 : 255;
  const factor = builder.node('Div', [builder.constant(scalar(range)), shown]);
  const scaled = builder.node(
    'Mul',
    signed ? [values, builder.node('Mul', [unit, factor])] : [size, factor],
  );
  const placed = builder.node('Add', [
    scaled,
    signed ? builder.constant(scalar(128.5)) : half(builder),
  ]);
  appendBytes(builder, builder.clip(placed, signed ? 1 : 0, 255.5), plane);
}

function half(builder: GraphBuilder): string {
  return builder.constant(scalar(0.5), 'half');
}

function appendBytes(builder: GraphBuilder, values: string, { bytes }: Plane): void {
  builder.node('Cast', [values], { to: DataType.uint8 }, bytes);
}
