import type { Target } from '../../shared/explanations.ts';
import type { MethodChoice } from '../explain/method-options.ts';
import type { RandomLayers } from '../explain/random-weights.ts';
import { pictureDims } from '../explain/iterative/method.ts';
import { startOnBestProvider, type ProviderWish } from '../inference/choose-provider.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { elementCount } from '../onnx/tensor.ts';
import type { InputsOfFrame } from './frame-signals.ts';
import { inWorkshop } from './workshop/workshop.ts';

/** What a network says of one picture. */
export interface PictureAnswer {
  /** The network's own number. */
  readonly steering: number;
  /** What the methods explain: of bins the score of the one that wins, else the same number. */
  readonly explained: number;
  /** One for each compiled method, in the order they were asked for. */
  readonly maps: readonly { readonly values: Float32Array; readonly dims: readonly number[] }[];
}

/** A network with some compiled methods, fed with pictures in its own units. */
export interface PassesNetwork {
  /** Pictures that should be under way at once to keep it busy. */
  readonly together: number;
  /** Layers with weights between its picture and its answer. */
  readonly layers: number;
  /**
   * float32, shaped and ordered like the network's input. `alone`: nothing else comes that it could
   * share a batch with. `inputs`: of another frame than it was opened for.
   */
  run(picture: Float32Array, alone: boolean, inputs?: InputsOfFrame): Promise<PictureAnswer>;
  close(): Promise<void>;
}

/** Batches under way a worker: one that runs and one that waits. */
const BATCHES_PER_WORKER = 2;

/**
 * Starts a network with the methods; `inputs` go to it beside every picture, and `random` makes layers of it random. Throws MODEL_*, METHOD_*, PROVIDER_UNAVAILABLE,
 * INFERENCE_FAILED.
 */
export async function openPassesNetwork(
  network: NetworkInfo,
  methods: readonly MethodChoice[],
  target: Target,
  wish: ProviderWish,
  inputs: InputsOfFrame,
  signal?: AbortSignal,
  random?: RandomLayers,
): Promise<PassesNetwork> {
  const { link, image, feed, beside, outputs, layers } = await inWorkshop(
    'passes',
    {
      path: network.path,
      camera: network.sidecar.input?.camera,
      byHand: network.byHand,
      methods,
      target,
      random,
    },
    { signal },
  );
  const dims = pictureDims(image).slice(1);
  const maps = outputs.slice(2);
  const { pool, workers } = await startOnBestProvider(
    {
      links: [
        {
          ...link,
          feeds: [
            { name: feed, from: 'call', input: 0, dims, type: 'float32' },
            ...inputs.feeds(beside),
          ],
        },
      ],
      results: outputs.map(({ name }) => ({ link: 0, output: name })),
      inputBytes: [4 * elementCount(dims), ...inputs.inputBytes],
      batch: image.batch,
    },
    network.alone,
    wish,
  );
  return {
    together: workers * BATCHES_PER_WORKER * pool.maxBatch,
    layers,
    async run(picture, alone, own = inputs) {
      // A copy, because its memory moves to a worker.
      const [steering, explained, ...values] = (await pool.run(
        [new Uint8Array(picture.slice().buffer), ...own.values()],
        alone,
      )) as Float32Array[];
      return {
        steering: steering![0]!,
        explained: explained![0]!,
        maps: maps.map(({ shape }, index) => ({
          values: values[index]!,
          dims: [1, ...(shape.slice(1) as number[])],
        })),
      };
    },
    close: () => pool.close(),
  };
}
