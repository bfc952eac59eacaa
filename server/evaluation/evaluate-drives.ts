import { RoadgazeError } from '../../shared/errors.ts';
import { METHODS } from '../../shared/methods.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { inWorkshop } from '../pipeline/workshop/workshop.ts';
import {
  openDriveFrames,
  type DriveFrames,
  type EvaluatedDrive,
  type EvaluatedFrame,
} from './evaluated-frames.ts';
import { evaluateMaps, type EvaluatedMaps, type ExpectedWork } from './evaluation.ts';
import type { Fill } from './fills.ts';
import { framesPerDrive } from './frame-choice.ts';
import { scoresOf } from './map-scores.ts';
import { shiftsOf, THRESHOLD, WIDENING } from './shift-experiment.ts';
import { RADIUS } from './stability.ts';
import { FRACTIONS } from './symmetric-relevance-gain.ts';
import type { TrustCard } from './trust-card.ts';
import { warningsOf } from './warnings.ts';

export interface EvaluateRequest {
  readonly modelPath: string;
  readonly drives: readonly EvaluatedDrive[];
  readonly camera?: string | undefined;
  /** Ids; null: every method that explains the network. */
  readonly methods: readonly string[] | null;
  /** Of all drives together. */
  readonly frames: number;
  readonly fills: readonly Fill[];
  readonly seed: number;
  readonly wish: ProviderWish;
  readonly signal: AbortSignal;
  /** Frames read so far, and in all. */
  readonly onFrames: (done: number, total: number) => void;
  readonly onPlan: (plan: ExpectedWork) => void;
  /** Passes done. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface EvaluatedDrives {
  readonly card: TrustCard;
  readonly network: NetworkInfo;
  readonly frames: readonly EvaluatedFrame[];
  readonly planes: EvaluatedMaps['planes'];
}

/** It shows what the network dreams of, whatever the frame is. */
const NOT_OF_FRAMES = ['ascent'];

/**
 * The trust card of a network: every method on frames of drives, against what changing the pictures
 * does, and against maps that know nothing. Rejects with the signal's reason. Throws INPUT_*,
 * VIDEO_*, MODEL_*, SIDECAR_INVALID, METHOD_*, ROAD_INVALID, PROVIDER_UNAVAILABLE, INFERENCE_FAILED.
 */
export async function evaluateDrives(request: EvaluateRequest): Promise<EvaluatedDrives> {
  const { modelPath, camera, signal, fills, seed } = request;
  const network = await inWorkshop(
    'info',
    { path: modelPath, kind: 'steering', camera },
    { signal },
  );
  const { methods, unsuited } = await methodsFor(request);
  const { frames, assumptions } = await readDrives(request, network);
  const degrees = degreesPerUnit(network.shown);
  const maps = await evaluateMaps({
    network,
    methods,
    frames,
    scale: network.shown.scale * (degrees ?? 1),
    fills,
    seed,
    wish: request.wish,
    signal,
    onPlan: request.onPlan,
    onProgress: request.onProgress,
  });
  const scores = scoresOf(maps.measured);
  const best = scores.find(({ isNull }) => isNull)!;
  const { width } = network.image;
  return {
    network,
    frames,
    planes: maps.planes,
    card: {
      roadgazeEvaluation: 1,
      network: { name: network.name, sha256: network.digest },
      unit: degrees === null ? (network.shown.unit ?? '') : 'deg',
      drives: framesByDrive(frames),
      settings: {
        seed,
        fills,
        fractions: FRACTIONS,
        shift: {
          threshold: THRESHOLD,
          widening: Math.round(WIDENING * width),
          pixels: shiftsOf({ width }),
        },
        randomLayers: maps.randomLayers,
        disturbance: RADIUS,
      },
      maps: scores,
      bestNull: best.id,
      unsuited,
      assumptions: [...network.assumptions, ...assumptions],
      warnings: warningsOf(scores, best),
    },
  };
}

async function methodsFor({ modelPath, methods: wanted, signal }: EvaluateRequest) {
  const { methods, error } = await inWorkshop('support', { path: modelPath }, { signal });
  if (error) throw new RoadgazeError(error.code, error.message, error.hint);
  if (wanted) {
    const unknown = wanted.find((id) => !METHODS.some((method) => method.id === id));
    if (unknown !== undefined)
      throw new RoadgazeError(
        'METHOD_UNKNOWN',
        `There is no explanation method "${unknown}".`,
        `Choose of: ${METHODS.map(({ id }) => id).join(', ')}.`,
      );
  }
  const chosen = methods.filter(({ id }) =>
    wanted ? wanted.includes(id) : !NOT_OF_FRAMES.includes(id),
  );
  const unsuited = chosen.flatMap((each) =>
    each.error ? [{ id: each.id, why: each.error.message }] : [],
  );
  const suited = chosen.filter((each) => !each.error).map(({ id }) => id);
  const [first] = unsuited;
  if (suited.length === 0)
    throw new RoadgazeError(
      'METHOD_UNSUITED',
      first?.why ?? 'No method is to be evaluated.',
      'Name a method that explains this network: "roadgaze networks" lists them.',
    );
  return { methods: suited, unsuited };
}

async function readDrives(
  request: EvaluateRequest,
  network: NetworkInfo,
): Promise<{ frames: readonly EvaluatedFrame[]; assumptions: readonly string[] }> {
  const { camera, wish, seed, signal } = request;
  const opened: DriveFrames[] = [];
  try {
    for (const drive of request.drives)
      opened.push(await openDriveFrames({ ...drive, network, camera, wish, seed, signal }));
    const counts = framesPerDrive(
      opened.map(({ length }) => length),
      request.frames,
    );
    const total = counts.reduce((sum, count) => sum + count, 0);
    const frames: EvaluatedFrame[] = [];
    for (const [index, drive] of opened.entries()) {
      for await (const frame of drive.read(counts[index]!)) {
        frames.push(frame);
        request.onFrames(frames.length, total);
      }
    }
    return { frames, assumptions: opened.flatMap(({ assumptions }) => assumptions) };
  } finally {
    await Promise.all(opened.map((drive) => drive.close()));
  }
}

function framesByDrive(frames: readonly EvaluatedFrame[]): TrustCard['drives'] {
  const drives = new Map<string, number[]>();
  for (const { drive, frame } of frames) drives.set(drive, [...(drives.get(drive) ?? []), frame]);
  return [...drives].map(([name, numbers]) => ({ name, frames: numbers }));
}
