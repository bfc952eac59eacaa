import type { ProviderWish } from '../inference/choose-provider.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { explainTensor } from '../pipeline/explain-tensor.ts';
import { openPassesNetwork, type PassesNetwork } from '../pipeline/passes-network.ts';
import type { EvaluatedFrame } from './evaluated-frames.ts';
import { mean } from './predict.ts';
import { relevancePlane } from './relevance-plane.ts';
import { severalAtOnce } from './several-at-once.ts';
import { disturbedPictures, maxSensitivity } from './stability.ts';

export interface MapsRequest {
  readonly network: NetworkInfo;
  /** The network without methods: what a map's cost is told by. */
  readonly bare: PassesNetwork;
  readonly wish: ProviderWish;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Maps done. */
  readonly onMaps: (count: number) => void;
}

/** What one method gave for frames. */
export interface MethodMaps {
  /** One for each frame: see `relevancePlane`. */
  readonly planes: readonly Float32Array[];
  /** Mean over frames of `maxSensitivity`; null where it was not tried, or all maps are empty. */
  readonly sensitivity: number | null;
  /** Time of one picture ÷ that of the network alone. */
  readonly cost: number;
}

/** Pictures by which the time is told. */
const TIMED = 15;

/** `disturbed`: how many of the frames are tried for stability too, the first ones. Throws METHOD_*, MODEL_*. */
export async function compiledMaps(
  id: string,
  frames: readonly EvaluatedFrame[],
  disturbed: readonly EvaluatedFrame[],
  { network, bare, wish, seed, signal, onMaps }: MapsRequest,
): Promise<MethodMaps> {
  const passes = await openPassesNetwork(network, [{ id }], '+', wish, frames[0]!.inputs, signal);
  const planeOf = async (picture: Float32Array, { inputs }: EvaluatedFrame) => {
    const { maps } = await passes.run(picture, false, inputs);
    return relevancePlane(id, maps[0]!, network.image);
  };
  try {
    const planes = await severalAtOnce(frames, passes.together, signal, async (frame) => {
      const plane = await planeOf(frame.picture, frame);
      onMaps(1);
      return plane;
    });
    const sensitivities = await severalAtOnce(disturbed, passes.together, signal, async (frame) => {
      const others = await Promise.all(
        disturbedPictures(frame.picture, seed).map((picture) => planeOf(picture, frame)),
      );
      onMaps(others.length);
      return maxSensitivity(planes[frames.indexOf(frame)]!, others);
    });
    return {
      planes,
      sensitivity: meanOrNull(sensitivities),
      cost: await costOf(passes, bare, frames, signal),
    };
  } finally {
    await passes.close();
  }
}

function meanOrNull(values: readonly number[]): number | null {
  const known = values.filter(Number.isFinite);
  return known.length > 0 ? mean(known) : null;
}

/** Both in turn, so that what else the machine does meets both. */
async function costOf(
  passes: PassesNetwork,
  bare: PassesNetwork,
  frames: readonly EvaluatedFrame[],
  signal: AbortSignal,
): Promise<number> {
  const [own, without] = [[], []] as [number[], number[]];
  for (let turn = 0; turn < TIMED; turn++) {
    signal.throwIfAborted();
    const { picture, inputs } = frames[turn % frames.length]!;
    for (const [network, times] of [
      [passes, own],
      [bare, without],
    ] as const) {
      const before = performance.now();
      await network.run(picture, true, inputs);
      times.push(performance.now() - before);
    }
  }
  return median(own) / median(without);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Of methods of many passes, one frame after the other. Throws METHOD_*, MODEL_*. */
export async function iterativeMaps(
  id: string,
  frames: readonly EvaluatedFrame[],
  { network, bare, wish, signal, onMaps }: MapsRequest,
): Promise<MethodMaps> {
  const planes: Float32Array[] = [];
  const costs: number[] = [];
  for (const { picture, inputs, signals, pts, camera, beside, state } of frames) {
    const [explained] = await explainTensor({
      modelPath: network.path,
      methods: [{ id }],
      target: '+',
      picture,
      signals,
      pts,
      camera,
      beside,
      state,
      signal,
      wish,
    });
    planes.push(relevancePlane(id, explained!, network.image));
    const before = performance.now();
    for (let turn = 0; turn < TIMED; turn++) await bare.run(picture, true, inputs);
    costs.push((explained!.milliseconds * TIMED) / (performance.now() - before));
    onMaps(1);
  }
  return { planes, sensitivity: null, cost: median(costs) };
}

/**
 * Planes of compiled methods with ever more layers random: for each number of layers, for each
 * method, for each frame.
 */
export async function randomisedPlanes(
  ids: readonly string[],
  frames: readonly EvaluatedFrame[],
  layers: number,
  { network, wish, seed, signal, onMaps }: Omit<MapsRequest, 'bare'>,
): Promise<readonly (readonly Float32Array[])[]> {
  const passes = await openPassesNetwork(
    network,
    ids.map((id) => ({ id })),
    '+',
    wish,
    frames[0]!.inputs,
    signal,
    { layers, seed },
  );
  try {
    const maps = await severalAtOnce(frames, passes.together, signal, async (frame) => {
      const answer = await passes.run(frame.picture, false, frame.inputs);
      onMaps(ids.length);
      return ids.map((id, index) => relevancePlane(id, answer.maps[index]!, network.image));
    });
    return ids.map((_, index) => maps.map((each) => each[index]!));
  } finally {
    await passes.close();
  }
}

/** Numbers of layers to make random, ascending: all of them, and at most so many numbers. */
export function randomisationSteps(layers: number, most: number): readonly number[] {
  const count = Math.min(layers, most);
  return Array.from({ length: count }, (_, index) =>
    count === 1 ? layers : Math.round(1 + (index * (layers - 1)) / (count - 1)),
  );
}
