import type { IterativeMethod } from './method.ts';
import { offThread } from './off-thread.ts';
import { interleavedColors, pictureGrid, type PictureGrid } from './picture-grid.ts';

const percentile = (name: string, about: string, fallback: number) => ({ name, about, kind: 'number', fallback, least: 0, most: 100 }) as const;

/**
 * The region that the network uses (Simonyan et al. 2013, section 4): GrabCut from seeds where the saliency, max over channels of |∂f/∂x|, is
 * above its 95th percentile (foreground) or not above its 30th (background); the largest connected component is the mask, 1 inside.
 */
export const segmentationMethod: IterativeMethod = {
  id: 'segmentation',
  needs: 'gradient',
  options: [
    percentile('foreground', 'percentile of the saliency above which a pixel is a seed of the region', 95),
    percentile('background', 'percentile up to which it is a seed of the rest', 30),
    { name: 'iterations', about: 'rounds of colour models and cut', kind: 'number', fallback: 5, least: 1, most: 50, whole: true },
    { name: 'seed', about: 'another one starts the colour models otherwise', kind: 'number', fallback: 1, least: 0, most: 2 ** 32 - 1, whole: true },
  ],
  async run({ picture, image, passes, signal, progress }, options) {
    const grid = pictureGrid(image);
    const { channels, height, width } = grid;
    const dims = [1, 1, height, width];
    const iterations = options['iterations'] as number;
    const { gradient } = await passes.gradient(picture, true);
    progress(1, 2);
    const saliency = strongest(gradient, grid);
    const seeds = seedsOf(saliency, options['foreground'] as number, options['background'] as number);
    if (!seeds) {
      progress(2, 2);
      return { values: new Float32Array(height * width), dims, note: 'The saliency is the same everywhere: there is no region to find.' };
    }
    const labels = await offThread('grabCut', { colors: interleavedColors(picture, grid), channels, height, width, seeds, iterations, seed: options['seed'] as number }, signal);
    const region = largestComponent(labels, height, width);
    progress(2, 2);
    const size = region.reduce((sum, value) => sum + value, 0);
    const note = size === 0 ? 'No region stands out by its colour.' : `The region is ${((100 * size) / region.length).toPrecision(3)} % of the picture and holds ${((100 * massInside(saliency, region)) / massInside(saliency, null)).toPrecision(3)} % of the saliency.`;
    return { values: region, dims, note };
  },
};

function strongest(gradient: Float32Array, { channels, height, width, plane, step }: PictureGrid): Float32Array {
  return Float32Array.from({ length: height * width }, (_, position) => {
    let most = 0;
    for (let channel = 0; channel < channels; channel++) most = Math.max(most, Math.abs(gradient[channel * plane + position * step]!));
    return most;
  });
}

/** 1, 0, or 2 where a pixel is no seed; null where all saliency is equal. Pixels that equal the upper percentile are foreground where nothing lies above it. */
function seedsOf(saliency: Float32Array, foreground: number, background: number): Uint8Array | null {
  const sorted = saliency.toSorted();
  const at = (percent: number) => sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))]!;
  const [low, most] = [at(background), sorted.at(-1)!];
  if (sorted[0] === most) return null;
  const high = Math.min(at(foreground), most);
  const isForeground = (value: number) => (high < most ? value > high : value === most);
  return Uint8Array.from(saliency, (value) => (isForeground(value) ? 1 : value <= low ? 0 : 2));
}

/** Of the pixels that are 1, those of the largest part that hangs together by edges. */
function largestComponent(labels: Uint8Array, height: number, width: number): Float32Array {
  const part = new Int32Array(labels.length);
  const queue = new Int32Array(labels.length);
  let [count, best, most] = [0, 0, 0];
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] !== 1 || part[start] !== 0) continue;
    count++;
    let [read, filled] = [0, 1];
    queue[0] = start;
    part[start] = count;
    while (read < filled) {
      const position = queue[read++]!;
      const x = position % width;
      for (const next of [x > 0 ? position - 1 : -1, x < width - 1 ? position + 1 : -1, position - width, position + width]) {
        if (next < 0 || next >= height * width || labels[next] !== 1 || part[next] !== 0) continue;
        part[next] = count;
        queue[filled++] = next;
      }
    }
    if (filled > most) [best, most] = [count, filled];
  }
  return Float32Array.from(part, (each) => (best > 0 && each === best ? 1 : 0));
}

function massInside(saliency: Float32Array, region: Float32Array | null): number {
  return saliency.reduce((sum, value, position) => sum + value * (region ? region[position]! : 1), 0);
}
