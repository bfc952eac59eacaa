import { RoadgazeError } from '../../shared/errors.ts';
import type { Target } from '../../shared/explanations.ts';
import { describeMethod } from '../../shared/methods.ts';
import { subjectOf } from '../explain/compile.ts';
import {
  pictureDims,
  type IterativeContext,
  type IterativeMethod,
  type Passes,
} from '../explain/iterative/method.ts';
import { elementCount } from '../onnx/tensor.ts';
import { iterativeMethods } from '../explain/iterative/methods.ts';
import { optionValues, type MethodChoice, type OptionValues } from '../explain/method-options.ts';
import { compiledMethod, compiledMethods } from '../explain/methods.ts';
import type { ByHand } from '../inference/by-hand.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import type { State } from '../inference/state-inputs.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import {
  frameSignals,
  inputsOfFrame,
  type FrameSignals,
  type BesidePicture,
  type InputsOfFrame,
} from './frame-signals.ts';
import { startOf } from './frame-states.ts';
import { inWorkshop } from './workshop/workshop.ts';
import { openPassesNetwork, type PassesNetwork } from './passes-network.ts';

export interface TensorRequest {
  readonly modelPath: string;
  /** Compiled and iterative ones, each once. */
  readonly methods: readonly MethodChoice[];
  readonly target: Target;
  /** In the network's own units, shaped and ordered like its input with a batch of one. */
  readonly picture: Float32Array;
  /** Of the drive that the picture is of, at `pts`; left out: what the sidecar has without one. */
  readonly signals?: FrameSignals;
  readonly pts?: number | null;
  /** Id of the camera that it is of. */
  readonly camera?: string | undefined;
  readonly byHand?: ByHand | undefined;
  /** The network's pictures beside, in its order; left out: all of them 0. */
  readonly beside?: readonly BesidePicture[];
  /** What the network has in mind in front of the frame; left out: as with the first one. */
  readonly state?: State | null;
  readonly signal?: AbortSignal;
  /** Passes done and to do of the iterative method `id`. */
  readonly onProgress?: (done: number, total: number, id: string) => void;
  readonly wish?: Partial<ProviderWish>;
}

export interface ExplainedTensor {
  readonly id: string;
  /** The network's own number for the picture, before the sidecar's scale. */
  readonly steering: number;
  /** Finite. */
  readonly values: Float32Array;
  readonly dims: readonly number[];
  /** One sentence, e.g. that the network is dead here; null where there is nothing to say. */
  readonly note: string | null;
  /**
   * What the method took once the network was loaded. Compiled methods share one pass, and all have
   * its time.
   */
  readonly milliseconds: number;
}

const DEAD =
  'Every value is zero: the method finds nothing in this picture that drives the explained output.';
const NO_NUMBER = 'The network gives no number for this picture, so nothing is explained.';
const NOT_FINITE = 'Some values were too large for float32; they are shown as zero.';

/**
 * Explains one picture by any methods, in the order asked for. Rejects with the signal's reason
 * when it is aborted. Throws INPUT_*, MODEL_*, SIDECAR_INVALID, METHOD_*, PROVIDER_UNAVAILABLE,
 * INFERENCE_FAILED.
 */
export async function explainTensor(request: TensorRequest): Promise<ExplainedTensor[]> {
  const { methods, picture, target, signal = new AbortController().signal } = request;
  const network = await inWorkshop(
    'info',
    {
      path: request.modelPath,
      kind: 'steering',
      camera: request.camera,
      byHand: request.byHand,
    },
    { signal },
  );
  const { image } = network;
  if (picture.length !== image.channels * image.height * image.width)
    throw new Error(`a picture of ${picture.length} values does not fit ${image.name}`);
  const chosen = resolveMethods(methods);
  const wish: ProviderWish = { provider: 'auto', workers: null, ...request.wish };
  const networks = new NetworksInUse(
    network,
    target,
    wish,
    inputsOfFrame({
      signals: request.signals ?? frameSignals(network, null),
      pts: request.pts ?? null,
      states: network.states,
      state: request.state ?? startOf(network.states),
      beside: request.beside ?? noPictures(network),
    }),
    signal,
  );
  try {
    signal.throwIfAborted();
    const compiled = chosen.filter(({ method }) => method === null).map(({ choice }) => choice);
    const results = new Map<string, ExplainedTensor>();
    for (const result of await runCompiled(networks, compiled, picture))
      results.set(result.id, result);
    for (const { choice, method, options } of chosen) {
      if (method === null) continue;
      signal.throwIfAborted();
      const found = await runIterative(
        networks,
        method,
        options,
        {
          picture,
          image,
          range: subjectOf(network.sidecar).range,
          signal,
          progress: (done, total) => request.onProgress?.(done, total, choice.id),
        },
        target,
      );
      results.set(choice.id, found);
    }
    return methods.map(({ id }) => results.get(id)!);
  } finally {
    await networks.close();
  }
}

