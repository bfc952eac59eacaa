import { coverOption, coverPicture, type Cover } from './cover.ts';
import { pictureDims, runPasses, type IterativeMethod } from './method.ts';
import { offThread } from './off-thread.ts';
import { interleavedColors, pictureGrid } from './picture-grid.ts';
import { randomNumbers, seedOption } from './random.ts';

/**
 * Width of the exponential kernel over the cosine distance, as in the authors' programme for
 * pictures.
 */
const KERNEL_WIDTH = 0.25;

/**
 * LIME (Ribeiro et al. 2016, section 3.4 and algorithm 1) on superpixels: random halves of them are
 * covered, and the network's answers are fitted by a weighted ridge regression on which ones were
 * there. A pixel's value is its superpixel's coefficient: what the output gains when that
 * superpixel is shown. The first sample is the picture itself.
 */
export const limeMethod: IterativeMethod = {
  id: 'lime',
  needs: 'value',
  options: [
    {
      name: 'segments',
      about: 'superpixels, about',
      kind: 'number',
      fallback: 60,
      least: 2,
      most: 1000,
      whole: true,
    },
    {
      name: 'samples',
      about: 'covered copies',
      kind: 'number',
      fallback: 500,
      least: 10,
      most: 20_000,
      whole: true,
    },
    {
      name: 'ridge',
      about: 'penalty of the regression',
      kind: 'number',
      fallback: 1,
      least: 0,
      most: 1e6,
    },
    seedOption('another one covers other superpixels'),
    coverOption('fill', 'what covers a superpixel', 'mean'),
  ],
  async run(context, options) {
    const { picture, image, passes, signal } = context;
    const grid = pictureGrid(image);
    const { channels, height, width } = grid;
    const { labels, count } = await offThread(
      'superpixels',
      {
        colors: interleavedColors(picture, grid),
        channels,
        height,
        width,
        segments: options['segments'] as number,
      },
      signal,
    );
    const cover = await coverPicture(options['fill'] as Cover, context);
    const samples = options['samples'] as number;
    const random = randomNumbers(options['seed'] as number);
    const rows = Float64Array.from({ length: samples * count }, (_, index) =>
      index < count || random() < 0.5 ? 1 : 0,
    );
    const targets = new Float64Array(samples);
    const weights = new Float64Array(samples);
    await runPasses(
      context,
      samples,
      (sample) => {
        const covered = picture.slice();
        for (let position = 0; position < labels.length; position++) {
          if (rows[sample * count + labels[position]!]! === 1) continue;
          for (let channel = 0; channel < channels; channel++) {
            const at = channel * grid.plane + position * grid.step;
            covered[at] = cover[at]!;
          }
        }
        return passes.value(covered);
      },
      (value, sample) => {
        targets[sample] = value;
        weights[sample] = kernel(rows.subarray(sample * count, (sample + 1) * count));
      },
    );
    const coefficients = await offThread(
      'ridge',
      { rows, features: count, targets, weights, penalty: options['ridge'] as number },
      signal,
    );
    const values = new Float32Array(picture.length);
    for (let position = 0; position < labels.length; position++) {
      for (let channel = 0; channel < channels; channel++)
        values[channel * grid.plane + position * grid.step] = coefficients[labels[position]!]!;
    }
    return { values, dims: pictureDims(image), note: `${count} superpixels, ${samples} samples.` };
  },
};

/**
 * How near a sample is to the whole picture: √exp(−d² / width²), d being the cosine distance to all
 * ones.
 */
function kernel(shown: Float64Array): number {
  const share = shown.reduce((sum, value) => sum + value, 0) / shown.length;
  const distance = 1 - Math.sqrt(share);
  return Math.sqrt(Math.exp(-((distance / KERNEL_WIDTH) ** 2)));
}
