import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ImageInput } from '../../inference/explained-output.ts';
import type { MethodOption, OptionValues } from '../method-options.ts';
import type { InputRange } from '../compiled-method.ts';

/**
 * Passes over the network. Their "value" is what is explained: the output, turned round or as its
 * size where the target says so, in the network's own unit. Pictures are float32, shaped and
 * ordered like the network's input; the caller keeps them.
 */
export interface Passes {
  value(picture: Float32Array): Promise<number>;
  /**
   * The value, and its gradient, shaped like the picture. `alone`: no other pass is under way that
   * it could share a batch with.
   */
  gradient(
    picture: Float32Array,
    alone?: boolean,
  ): Promise<{ readonly value: number; readonly gradient: Float32Array }>;
}

/** What an iterative method is given. */
export interface IterativeContext {
  readonly picture: Float32Array;
  readonly image: ImageInput;
  readonly range: InputRange;
  readonly passes: Passes;
  /**
   * So many passes should be under way at once: enough for full batches, few enough that memory
   * stays small.
   */
  readonly together: number;
  progress(done: number, total: number): void;
  readonly signal: AbortSignal;
}

export interface IterativeResult {
  /** Finite; zeros where the network is dead. */
  readonly values: Float32Array;
  /** Shape with a batch of one: that of the network's input, or [1,1,H,W] of a mask. */
  readonly dims: readonly number[];
  /** One sentence for whoever looks at the result; null where there is nothing to say. */
  readonly note: string | null;
}

/**
 * A method that takes many passes over the network. Rejects with the signal's reason when it is
 * aborted.
 */
export interface IterativeMethod {
  readonly id: string;
  readonly options: readonly MethodOption[];
  /** Which passes it makes; values cost a third of gradients. */
  readonly needs: 'value' | 'gradient';
  run(context: IterativeContext, options: OptionValues): Promise<IterativeResult>;
}

/** Shape of the network's picture with a batch of one. */
export function pictureDims({ layout, channels, height, width }: ImageInput): readonly number[] {
  return layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels];
}

/**
 * `count` passes, `together` of them under way at once; `use` takes their results in order, so that
 * sums come out alike in every run. Tells progress after each.
 */
export async function runPasses<T>(
  { together, signal, progress }: Pick<IterativeContext, 'together' | 'signal' | 'progress'>,
  count: number,
  run: (index: number) => Promise<T>,
  use: (result: T, index: number) => void,
): Promise<void> {
  const underWay: Promise<T>[] = [];
  let done = 0;
  const takeOne = async () => {
    const result = await underWay.shift()!;
    signal.throwIfAborted();
    use(result, done++);
    progress(done, count);
  };
  for (let index = 0; index < count; index++) {
    // Making a picture takes a moment: whatever else waits for this thread comes in between.
    await nextTurn();
    signal.throwIfAborted();
    const pass = run(index);
    // Its failure is met when its turn comes; until then it must not count as unhandled.
    pass.catch(() => {});
    underWay.push(pass);
    if (underWay.length >= together) await takeOne();
  }
  while (underWay.length > 0) await takeOne();
}
