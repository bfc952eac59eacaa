import type { ImageInput } from '../../../server/inference/explained-output.ts';
import type {
  IterativeContext,
  IterativeResult,
} from '../../../server/explain/iterative/method.ts';
import { iterativeMethods } from '../../../server/explain/iterative/methods.ts';
import { optionValues } from '../../../server/explain/method-options.ts';
import { randomNumbers } from '../../support/network.ts';

/**
 * A function of a picture that stands where a network stands, with its derivative written out by
 * hand.
 */
export interface PlainFunction {
  value(picture: Float32Array): number;
  gradient?(picture: Float32Array): Float32Array;
}

export interface Explained extends IterativeResult {
  /** Pictures whose value was asked for, in order. */
  readonly asked: readonly Float32Array[];
  readonly progress: readonly (readonly [done: number, total: number])[];
}

export function imageOf(
  layout: 'NCHW' | 'NHWC',
  channels: number,
  height: number,
  width: number,
): ImageInput {
  return { name: 'image', layout, channels, height, width, type: 1, batch: null };
}

export function randomPicture({ channels, height, width }: ImageInput, seed = 3): Float32Array {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: channels * height * width }, () => random());
}

/** Runs a registered method on a plain function, as it runs on a network. */
export async function explain(
  id: string,
  f: PlainFunction,
  image: ImageInput,
  picture: Float32Array,
  options: Readonly<Record<string, string | number>> = {},
  more: Partial<IterativeContext> = {},
): Promise<Explained> {
  const method = iterativeMethods.find((each) => each.id === id)!;
  const asked: Float32Array[] = [];
  const progress: (readonly [number, number])[] = [];
  const context: IterativeContext = {
    picture,
    image,
    range: { low: [0], high: [1], isGiven: true },
    together: 3,
    signal: new AbortController().signal,
    progress: (done, total) => progress.push([done, total]),
    passes: {
      value: async (given) => {
        asked.push(given.slice());
        return f.value(given);
      },
      gradient: async (given) => ({ value: f.value(given), gradient: f.gradient!(given) }),
    },
    ...more,
  };
  const result = await method.run(context, optionValues(method, options));
  return { ...result, asked, progress };
}

/** Σ weights · picture. */
export function linear(weights: Float32Array): PlainFunction {
  return {
    value: (picture) => picture.reduce((sum, value, index) => sum + weights[index]! * value, 0),
    gradient: () => weights.slice(),
  };
}
