import { channelMeans, gaussianBlur, type PictureGrid } from '../explain/iterative/picture-grid.ts';
import { noisyLinear } from './noisy-linear.ts';

export const FILLS = ['mean', 'blur', 'road'] as const;
/**
 * What stands in place of flipped pixels: the mean of each channel, the blurred picture, or ROAD's
 * noisy linear imputation.
 */
export type Fill = (typeof FILLS)[number];

/** Of the shorter side, as the iterative methods blur. */
const BLUR = 1 / 10;

/** Fills pixels of one picture, any number of times. */
export function fillerOf(
  fill: Fill,
  picture: Float32Array,
  grid: PictureGrid,
): (missing: Uint8Array, seed: number) => Float32Array {
  if (fill === 'road') return (missing, seed) => noisyLinear({ picture, grid, missing, seed });
  const cover = fill === 'mean' ? meanPicture(picture, grid) : blurred(picture, grid);
  return (missing) => {
    const filled = picture.slice();
    for (let channel = 0; channel < grid.channels; channel++) {
      for (let place = 0; place < missing.length; place++) {
        const at = channel * grid.plane + place * grid.step;
        if (missing[place] === 1) filled[at] = cover[at]!;
      }
    }
    return filled;
  };
}

export function blurred(picture: Float32Array, grid: PictureGrid): Float32Array {
  return gaussianBlur({ picture, grid, sigma: BLUR * Math.min(grid.height, grid.width) });
}

function meanPicture(picture: Float32Array, grid: PictureGrid): Float32Array {
  const means = channelMeans(picture, grid);
  return picture.map((_, at) => means[Math.floor(at / grid.plane) % grid.channels]!);
}
