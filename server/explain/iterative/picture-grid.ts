import type { ImageInput } from '../../inference/explained-output.ts';

/** Where pixel `position` = y·width + x of channel c lies in a picture: c·plane + position·step. */
export interface PictureGrid {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly plane: number;
  readonly step: number;
}

export function pictureGrid({
  layout,
  channels,
  height,
  width,
}: Pick<ImageInput, 'layout' | 'channels' | 'height' | 'width'>): PictureGrid {
  return layout === 'NCHW'
    ? { channels, height, width, plane: height * width, step: 1 }
    : { channels, height, width, plane: 1, step: channels };
}

/** Mean of each channel. */
export function channelMeans(
  picture: Float32Array,
  { channels, height, width, plane, step }: PictureGrid,
): Float64Array {
  const means = new Float64Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    for (let position = 0; position < height * width; position++)
      sum += picture[channel * plane + position * step]!;
    means[channel] = sum / (height * width);
  }
  return means;
}

/** Lowest and highest value of a picture. */
export function extent(values: ArrayLike<number>): { readonly low: number; readonly high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

/**
 * The picture pixel by pixel, [H,W,C], its values spread over 0…100 as the lightness of CIELAB is.
 */
export function interleavedColors(picture: Float32Array, grid: PictureGrid): Float32Array {
  const { channels, height, width, plane, step } = grid;
  const { low, high } = extent(picture);
  const factor = high > low ? 100 / (high - low) : 0;
  const colors = new Float32Array(picture.length);
  for (let position = 0; position < height * width; position++) {
    for (let channel = 0; channel < channels; channel++)
      colors[position * channels + channel] =
        (picture[channel * plane + position * step]! - low) * factor;
  }
  return colors;
}

export interface BlurRequest {
  readonly picture: Float32Array;
  readonly grid: PictureGrid;
  /** Standard deviation, pixels. */
  readonly sigma: number;
}

/**
 * A Gaussian along both axes of every channel; beyond the border the border's own value goes on.
 */
export function gaussianBlur({ picture, grid, sigma }: BlurRequest): Float32Array {
  if (sigma <= 0) return picture.slice();
  const radius = Math.ceil(3 * sigma);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, index) =>
    Math.exp(-((index - radius) ** 2) / (2 * sigma * sigma)),
  );
  const total = kernel.reduce((sum, value) => sum + value, 0);
  kernel.forEach((value, index) => {
    kernel[index] = value / total;
  });
  const { channels, height, width, plane, step } = grid;
  const along = (
    source: Float32Array,
    lines: number,
    length: number,
    lineStep: number,
    pointStep: number,
  ): Float32Array => {
    const blurred = new Float32Array(source.length);
    for (let channel = 0; channel < channels; channel++) {
      for (let line = 0; line < lines; line++) {
        const start = channel * plane + line * lineStep;
        for (let point = 0; point < length; point++) {
          let sum = 0;
          for (let tap = -radius; tap <= radius; tap++) {
            const at = Math.min(length - 1, Math.max(0, point + tap));
            sum += kernel[tap + radius]! * source[start + at * pointStep]!;
          }
          blurred[start + point * pointStep] = sum;
        }
      }
    }
    return blurred;
  };
  return along(
    along(picture, height, width, width * step, step),
    width,
    height,
    step,
    width * step,
  );
}
