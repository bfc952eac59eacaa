import type { CausalTruth } from './flag-judgement.ts';
import { causalTruth } from './flag-judgement.ts';
import { causesOf, type Causes } from './flag-causes.ts';
import { drawing } from './flag-drives.ts';
import type { BenchNetwork, NetworkName } from './flag-networks.ts';
import type { DrawnPiece } from './flag-pictures.ts';
import { seriesOf, type SeriesByMethod } from './flag-series.ts';

/** The methods whose flags are judged. */
export const methods = ['visualbackprop', 'lrp-epsilon-plus', 'saliency', 'hirescam'] as const;
export type MethodId = (typeof methods)[number];

/** All that is known of a network on a drive. */
export interface Evidence {
  readonly drive: DrawnPiece;
  readonly network: BenchNetwork;
  /** Of the methods; none of a network whose flags are not judged on this drive. */
  readonly series: SeriesByMethod;
  readonly causes: Causes;
  readonly truth: CausalTruth;
}

export interface DriveEvidence {
  readonly drive: DrawnPiece;
  readonly of: Readonly<Partial<Record<NetworkName, Evidence>>>;
}

/** Degrees at the wheel; see `assertSame`. */
const TOLERANCE = 1;

/** Of `explained` networks flags are judged too, each on the pieces for which it says so. */
export async function evidenceOf(
  pieces: readonly DrawnPiece[],
  networks: readonly BenchNetwork[],
  explained: (piece: DrawnPiece, network: NetworkName) => boolean,
): Promise<DriveEvidence[]> {
  const of = pieces.map((): Partial<Record<NetworkName, Evidence>> => ({}));
  for (const network of networks)
    for (const [index, drive] of pieces.entries()) {
      const causes = await causesOf(drive, network);
      const truth = causalTruth(Object.values(causes.changes), drawing.fps);
      of[index]![network.name] = { drive, network, series: {}, causes, truth };
    }
  // Causes are kept from one run to the next; what the product says is not.
  for (const network of networks) {
    const chosen = [...pieces.keys()].filter((index) => explained(pieces[index]!, network.name));
    if (chosen.length === 0) continue;
    const series = await seriesOf(
      network,
      chosen.map((index) => pieces[index]!),
      methods,
    );
    chosen.forEach((index, at) => {
      const evidence = of[index]![network.name]!;
      for (const { columns } of Object.values(series[at]!))
        assertSame(columns.steering, evidence.causes.steering, network.name);
      of[index]![network.name] = { ...evidence, series: series[at]! };
    });
  }
  return pieces.map((drive, index) => ({ drive, of: of[index]! }));
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
