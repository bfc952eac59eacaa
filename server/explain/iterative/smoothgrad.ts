import { pictureDims, runPasses, type IterativeMethod } from './method.ts';
import { extent } from './picture-grid.ts';
import { normalNumbers, randomNumbers, seedOption } from './random.ts';

/**
 * The mean gradient over pictures with Gaussian noise, its standard deviation a share of the
 * picture's own range (Smilkov et al. 2017, sections 3 and 4: σ ÷ (max − min)).
 */
export const smoothGradMethod: IterativeMethod = {
  id: 'smoothgrad',
  needs: 'gradient',
  options: [
    {
      name: 'samples',
      about: 'noisy copies',
      kind: 'number',
      fallback: 50,
      least: 1,
      most: 4096,
      whole: true,
    },
    {
      name: 'noise',
      about: 'standard deviation of the noise, as a share of the picture’s range',
      kind: 'number',
      fallback: 0.15,
      least: 0,
      most: 2,
    },
    seedOption('another one gives other noise'),
  ],
  async run(context, options) {
    const { picture, image, passes } = context;
    const samples = options['samples'] as number;
    const { low, high } = extent(picture);
    const deviation = (options['noise'] as number) * (high - low);
    const normal = normalNumbers(randomNumbers(options['seed'] as number));
    const sums = new Float64Array(picture.length);
    await runPasses(
      context,
      samples,
      () => passes.gradient(picture.map((value) => value + deviation * normal())),
      ({ gradient }) => {
        for (let index = 0; index < sums.length; index++) sums[index]! += gradient[index]!;
      },
    );
    return {
      values: Float32Array.from(sums, (sum) => sum / samples),
      dims: pictureDims(image),
      note: null,
    };
  },
};
