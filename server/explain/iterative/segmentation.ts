import type { IterativeMethod } from './method.ts';
import { offThread } from './off-thread.ts';
import { pictureGrid } from './picture-grid.ts';
import { seedOption } from './random.ts';

const percentile = (name: string, about: string, fallback: number) =>
  ({ name, about, kind: 'number', fallback, least: 0, most: 100 }) as const;

/**
 * The region that the network uses (Simonyan et al. 2013, section 4): GrabCut from seeds where the
 * saliency, max over channels of |∂f/∂x|, is above its 95th percentile (foreground) or not above
 * its 30th (background); the largest connected component is the mask, 1 inside.
 */
export const segmentationMethod: IterativeMethod = {
  id: 'segmentation',
  needs: 'gradient',
  options: [
    percentile(
      'foreground',
      'percentile of the saliency above which a pixel is a seed of the region',
      95,
    ),
    percentile('background', 'percentile up to which it is a seed of the rest', 30),
    {
      name: 'iterations',
      about: 'rounds of colour models and cut',
      kind: 'number',
      fallback: 5,
      least: 1,
      most: 50,
      whole: true,
    },
    seedOption('another one starts the colour models otherwise'),
  ],
  async run({ picture, image, passes, signal, progress }, options) {
    const grid = pictureGrid(image);
    const { gradient } = await passes.gradient(picture, true);
    progress(1, 2);
    const [foreground, background, iterations, seed] = [
      'foreground',
      'background',
      'iterations',
      'seed',
    ].map((name) => options[name] as number) as [number, number, number, number];
    const { region, note } = await offThread(
      'salientRegion',
      { picture, gradient, grid, foreground, background, iterations, seed },
      signal,
    );
    progress(2, 2);
    return { values: region, dims: [1, 1, grid.height, grid.width], note };
  },
};
