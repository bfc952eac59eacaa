import type { CausalTruth } from './flag-judgement.ts';
import { causalTruth } from './flag-judgement.ts';
import { causesOf, type Causes } from './flag-causes.ts';
import { drawing } from './flag-drives.ts';
import type { BenchNetwork, NetworkName } from './flag-networks.ts';
import type { DrawnPiece } from './flag-pictures.ts';
import { seriesOf, type Series } from './flag-series.ts';

/** The methods whose flags are judged. */
export const methods = ['visualbackprop', 'lrp-epsilon-plus', 'saliency', 'hirescam'] as const;
export type MethodId = (typeof methods)[number];

/** All that is known of a network on a drive. */
export interface Evidence {
  readonly drive: DrawnPiece;
  readonly network: BenchNetwork;
  /** Of the methods; none of a network whose flags are not judged on this drive. */
  readonly series: Readonly<Record<string, Series>>;
  readonly causes: Causes;
  readonly truth: CausalTruth;
}

export interface DriveEvidence {
  readonly drive: DrawnPiece;
  readonly of: Readonly<Partial<Record<NetworkName, Evidence>>>;
}

/** Degrees at the wheel; see `assertSame`. */
const TOLERANCE = 1;

export async function evidenceOf(
  drive: DrawnPiece,
  networks: readonly BenchNetwork[],
  explained: readonly NetworkName[],
): Promise<DriveEvidence> {
  const of: Partial<Record<NetworkName, Evidence>> = {};
  for (const network of networks) {
    const causes = await causesOf(drive, network);
    const series = explained.includes(network.name) ? await seriesOf(network, drive, methods) : {};
    for (const { columns } of Object.values(series))
      assertSame(columns.steering, causes.steering, network.name);
    of[network.name] = {
      drive,
      network,
      series,
      causes,
      truth: causalTruth(Object.values(causes.changes), drawing.fps),
    };
  }
  return { drive, of };
}

/**
 * Causes are measured on the pictures as they were drawn, flags on the product's way through a
 * video of them, whose colours are rounded: on average they must steer alike.
 */
function assertSame(product: ArrayLike<number>, direct: readonly number[], name: string): void {
  const mean =
    direct.reduce((sum, angle, frame) => sum + Math.abs(angle - product[frame]!), 0) /
    direct.length;
  if (!(mean < TOLERANCE))
    throw new Error(`the product steers ${name} ${mean.toFixed(2)}° away from the pictures`);
}
