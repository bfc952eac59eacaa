import type { InputRange } from '../compiled-method.ts';
import { pictureDims, type IterativeMethod } from './method.ts';
import { gaussianBlur, pictureGrid, type PictureGrid } from './picture-grid.ts';
import { randomNumbers, seedOption } from './random.ts';

/**
 * Steps are this long at first, root mean square over the picture, in shares of the input's range;
 * and fall to a tenth of it.
 */
const FIRST_STEP = 0.02;
/** Between two blurs the picture may become sharp again, or nothing could form. */
const BLUR_EVERY = 4;

/**
 * argmax f(I) − λ·mean(u²) from a grey picture (Simonyan et al. 2013, section 2), u = (I − middle)
 * ÷ (high − low) being the picture in shares of the input's range, which it does not leave. Blur
 * and jitter follow Yosinski et al. 2015 (arXiv 1506.06579) and Mordvintsev et al. 2015. The values
 * are I − middle in the network's units: zero is the picture it began with.
 */
export const ascentMethod: IterativeMethod = {
  id: 'ascent',
  needs: 'gradient',
  options: [
    {
      name: 'steps',
      about: 'steps up the gradient',
      kind: 'number',
      fallback: 128,
      least: 1,
      most: 10_000,
      whole: true,
    },
    {
      name: 'lambda',
      about: 'weight of the penalty on strong colours',
      kind: 'number',
      fallback: 0.01,
      least: 0,
      most: 1e6,
    },
    {
      name: 'blur',
      about: 'standard deviation in pixels of a blur after every fourth step',
      kind: 'number',
      fallback: 0.5,
      least: 0,
      most: 5,
    },
    {
      name: 'jitter',
      about: 'pixels by which the picture is shifted at random in each step',
      kind: 'number',
      fallback: 2,
      least: 0,
      most: 64,
      whole: true,
    },
    {
      name: 'start',
      about: 'what it begins with: the middle of the input’s range, or noise around it',
      kind: 'choice',
      fallback: 'middle',
      choices: ['middle', 'noise'],
    },
    seedOption('another one shifts otherwise'),
  ],
  async run(context, options) {
    const { image, passes, signal, progress } = context;
    const grid = pictureGrid(image);
    const steps = options['steps'] as number;
    const [lambda, blur, jitter] = [
      options['lambda'] as number,
      options['blur'] as number,
      options['jitter'] as number,
    ];
    const random = randomNumbers(options['seed'] as number);
    const scale = scaleOf(grid, context.range);
    let units: Float32Array = new Float32Array(context.picture.length);
    if (options['start'] === 'noise') units = units.map(() => 0.1 * (random() - 0.5));
    const ascended = await passes.gradient(scale.picture(units), true);
    const before = ascended.value;
    for (let step = 0; step < steps; step++) {
      signal.throwIfAborted();
      const [dy, dx] = [shift(random, jitter), shift(random, jitter)];
      const { gradient } = await passes.gradient(scale.picture(rolled(units, grid, dy, dx)), true);
      const direction = rolled(scale.inUnits(gradient), grid, -dy, -dx).map(
        (value, index) => value - (2 * lambda * units[index]!) / units.length,
      );
      const size = Math.sqrt(
        direction.reduce((sum, value) => sum + value * value, 0) / direction.length,
      );
      if (size > 0) {
        const length = (FIRST_STEP * 0.1 ** (step / steps)) / size;
        units = units.map((value, index) =>
          Math.min(0.5, Math.max(-0.5, value + length * direction[index]!)),
        );
      }
      if (blur > 0 && step % BLUR_EVERY === BLUR_EVERY - 1 && step < steps - 1)
        units = gaussianBlur({ picture: units, grid, sigma: blur });
      progress(step + 1, steps);
    }
    const { value } = await passes.gradient(scale.picture(units), true);
    const note = units.every((unit) => unit === 0)
      ? 'The network does not react to any change of an even grey picture; try start=noise.'
      : `The explained output rose from ${before.toPrecision(4)} to ${value.toPrecision(4)}.`;
    return { values: scale.aboveMiddle(units), dims: pictureDims(image), note };
  },
};

function shift(random: () => number, most: number): number {
  return Math.floor(random() * (2 * most + 1)) - most;
}

/**
 * Between a picture in shares of its range around the middle, −0.5…0.5, and one in the network's
 * units.
 */
function scaleOf(grid: PictureGrid, { low, high }: Pick<InputRange, 'low' | 'high'>) {
  const channelOf = (index: number) =>
    grid.step === 1 ? Math.floor(index / grid.plane) : index % grid.channels;
  const spans = Float64Array.from(
    { length: grid.channels },
    (_, channel) => high[channel % high.length]! - low[channel % low.length]!,
  );
  const middles = middleOf(grid.channels, { low, high });
  return {
    picture: (units: Float32Array) =>
      units.map((unit, index) => middles[channelOf(index)]! + unit * spans[channelOf(index)]!),
    aboveMiddle: (units: Float32Array) =>
      units.map((unit, index) => unit * spans[channelOf(index)]!),
    /** A derivative by the picture as one by its shares. */
    inUnits: (gradient: Float32Array) =>
      gradient.map((value, index) => value * spans[channelOf(index)]!),
  };
}

/** The grey that the ascent begins with, per channel, in the network's units. */
export function middleOf(
  channels: number,
  { low, high }: Pick<InputRange, 'low' | 'high'>,
): Float64Array {
  return Float64Array.from(
    { length: channels },
    (_, channel) => (high[channel % high.length]! + low[channel % low.length]!) / 2,
  );
}

/** Shifted down by dy and right by dx; what leaves at one side comes in at the other. */
function rolled(
  values: Float32Array,
  { channels, height, width, plane, step }: PictureGrid,
  dy: number,
  dx: number,
): Float32Array {
  if (dy === 0 && dx === 0) return values;
  const moved = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const toRow = (((y + dy) % height) + height) % height;
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * step;
      const to = (toRow * width + ((((x + dx) % width) + width) % width)) * step;
      for (let channel = 0; channel < channels; channel++)
        moved[channel * plane + to] = values[channel * plane + from]!;
    }
  }
  return moved;
}
