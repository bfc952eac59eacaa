import { coverOption, coverPicture, type Cover } from './cover.ts';
import { pictureDims, runPasses, type IterativeMethod } from './method.ts';

/**
 * (x − x′) · ∫₀¹ ∂f(x′ + α(x − x′))/∂x dα (Sundararajan et al. 2017, equation 1), as Captum's
 * `riemann_trapezoid` takes the integral: α at `steps` points from 0 to 1, ends included, each
 * weighing 1/steps, the ends half of that. The weights add up to 1 − 1/steps.
 */
export const integratedGradientsMethod: IterativeMethod = {
  id: 'integratedgradients',
  needs: 'gradient',
  options: [
    {
      name: 'steps',
      about: 'gradients on the way from the baseline to the picture',
      kind: 'number',
      fallback: 64,
      least: 2,
      most: 4096,
      whole: true,
    },
    coverOption('baseline', 'where the way begins', 'zero'),
  ],
  async run(context, options) {
    const { picture, image, passes } = context;
    const steps = options['steps'] as number;
    const baseline = await coverPicture(options['baseline'] as Cover, context);
    const sums = new Float64Array(picture.length);
    const ends = { first: 0, last: 0 };
    await runPasses(
      context,
      steps,
      (step) => {
        const alpha = Math.fround(step / (steps - 1));
        return passes.gradient(
          picture.map(
            (value, index) => baseline[index]! + Math.fround(alpha * (value - baseline[index]!)),
          ),
        );
      },
      ({ value, gradient }, step) => {
        if (step === 0) ends.first = value;
        if (step === steps - 1) ends.last = value;
        const weight = (step === 0 || step === steps - 1 ? 0.5 : 1) / steps;
        for (let index = 0; index < sums.length; index++) sums[index]! += weight * gradient[index]!;
      },
    );
    const values = Float32Array.from(
      sums,
      (sum, index) => sum * (picture[index]! - baseline[index]!),
    );
    return { values, dims: pictureDims(image), note: completeness(values, ends.last - ends.first) };
  },
};

/**
 * The shares should add up to what the output changed by; by how much they miss it tells how good
 * the integral is.
 */
function completeness(values: Float32Array, change: number): string {
  const sum = values.reduce((total, value) => total + value, 0);
  return `The shares add up to ${sum.toPrecision(4)}; from the baseline to the picture the output changed by ${change.toPrecision(4)}.`;
}