function noPictures({ pictures }: NetworkInfo): BesidePicture[] {
  return pictures.slice(1).map(({ image }) => {
    const dims = pictureDims(image);
    return { dims, values: new Float32Array(elementCount(dims)) };
  });
}

interface ResolvedMethod {
  readonly choice: MethodChoice;
  /** null: a compiled one. */
  readonly method: IterativeMethod | null;
  readonly options: OptionValues;
}

/** Throws METHOD_UNKNOWN, METHOD_OPTION_INVALID. */
export function resolveMethods(choices: readonly MethodChoice[]): readonly ResolvedMethod[] {
  return choices.map((choice, index) => {
    if (choices.findIndex(({ id }) => id === choice.id) !== index)
      throw new RoadgazeError(
        'METHOD_UNKNOWN',
        `The method "${choice.id}" is named twice.`,
        'Name every method once.',
      );
    const method = iterativeMethods.find(({ id }) => id === choice.id) ?? null;
    if (!method && !describeMethod(choice.id)) {
      throw new RoadgazeError(
        'METHOD_UNKNOWN',
        `There is no explanation method "${choice.id}".`,
        `Choose of: ${[...compiledMethods, ...iterativeMethods].map(({ id }) => id).join(', ')}.`,
      );
    }
    return {
      choice,
      method,
      options: optionValues(method ?? compiledMethod(choice.id), choice.options),
    };
  });
}

/** The networks that the methods need, each started when it is first used. */
class NetworksInUse {
  readonly #open = new Map<string, Promise<PassesNetwork>>();
  readonly #network: NetworkInfo;
  readonly #target: Target;
  readonly #wish: ProviderWish;
  readonly #inputs: InputsOfFrame;
  readonly #signal: AbortSignal;

  constructor(
    network: NetworkInfo,
    target: Target,
    wish: ProviderWish,
    inputs: InputsOfFrame,
    signal: AbortSignal,
  ) {
    this.#inputs = inputs;
    this.#signal = signal;
    this.#network = network;
    this.#target = target;
    this.#wish = wish;
  }

  /** `wish` may ask for less than the user did. */
  with(methods: readonly MethodChoice[], wish: Partial<ProviderWish> = {}): Promise<PassesNetwork> {
    const key = JSON.stringify([methods, wish]);
    let opening = this.#open.get(key);
    if (!opening)
      this.#open.set(
        key,
        (opening = openPassesNetwork(
          this.#network,
          methods,
          this.#target,
          { ...this.#wish, ...wish },
          this.#inputs,
          this.#signal,
        )),
      );
    return opening;
  }

  async close(): Promise<void> {
    for (const opening of this.#open.values())
      await opening.then(
        (network) => network.close(),
        () => {},
      );
  }
}

async function runCompiled(
  networks: NetworksInUse,
  choices: readonly MethodChoice[],
  picture: Float32Array,
): Promise<ExplainedTensor[]> {
  if (choices.length === 0) return [];
  const network = await networks.with(choices, { workers: 1 });
  const before = performance.now();
  const { steering, maps } = await network.run(picture, true);
  const milliseconds = performance.now() - before;
  return choices.map(({ id }, index) => ({
    id,
    steering,
    milliseconds,
    ...tidied(maps[index]!.values, null, steering),
    dims: maps[index]!.dims,
  }));
}

async function runIterative(
  networks: NetworksInUse,
  method: IterativeMethod,
  options: OptionValues,
  context: Omit<IterativeContext, 'passes' | 'together'>,
  target: Target,
): Promise<ExplainedTensor> {
  const answers = await networks.with(method.needs === 'gradient' ? [{ id: 'gradient' }] : []);
  const { steering } = await answers.run(context.picture, true);
  const towards = (value: number) =>
    target === '+' ? value : target === '-' ? -value : Math.abs(value);
  const passes: Passes = {
    value: async (picture) => towards((await answers.run(picture, false)).explained),
    async gradient(picture, alone = false) {
      const { explained, maps } = await answers.run(picture, alone);
      return { value: towards(explained), gradient: maps[0]!.values };
    },
  };
  const before = performance.now();
  const { values, dims, note } = await method.run(
    { ...context, passes, together: answers.together },
    options,
  );
  return {
    id: method.id,
    steering,
    milliseconds: performance.now() - before,
    ...tidied(values, note, steering),
    dims,
  };
}

function tidied(
  values: Float32Array,
  note: string | null,
  steering: number,
): { readonly values: Float32Array; readonly note: string | null } {
  const say = (sentence: string) => [note, sentence].filter((each) => each !== null).join(' ');
  if (!Number.isFinite(steering))
    return {
      values: values.map((value) => (Number.isFinite(value) ? value : 0)),
      note: say(NO_NUMBER),
    };
  if (values.some((value) => !Number.isFinite(value)))
    return {
      values: values.map((value) => (Number.isFinite(value) ? value : 0)),
      note: say(NOT_FINITE),
    };
  return { values, note: values.every((value) => value === 0) ? say(DEAD) : note };
}
