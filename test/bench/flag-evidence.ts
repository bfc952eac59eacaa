import { join } from 'node:path';
import type { RoadSpecification } from '../../server/attention/road-specification.ts';
import { repositoryRoot } from '../support/paths.ts';
import { drawing, drawn, type BenchDrive, type DrawnDrive } from './flag-drives.ts';
import { causalTruth, type CausalTruth } from './flag-judgement.ts';
import { seriesOf, type Series } from './flag-series.ts';
import { boardsInPicture } from './flag-truth.ts';

/** The methods whose flags are judged. */
export const methods = ['visualbackprop', 'lrp-epsilon-plus', 'saliency'] as const;

export const networkPath = (name: 'pilotnet' | 'pilotnet-shortcut' | 'road-segmentation'): string =>
  join(repositoryRoot, 'recordings', 'networks', `${name}.onnx`);

export interface NetworkEvidence {
  readonly series: Series;
  /** What the boards do to this network; none of it where there are none. */
  readonly truth: CausalTruth;
  /** Degrees at the wheel by which they move it, a value for each frame. */
  readonly change: readonly number[];
}

/** All that is known of both networks on one drive. */
export interface Evidence {
  readonly drive: DrawnDrive;
  readonly honest: NetworkEvidence;
  readonly shortcut: NetworkEvidence;
  readonly boards: readonly boolean[];
}

export type RoadKind = 'truth' | 'model';

/** Draws the drive where it is missing, and runs both networks on it. */
export async function evidenceOf(
  drive: BenchDrive,
  road: RoadKind,
  progress: (line: string) => void,
): Promise<Evidence> {
  const files = await drawn(drive, progress);
  const region: RoadSpecification =
    road === 'truth'
      ? { kind: 'truth', path: files.truth }
      : { kind: 'model', path: networkPath('road-segmentation') };
  const of = async (network: 'pilotnet' | 'pilotnet-shortcut'): Promise<NetworkEvidence> => {
    const series = await seriesOf(networkPath(network), files.video, region, methods);
    const { steering } = series[methods[0]]!;
    const without = files.withoutCue
      ? (await seriesOf(networkPath(network), files.withoutCue, { kind: 'none' }, [methods[0]]))[
          methods[0]
        ]!.steering
      : steering;
    return {
      series,
      truth: causalTruth(steering, without, drawing.fps),
      change: Array.from(steering, (value, frame) => value - without[frame]!),
    };
  };
  return {
    drive: files,
    honest: await of('pilotnet'),
    shortcut: await of('pilotnet-shortcut'),
    boards: await boardsInPicture(files.truth),
  };
}
